/** What a scenario can make go wrong: everything here was seen to happen in the real service. */
import { z } from 'zod';

const ms = z.number().min(0);

const breaking = {
  goAway: z.strictObject({
    kind: z.literal('goAway'),
    /** What is announced, and after which the socket is closed if the client is still there. */
    timeLeftMs: ms.default(50_000),
    code: z.union([z.literal(1011), z.literal(1008)]).default(1011),
  }),
  drop: z.strictObject({ kind: z.literal('drop') }),
  close: z.strictObject({
    kind: z.literal('close'),
    code: z.int().min(1000).max(4999),
    reason: z.string().default(''),
  }),
  phantomInterrupted: z.strictObject({ kind: z.literal('phantomInterrupted') }),
  /** Nothing more leaves for so long; without `forMs`, for ever. */
  stall: z.strictObject({ kind: z.literal('stall'), forMs: ms.optional() }),
  /** The link dies and nobody is told: nothing is read, no ping is answered, nothing leaves, not even a close. */
  deaf: z.strictObject({ kind: z.literal('deaf') }),
} as const;

/** What goes wrong with a turn. `afterMs` counts from the turn's first message; without it, the fault comes when the turn is over.
 * To a turn that is interrupted before, nothing else happens. */
const afterMs = { afterMs: ms.optional() };
export const turnFault = z.discriminatedUnion('kind', [
  breaking.goAway.extend(afterMs),
  breaking.drop.extend(afterMs),
  breaking.close.extend(afterMs),
  breaking.phantomInterrupted.extend(afterMs),
  breaking.stall.extend(afterMs),
  breaking.deaf.extend(afterMs),
  /** The turn ends at once, without a sound; for a reason, such as RESPONSE_REJECTED, or for none. */
  z.strictObject({ kind: z.literal('emptyTurn'), reason: z.string().min(1).optional() }),
  z.strictObject({ kind: z.literal('missingTurnComplete') }),
  /** Sound of nearly no amplitude, of the right length. */
  z.strictObject({ kind: z.literal('nearSilentAudio') }),
  /** A tone, as long as the speech would be. */
  z.strictObject({ kind: z.literal('steadyTone') }),
  /** In mid-sentence no more comes, no end either; the session lives. */
  z.strictObject({ kind: z.literal('breaksOff'), afterMs: ms }),
  /** When this turn is interrupted, nothing is ever answered again. */
  z.strictObject({ kind: z.literal('freezeAfterInterrupted') }),
]);
export type TurnFault = z.infer<typeof turnFault>;

/** How many connections of the whole service it befalls; without it, all. */
const times = { times: z.int().min(1).optional() };
/** `atMs` counts from the arrival of setup, on one of the session's sockets: 1 is the first. */
const when = { atMs: ms, connection: z.int().min(1).default(1), ...times };
/** Counted from this connection on, and only those by this key; without it, by any. */
const whom = { fromConnection: z.int().min(1).default(1), key: z.string().optional() };
export const scenarioFault = z.discriminatedUnion('kind', [
  breaking.goAway.extend(when),
  breaking.drop.extend(when),
  breaking.close.extend(when),
  breaking.phantomInterrupted.extend(when),
  breaking.stall.extend(when),
  breaking.deaf.extend(when),
  /** The upgrade is answered with this status. */
  z.strictObject({ kind: z.literal('httpStatus'), status: z.int().min(400).max(599), ...times, ...whom }),
  /** Setup is answered by this close. */
  z.strictObject({
    kind: z.literal('refusal'),
    code: z.int().min(1000).max(4999),
    reason: z.string().default(''),
    ...times,
    ...whom,
  }),
  /** Setup is never answered. */
  z.strictObject({ kind: z.literal('silentSetup'), ...times }),
  /** No handle is known any more. */
  z.strictObject({ kind: z.literal('forgottenHandles'), ...times }),
  /** More sessions at a time than these are over the quota. */
  z.strictObject({ kind: z.literal('quota'), sessions: z.int().min(0).default(3) }),
  z.strictObject({ kind: z.literal('delayedPongs'), byMs: ms }),
]);
export type ScenarioFault = z.infer<typeof scenarioFault>;

/** Faults that happen to an open socket at a moment, rather than to a turn's shape or to the opening. */
type SocketFaultName = keyof typeof breaking;
export type TurnSocketFault = Extract<TurnFault, { kind: SocketFaultName }>;
export type TimedSocketFault = Extract<ScenarioFault, { kind: SocketFaultName }>;
export type SocketFault = TurnSocketFault | TimedSocketFault;

export function happensToSocket(fault: TurnFault): fault is TurnSocketFault;
export function happensToSocket(fault: ScenarioFault): fault is TimedSocketFault;
export function happensToSocket(fault: TurnFault | ScenarioFault): boolean {
  return fault.kind in breaking;
}
