/** How a call that another process held comes here, and what the transcript that this one left says of it. */
import type { CallStore } from '../cluster/index.ts';
import type { FailureCode } from '../lib/index.ts';
import {
  answeredMs,
  type CallFacts,
  type EarlierToolCall,
  type Entry,
  hasGreeted,
  hasUnusedKeys,
  lastHandle,
  lastTurn,
  machineNoticed,
  toolCallsOf,
  transferOf,
  wasHandedOver,
  withoutOwnWords,
} from '../transcript/index.ts';
import { type AskStoreDeps, askStore } from './ask-store.ts';
import type { Loose } from './carry-on.ts';
import { HANG_UP } from './next.ts';
import { notPutThrough } from './orders.ts';
import type { RingingCall } from './ringing-call.ts';

/** The store answers in milliseconds; a caller who is back waits in silence meanwhile. */
const TAKE_DEADLINE_MS = 1_500;

export interface TakeDeps extends AskStoreDeps {
  readonly store: CallStore;
}

/**
 * Holds the call from now on, and gives what an earlier holder left. A store that does not answer in time costs the call
 * its past, and nothing else. Throws STREAM_DUPLICATE for a call that has ended.
 */
export async function takeFromStore(facts: CallFacts, deps: TakeDeps): Promise<readonly Entry[]> {
  const question = {
    callId: facts.callId,
    limitMs: TAKE_DEADLINE_MS,
    late: `the call was not found within ${TAKE_DEADLINE_MS} ms`,
    otherwise: { entries: [] },
    meaning: 'call goes on without what others know of it',
    passes: 'STREAM_DUPLICATE',
  } as const;
  return (await askStore(deps.store.take(facts), question, deps)).entries;
}

/** Nobody holds the call, and its caller is on the line with nobody. */
export async function isOrphan(callId: string, store: CallStore): Promise<boolean> {
  const known = await store.look(callId);
  // Nobody takes a caller from whom they were put through to.
  if (known.state !== 'running' || known.transfer !== undefined) return false;
  return known.holder === 'dead' || known.holder === 'none';
}

/** The caller has gone while nobody held the call: its record is made of what there is. */
export async function settleLeft(callId: string, store: CallStore): Promise<void> {
  const known = await store.look(callId);
  if (known.state !== 'running' || known.holder === 'elsewhere' || known.holder === 'here') return;
  await store.end(callId, JSON.stringify(HANG_UP));
}

export interface TakenUp {
  /** Why the earlier process is not there any more: it gave the call away, or it died. */
  readonly because: FailureCode;
  /** When it was answered first; undefined: nobody wrote that down. */
  readonly answeredMs: number | undefined;
  readonly greeted: boolean;
  /** The newest key to the session, and the route on which it is good. */
  readonly handle: { readonly handle: string; readonly route: string } | undefined;
  readonly lastTurn: number;
  /** The agent has noticed that it speaks with a machine, and is to leave the message, or the call to end. */
  readonly machine?: { readonly message?: string | undefined } | undefined;
  readonly loose: Loose | undefined;
  readonly toolCalls: readonly EarlierToolCall[];
  /** The caller has entered something for a tool, which only the earlier process knew. */
  readonly keysLost: boolean;
  /** The caller is back from a transfer: what the agent is told of it. */
  readonly notPutThrough?: string | undefined;
  /** The other side is back from having keys pressed for it. */
  readonly keysPressed: boolean;
}

/**
 * Measured: for 1 to 1.5 s after a socket broke without a close, the service refuses the session to anybody else, and the
 * refusal costs as much as the wait. A provider takes some 0.3 s to come to us after it broke.
 */
const UNLOCKED_AFTER_MS = 800;

/** How long the session is best left alone before it is dialled. */
export function lockedForMs(takenUp: TakenUp | undefined): number {
  return takenUp?.because === 'PROCESS_DIED' && takenUp.handle !== undefined ? UNLOCKED_AFTER_MS : 0;
}

/** From what the other side is back, their new stream says. */
export function takenUpFrom(
  entries: readonly Entry[],
  { transferStatus, keysPressed = false }: Pick<RingingCall, 'transferStatus' | 'keysPressed'>,
): TakenUp {
  const transfer = transferOf(entries);
  const agents = withoutOwnWords(entries);
  return {
    because: transfer !== undefined ? 'STREAM_LOST' : wasHandedOver(entries) ? 'SHUTDOWN' : 'PROCESS_DIED',
    answeredMs: answeredMs(entries),
    notPutThrough: transfer && notPutThrough(transfer.name, transferStatus),
    // An order that nothing came of was lost with the process.
    greeted: hasGreeted(entries) && agents.some(({ type }) => type === 'speaking' || type === 'line'),
    handle: handleOf(entries),
    lastTurn: lastTurn(entries),
    machine: machineNoticed(entries),
    // The agent is to listen to what the keys lead to.
    loose: keysPressed ? undefined : looseEnd(agents),
    toolCalls: toolCallsOf(entries),
    keysLost: hasUnusedKeys(entries),
    keysPressed,
  };
}

/** A handle without its route is good for nothing: the session begins afresh, told what was said. */
function handleOf(entries: readonly Entry[]): TakenUp['handle'] {
  const { handle, route } = lastHandle(entries) ?? {};
  return handle === undefined || route === undefined ? undefined : { handle, route };
}

/** Who had the turn. A line is written when it is finished: a turn that has sounded and has no line was under way. */
function looseEnd(entries: readonly Entry[]): Loose | undefined {
  const last = entries.findLast(({ type }) => type === 'line' || type === 'speaking' || type === 'heard');
  if (last === undefined) return undefined;
  if (last.type === 'speaking' || (last.type === 'heard' && last.line.cut)) return 'agentLost';
  if (last.type !== 'line') return undefined;
  if (last.line.speaker === 'caller') return 'callerUnanswered';
  // Cut by the caller, who has the turn then; or by the handover, which came right after it.
  return last.line.cut && wasHandedOver(entries) ? 'agentLost' : undefined;
}
