/** One call of a soak: what its dice say, and what is kept of it for the reckoning. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWav } from '../../src/audio/index.ts';
import { systemClock, systemIds } from '../../src/lib/index.ts';
import {
  type CallResult,
  callScript,
  type PhoneNetwork,
  placeCall,
  type Switchboard,
} from '../../src/simulator/index.ts';
import { codedSpeech } from '../position.ts';
import { ACCOUNT_SID, AUTH_TOKEN } from '../service.ts';
import type { CallPlan } from './plan.ts';

export interface PlacedCall {
  readonly callId: string;
  /** In ms of this process's time. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly answered: boolean;
  /** When, in ms since the Unix epoch, as both sides have it. */
  readonly answeredAtMs: number;
  /** A stream of it began: the service answered it, and owes a record. */
  readonly streamed: boolean;
  /** `talked`: to the end of the script, or until the caller hung up; `told`: a goodbye; `lost`: neither. */
  readonly how: 'unanswered' | 'talked' | 'told' | 'lost';
  readonly why: string;
  /** When the agent was heard on a stream, in ms since the answer. */
  readonly sounds: readonly { readonly fromMs: number; readonly toMs: number }[];
  /** For whoever looks at what went wrong. */
  readonly events: CallResult['events'];
}

export interface SoakLine {
  readonly url: string;
  readonly folder: string;
  readonly network: PhoneNetwork;
  readonly switchboard: Switchboard;
  readonly signal: AbortSignal;
}

/** The slowest remedy of all, a goodbye at the end of every rung, takes less. */
const HEAR_LIMIT_MS = 60_000;

/** Speech of every length in steps of 20 ms, written once each. */
const spoken = new Map<number, string>();

export async function placeSoakCall(line: SoakLine, plan: CallPlan, number: number): Promise<PlacedCall> {
  const fromMs = performance.now();
  const hangUp = new AbortController();
  const stop = (): void => hangUp.abort();
  line.signal.addEventListener('abort', stop, { once: true });
  const timer = plan.hangUpAtMs === undefined ? undefined : setTimeout(stop, plan.hangUpAtMs);
  let answeredAtMs = 0;
  try {
    const result = await placeCall({
      voiceUrl: `${line.url}/twilio/voice#rc=3&rp=ct,rt,5xx`,
      statusUrl: `${line.url}/twilio/status`,
      authToken: AUTH_TOKEN,
      accountSid: ACCOUNT_SID,
      from: `+1555${String(1_000_000 + (number % 1_000_000)).slice(-7)}`,
      to: '+15550100',
      script: scriptOf(plan, line.folder),
      clock: systemClock,
      ids: systemIds,
      network: line.network,
      switchboard: line.switchboard,
      habits: plan.habits,
      faults: plan.lineFaults,
      signal: hangUp.signal,
      onEvent: ({ type }) => {
        if (type === 'answered') answeredAtMs = Date.now();
      },
    });
    return { ...settled(result, hangUp.signal.aborted), answeredAtMs, fromMs, toMs: performance.now() };
  } finally {
    clearTimeout(timer);
    line.signal.removeEventListener('abort', stop);
  }
}

function scriptOf(plan: CallPlan, folder: string) {
  const [question, thanks] = plan.sayMs.map((lengthMs) => ({ wav: wavOf(lengthMs, folder) }));
  const listens = plan.breaksInAfterMs === undefined ? { hearSilence: { ms: 700 } } : { wait: plan.breaksInAfterMs };
  return callScript.parse([
    { hear: 'agent', withinMs: HEAR_LIMIT_MS },
    { hearSilence: { ms: 500 } },
    { say: question },
    { hear: 'agent', withinMs: HEAR_LIMIT_MS },
    listens,
    { say: thanks },
    { hear: 'agent', withinMs: HEAR_LIMIT_MS },
    { hearSilence: { ms: 700 } },
    'hangUp',
  ]);
}

function wavOf(lengthMs: number, folder: string): string {
  const known = spoken.get(lengthMs);
  if (known !== undefined) return known;
  const path = join(folder, `spoken-${lengthMs}.wav`);
  writeFileSync(path, writeWav(codedSpeech(lengthMs, lengthMs), 8000));
  spoken.set(lengthMs, path);
  return path;
}

function settled(result: CallResult, hungUpByPlan: boolean): Omit<PlacedCall, 'fromMs' | 'toMs' | 'answeredAtMs'> {
  const { callSid: callId, end, scriptFailure, events } = result;
  const answered = events.some(({ type }) => type === 'answered');
  const told = events.some(({ type }) => type === 'spoken' || type === 'played');
  const onStream = result.sounds.filter(({ fromMs, toMs }) =>
    result.streams.some(
      ({ startedMs, endedMs = Number.POSITIVE_INFINITY }) => fromMs >= startedMs && toMs <= endedMs + 100,
    ),
  );
  const base = {
    callId,
    answered,
    streamed: result.streams.length > 0,
    sounds: onStream,
    events,
    why: `${end.how}${end.how === 'failed' ? ` ${end.code}` : ''}${scriptFailure === undefined ? '' : `: ${scriptFailure}`}`,
  };
  if (!answered) return { ...base, how: 'unanswered' };
  if (end.how === 'transferred' || told) return { ...base, how: 'told' };
  if (hungUpByPlan || (end.how === 'callerHungUp' && scriptFailure === undefined)) return { ...base, how: 'talked' };
  // A goodbye on the stream: the service hung up, after it was heard.
  if (end.how === 'serviceHungUp') return { ...base, how: 'told' };
  return { ...base, how: 'lost' };
}
