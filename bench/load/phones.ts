/** All phones of the bench, a process of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createEar, type Sound } from './ear.ts';
import { nowMs, takeOrders } from './helper.ts';
import { type Beginning, nothingSeen, Phone, type PhoneSeen } from './phone.ts';
import type { Target } from './ring.ts';
import { FRAME_MS, WORD_AT_MS } from './sounds.ts';
import { everyTick } from './ticker.ts';

export interface Ringing {
  readonly target: Target;
  readonly sound: Sound;
  readonly calls: number;
  /** How many begin in a second. */
  readonly perSecond: number;
  /** Whether every other one has its stream at once. */
  readonly hurried: boolean;
}

/** Spreads any number of phones evenly over a frame's length. */
const GOLDEN = 0.618_034;
/** Callers who hear nothing for so long have hung up: what carries so many calls no better is measured as it is. */
const HEAR_LIMIT_MS = 10_000;
const POLL_MS = 50;

let seen: PhoneSeen = nothingSeen();
let notTaken = 0;
let phones: { readonly phone: Phone; nextMs: number }[] = [];

everyTick(() => {
  const atMs = nowMs();
  for (const line of phones) {
    while (line.nextMs <= atMs) {
      line.phone.frame(line.nextMs);
      line.nextMs += FRAME_MS;
    }
  }
});

async function place(call: number, hurried: boolean, { target, sound }: Ringing): Promise<void> {
  const ear = createEar(sound, (digit, atMs, offsetMs) => {
    seen.downArrived.push({ call, tag: digit, atMs });
    seen.downFilterMs.push(offsetMs - WORD_AT_MS);
  });
  const phone = await Phone.call({ call, hurried, target, ear, seen: () => seen });
  phones.push({ phone, nextMs: nowMs() + ((call * GOLDEN) % 1) * FRAME_MS });
}

takeOrders({
  /** Resolves when the agent of each call was heard, or will not be; with how those began that have a stream. */
  ring: async (ringing: Ringing): Promise<readonly Beginning[]> => {
    const before = phones.length;
    let whyNot: unknown;
    const placed = Array.from({ length: ringing.calls }, async (_, i) => {
      await sleep((i * 1_000) / ringing.perSecond);
      await place(before + i, ringing.hurried && i % 2 === 1, ringing).catch((error: unknown) => {
        notTaken += 1;
        whyNot = error;
      });
    });
    await Promise.all(placed);
    if (phones.length === 0) throw whyNot;
    const endMs = nowMs() + HEAR_LIMIT_MS;
    const silent = (): boolean => phones.some(({ phone }) => phone.beginning.heardMs === undefined);
    while (silent() && nowMs() < endMs) await sleep(POLL_MS);
    return phones.slice(before).map(({ phone }) => phone.beginning);
  },
  begin: (): void => {
    seen = nothingSeen();
  },
  end: (): PhoneSeen => seen,
  /** How many calls had no stream, or lost it, or hear nothing. */
  lost: (): number =>
    notTaken + phones.filter(({ phone }) => phone.closed || phone.beginning.heardMs === undefined).length,
  hangUp: async (): Promise<void> => {
    const all = phones;
    phones = [];
    for (const { phone } of all) phone.hangUp();
    // A service that is too busy for it learns of the end by the streams.
    await Promise.allSettled(all.map(({ phone }) => phone.bid()));
  },
});
