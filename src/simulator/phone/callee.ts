/** Whoever is called: what becomes of it when their phone rings, and what they do when they have answered. */
import type { Clock } from '../../lib/index.ts';
import type { Handset } from './handset.ts';
import { type CallScript, callScript } from './script.ts';
import { loadSound, type SoundSource } from './sound.ts';
import type { SignedHttp } from './webhook.ts';
import type { CallFacts, CallStatus } from './wire.ts';

export type Unanswered = 'busy' | 'no-answer' | 'failed' | 'canceled';

export interface Callee {
  /** `unreachable`: there is no such phone. */
  readonly does: 'answer' | 'busy' | 'unreachable';
  /** How long it rings before; who waits for less hears that nobody answers. */
  readonly ringsMs: number;
  /** Once answered. */
  readonly script: CallScript;
  readonly answeredBy: 'human' | 'machine' | 'fax' | 'unknown';
  /** After the answer: when the provider can tell who it is, and when a machine begins to record. */
  readonly knownAfterMs: number;
  readonly recordsAfterMs: number;
}

/** What the REST API was asked for beside the address. */
export interface Called {
  readonly callee: Callee;
  readonly ringLimitMs: number;
  readonly detection?: { readonly until: 'known' | 'messageEnd'; readonly url: string } | undefined;
}

/** A person has said hello, and waited for a second, by the time the provider knows. */
const PERSON_KNOWN_AFTER_MS = 2_000;
/** https://www.twilio.com/docs/voice/answering-machine-detection: who speaks for longer is none. */
const MACHINE_KNOWN_AFTER_MS = 2_400;
const RINGS_MS = 3_000;
const BEEP = { toneHz: 1_000, lengthMs: 500, dbov: -20 };
const LOOK_EVERY_MS = 100;

export function person(script: unknown, ringsMs = RINGS_MS): Callee {
  return {
    does: 'answer',
    ringsMs,
    script: callScript.parse(script),
    answeredBy: 'human',
    knownAfterMs: PERSON_KNOWN_AFTER_MS,
    recordsAfterMs: 0,
  };
}

/** Plays its greeting, beeps, and records until the other side hangs up. */
export function voicemail(greeting: SoundSource, ringsMs = RINGS_MS): Callee {
  const script = callScript.parse([{ say: greeting }, { say: BEEP }, { waitForHangUp: true, withinMs: 120_000 }]);
  return {
    does: 'answer',
    ringsMs,
    script,
    answeredBy: 'machine',
    knownAfterMs: MACHINE_KNOWN_AFTER_MS,
    recordsAfterMs: (loadSound(greeting).length + loadSound(BEEP).length) / 8,
  };
}

/** Nobody: busy, or no such phone. */
export function nobody(does: 'busy' | 'unreachable', ringsMs = RINGS_MS): Callee {
  return { ...person([{ wait: 0 }], ringsMs), does };
}

export interface RingOptions {
  readonly called: Called;
  readonly clock: Clock;
  readonly isHungUp: () => boolean;
  readonly tell: (status: CallStatus) => Promise<void>;
}

/** Undefined when it was answered. */
export async function ringUp({ called, clock, isHungUp, tell }: RingOptions): Promise<Unanswered | undefined> {
  const { callee, ringLimitMs } = called;
  const wait = (): Promise<void> => new Promise((passed) => void clock.after(LOOK_EVERY_MS, passed));
  // Until then it is queued.
  await wait();
  if (isHungUp()) return 'canceled';
  await tell('initiated');
  if (callee.does === 'unreachable') return 'failed';
  if (callee.does !== 'busy') await tell('ringing');
  const endMs = clock.nowMs() + Math.min(callee.ringsMs, ringLimitMs);
  while (clock.nowMs() < endMs && !isHungUp()) {
    await wait();
  }
  if (isHungUp()) return 'canceled';
  if (callee.does === 'busy') return 'busy';
  return callee.ringsMs > ringLimitMs ? 'no-answer' : undefined;
}

/** Tells who has answered, when that is known, if the call lasts until then. */
export function detect(
  { callee, detection }: Called,
  { clock, facts, handset, http }: { clock: Clock; facts: CallFacts; handset: Handset; http: SignedHttp },
): void {
  if (detection === undefined) return;
  const { answeredBy, knownAfterMs, recordsAfterMs } = callee;
  const ended = detection.until === 'messageEnd' && answeredBy === 'machine';
  const afterMs = ended ? recordsAfterMs : knownAfterMs;
  const cancel = clock.after(afterMs, () => {
    const who = answeredBy !== 'machine' ? answeredBy : ended ? 'machine_end_beep' : 'machine_start';
    const form = {
      AccountSid: facts.accountSid,
      CallSid: facts.callSid,
      AnsweredBy: who,
      MachineDetectionDuration: String(Math.round(afterMs)),
    };
    http.post(detection.url, form).then(
      ({ status }) => handset.tell({ type: 'requested', url: detection.url, status }),
      () => handset.tell({ type: 'requested', url: detection.url, status: 0 }),
    );
  });
  void handset.whenEnded.then(cancel);
}
