/** The reckoning of a soak: every answered call has one record, delivered, with all that was heard in it, and nothing twice. */
import type { CallRecord } from '../../src/transcript/index.ts';
import type { PlacedCall } from './caller.ts';

export interface Reckoning {
  readonly placed: number;
  readonly answered: number;
  readonly talked: number;
  readonly told: number;
  readonly lost: readonly string[];
  /** Calls that had a stream and have no record. */
  readonly withoutRecord: readonly string[];
  readonly twiceRecorded: readonly string[];
  readonly undelivered: readonly string[];
  readonly deliveredDifferently: readonly string[];
  /** Records that say themselves that they lack something. */
  readonly damaged: readonly string[];
  readonly doubledLines: readonly string[];
  /** Stretches of the agent's sound that no line tells of, beyond what a killed process had not finished. */
  readonly untold: readonly string[];
}

export interface Blows {
  /** When a process was killed outright, in ms of this process's time. */
  readonly kills: readonly number[];
}

export interface Deliveries {
  /** How often, and how many different ones. */
  of(callId: string): { readonly count: number; readonly different: number };
}

/** Shorter sounds are the rest of a word that was cut. */
const WORTH_TELLING_MS = 700;
/** How far a line's times, from marks and a clock of its own, may lie beside what the phone heard. */
const BESIDE_MS = 1_500;

export function reckon(
  calls: readonly PlacedCall[],
  records: ReadonlyMap<string, readonly CallRecord[]>,
  deliveries: Deliveries,
  { kills }: Blows,
): Reckoning {
  const answered = calls.filter((call) => call.answered);
  const streamed = calls.filter((call) => call.streamed);
  const ids = (wrong: (call: PlacedCall, found: readonly CallRecord[]) => boolean): string[] =>
    streamed.filter((call) => wrong(call, records.get(call.callId) ?? [])).map(({ callId }) => callId);
  return {
    placed: calls.length,
    answered: answered.length,
    talked: answered.filter(({ how }) => how === 'talked').length,
    told: answered.filter(({ how }) => how === 'told').length,
    lost: answered.filter(({ how }) => how === 'lost').map(({ callId, why }) => `${callId} ${why}`),
    withoutRecord: ids((_call, found) => found.length === 0),
    twiceRecorded: ids((_call, found) => found.length > 1),
    undelivered: ids(({ callId }) => deliveries.of(callId).count === 0),
    deliveredDifferently: ids(({ callId }) => deliveries.of(callId).different > 1),
    damaged: ids((_call, found) => found.some(({ missing }) => missing.damagedLines > 0 || missing.lostEntries > 0)),
    doubledLines: ids((_call, found) => found.some(hasDoubledLine)),
    untold: ids((call, found) => {
      const killed = kills.filter((atMs) => atMs >= call.fromMs && atMs <= call.toMs).length;
      // The turn that a killed process was playing had no finished line; the one before may not have been marked to its end.
      return found[0] !== undefined && untoldSounds(call, found[0]).length > 2 * killed;
    }),
  };
}

function hasDoubledLine({ lines }: CallRecord): boolean {
  const seen = new Set<string>();
  return lines.some(({ speaker, startMs, endMs, text }) => {
    const key = JSON.stringify([speaker, startMs, endMs, text]);
    const twice = seen.has(key);
    seen.add(key);
    return twice;
  });
}

/** The agent's sounds that its lines together do not cover: two turns, one right behind the other, are one sound. */
export function untoldSounds(
  { sounds, answeredAtMs }: Pick<PlacedCall, 'sounds' | 'answeredAtMs'>,
  { lines, missing, answeredAt }: Pick<CallRecord, 'lines' | 'missing' | 'answeredAt'>,
) {
  // What came without text has no line.
  if (missing.untranscribedTurns > 0) return [];
  // The phone counts from its own answer; the stream may take long to come about on a busy machine.
  const laterMs = answeredAt === null ? 0 : Date.parse(answeredAt) - answeredAtMs;
  const told = lines.filter(({ speaker }) => speaker === 'agent').sort((a, b) => a.startMs - b.startMs);
  return sounds.filter(({ fromMs, toMs }) => {
    if (toMs - fromMs < WORTH_TELLING_MS) return false;
    let coveredMs = fromMs - laterMs;
    for (const { startMs, endMs } of told) {
      if (startMs - BESIDE_MS <= coveredMs) coveredMs = Math.max(coveredMs, endMs + BESIDE_MS);
    }
    return coveredMs < toMs - laterMs;
  });
}

export function isClean(reckoning: Reckoning): boolean {
  const { withoutRecord, twiceRecorded, undelivered, deliveredDifferently, damaged, doubledLines, untold } = reckoning;
  const wrong = [withoutRecord, twiceRecorded, undelivered, deliveredDifferently, damaged, doubledLines, untold];
  return reckoning.answered > 0 && wrong.every((list) => list.length === 0);
}
