/** All phones of the bench, a process of its own. */
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
}

/** Spreads any number of phones evenly over a frame's length. */
const GOLDEN = 0.618_034;
/** A call that has not started by then will not; the wait for the rest ends with it. */
const ANSWER_LIMIT_MS = 20_000;

let seen: PhoneSeen = nothingSeen();
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

async function place(call: number, { target, sound, perSecond }: Ringing): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, (call * 1_000) / perSecond));
  const ear = createEar(sound, (digit, atMs, offsetMs) => {
    seen.downArrived.push({ call, tag: digit, atMs });
    seen.downFilterMs.push(offsetMs - WORD_AT_MS);
  });
  const phone = await Phone.call(call, target, ear, () => seen);
  phones.push({ phone, nextMs: nowMs() + ((call * GOLDEN) % 1) * FRAME_MS });
}

takeOrders({
  /** Resolves when every call has started, and the agent of each was heard. */
  ring: async (ringing: Ringing): Promise<void> => {
    await Promise.all(Array.from({ length: ringing.calls }, (_, call) => place(call, ringing)));
    const endMs = nowMs() + ANSWER_LIMIT_MS;
    const silent = (): number => phones.filter(({ phone }) => phone.beginning.heardMs === undefined).length;
    while (silent() > 0) {
      if (nowMs() > endMs) throw new Error(`${silent()} of ${ringing.calls} calls heard nothing`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  },
  begin: (): void => {
    seen = nothingSeen();
  },
  end: (): PhoneSeen => seen,
  /** How the calls began, and how many streams have ended by themselves. */
  calls: (): { readonly beginnings: readonly Beginning[]; readonly lost: number } => ({
    beginnings: phones.map(({ phone }) => phone.beginning),
    lost: phones.filter(({ phone }) => phone.closed).length,
  }),
  hangUp: async (): Promise<void> => {
    const all = phones;
    phones = [];
    for (const { phone } of all) phone.hangUp();
    await Promise.all(all.map(({ phone }) => phone.bid()));
  },
});
