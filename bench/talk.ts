/** The conversation that most rows hold: greeting, question, answer, thanks, and a fault somewhere in it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWav } from '../src/audio/index.ts';
import { systemClock, systemIds } from '../src/lib/index.ts';
import {
  type CallResult,
  callScript,
  type LineFault,
  type PhoneEvent,
  type PhoneNetwork,
  type ProviderHabitsInput,
  placeCall,
  type ScenarioInput,
  type Switchboard,
} from '../src/simulator/index.ts';
import { type Evidence, type Experience, measure, type Utterance } from './experience.ts';
import { codedSpeech } from './position.ts';
import { ACCOUNT_SID, AUTH_TOKEN, sleep } from './service.ts';
import type { Stage } from './stage.ts';

export const GREETING = 'Good morning, how can I help?';
export const ANSWER = 'The parcel left our store on Monday and will be with you before noon tomorrow.';
export const THANKS = 'You are very welcome.';
const QUESTION = 'where is the parcel that I ordered last week';
const LAST_WORDS = 'thank you that was all';
export const QUESTION_MS = 3_000;
const LAST_WORDS_MS = 1_500;

export type Turn = NonNullable<ScenarioInput['turns']>[number];

/** What the model does: the same for all rows, but for what a row changes of the answer. */
export function scenario(change: Change = {}): ScenarioInput {
  return {
    turns: [
      { on: 'greeting', says: GREETING },
      { on: 'speech', hears: QUESTION, says: ANSWER, ...change.answer },
      ...(change.goesOn === true ? after.slice(0, 1) : after),
    ],
    ...FALLBACK,
    ...change.rest,
  };
}

export interface Change {
  readonly answer?: Partial<Turn> | undefined;
  readonly rest?: Partial<ScenarioInput> | undefined;
  /** Asked by a text, it goes on where it was cut off, instead of saying the answer once more. */
  readonly goesOn?: boolean | undefined;
}

/** What a session does that takes the conversation up after a fault at this moment. */
export function laterScenario(moment: Moment): ScenarioInput {
  const asked = moment === 'waiting' || moment === 'answering' || moment === 'never';
  if (moment === 'start') return scenario();
  if (moment === 'thanking') return { turns: [after[0]!], ...FALLBACK };
  return { turns: asked ? after : [{ on: 'speech', hears: QUESTION, says: ANSWER }, ...after], ...FALLBACK };
}

/** The text is for a service that asks the model to go on. */
const after: Turn[] = [
  { on: 'speech', hears: LAST_WORDS, says: THANKS },
  { on: 'text', says: ANSWER },
];
const FALLBACK = { fallbackTurn: { says: THANKS } };

/** When the fault comes. */
export type Moment =
  /** Nobody speaks; the caller begins to a moment later. */
  | 'idle'
  /** The caller is in the middle of the question. */
  | 'asking'
  /** The caller has asked, and the model has not begun to answer. */
  | 'waiting'
  /** The agent is in the middle of the answer. */
  | 'answering'
  /** From the first moment: measured from the answer to the greeting. */
  | 'start'
  /** With the caller's second utterance. */
  | 'thanking'
  /** With the caller's question, in the model's own time. */
  | 'never';

/** Into the question, or into the answer as it is heard. */
export const INTO_SPEECH_MS = 1_200;
/** After the end of the question: the model has noticed it by then, which takes 960 ms, and thinks for as long as the row says. */
const INTO_THOUGHT_MS = 1_200;
/** From the fault to the caller's first word, when nobody spoke. */
const IDLE_MS = 200;

export interface TalkOptions {
  readonly stage: Stage;
  readonly url: string;
  readonly moment: Moment;
  readonly fault?: (() => Promise<unknown>) | undefined;
  readonly network?: PhoneNetwork | undefined;
  readonly habits?: ProviderHabitsInput | undefined;
  /** On the caller's side, each at its time on the call: the first of them is the fault of the talk. */
  readonly lineFaults?: readonly LineFault[] | undefined;
  readonly switchboard?: Switchboard | undefined;
  /** How long the caller listens for more before speaking again. */
  readonly patienceMs?: number | undefined;
  /** Instead of listening to the end, the caller breaks in after so much of the answer. */
  readonly breaksInAfterMs?: number | undefined;
  /** How long the caller's question is. */
  readonly questionMs?: number | undefined;
  readonly from?: string | undefined;
  /** False: the call is to be refused, and nothing is waited for. */
  readonly recordExpected?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: PhoneEvent) => void) | undefined;
}

export interface Talk {
  readonly result: CallResult;
  readonly experience: Experience;
}

let talks = 0;

export async function talk(options: TalkOptions): Promise<Talk> {
  const { stage, moment, url } = options;
  const number = ++talks;
  const said = [codedSpeech(2 * number, options.questionMs ?? QUESTION_MS), codedSpeech(2 * number + 1, LAST_WORDS_MS)];
  const wavs = said.map((samples, index) => {
    const path = join(stage.folder, `said-${number}-${index}.wav`);
    writeFileSync(path, writeWav(samples, 8000));
    return path;
  });
  let faultAtMs: number | undefined;
  let answeredAtMs = 0;
  let injected: Promise<unknown> = Promise.resolve();
  const strike = (afterMs: number): void => {
    injected = sleep(afterMs).then(async () => {
      if (moment !== 'start') await stage.model.become(laterScenario(moment));
      faultAtMs = systemClock.nowMs();
      await options.fault?.();
    });
    injected.catch(() => undefined);
  };
  const utterances: Utterance[] = [];
  let begun = 0;
  let answering = false;

  const follow = (event: PhoneEvent): void => {
    options.onEvent?.(event);
    if (event.type === 'answered') {
      answeredAtMs = systemClock.nowMs();
      if (moment === 'start') strike(0);
    }
    if (event.type === 'agentStarted' && begun === 1 && moment === 'answering' && !answering) {
      answering = true;
      strike(INTO_SPEECH_MS);
    }
    if (event.type === 'faultBegan') faultAtMs ??= systemClock.nowMs();
    if (event.type !== 'stepBegan') return;
    if (event.step.startsWith('waits 1000 ms') && moment === 'idle') strike(1_000 - IDLE_MS);
    if (!event.step.startsWith('says')) return;
    const lengthMs = said[begun]!.length / 8;
    utterances.push({ fromMs: event.atMs, toMs: event.atMs + lengthMs });
    begun += 1;
    if (begun === 2 && moment === 'thanking') strike(0);
    if (begun !== 1) return;
    if (moment === 'asking') strike(INTO_SPEECH_MS);
    if (moment === 'waiting') strike(QUESTION_MS + INTO_THOUGHT_MS);
    if (moment === 'never' && options.lineFaults === undefined) faultAtMs = systemClock.nowMs() + INTO_SPEECH_MS;
  };

  const listens =
    options.breaksInAfterMs === undefined
      ? { hearSilence: { ms: options.patienceMs ?? 800 } }
      : { wait: options.breaksInAfterMs };
  const result = await placeCall({
    voiceUrl: `${url}/twilio/voice`,
    statusUrl: `${url}/twilio/status`,
    authToken: AUTH_TOKEN,
    accountSid: ACCOUNT_SID,
    from: options.from ?? `+1555${String(1_000_000 + number).slice(-7)}`,
    to: '+15550100',
    script: callScript.parse([
      { hear: 'agent' },
      { hearSilence: { ms: 500 } },
      { wait: 1_000 },
      { say: { wav: wavs[0] } },
      { hear: 'agent', withinMs: HEAR_LIMIT_MS },
      listens,
      { say: { wav: wavs[1] } },
      { hear: 'agent', withinMs: HEAR_LIMIT_MS },
      { hearSilence: { ms: 800 } },
      'hangUp',
    ]),
    clock: systemClock,
    ids: systemIds,
    network: options.network,
    habits: options.habits,
    faults: options.lineFaults,
    switchboard: options.switchboard,
    signal: options.signal,
    onEvent: follow,
  });
  await injected;
  const records =
    options.recordExpected === false ? stage.records(result.callSid) : await stage.settledRecords(result.callSid);
  const evidence: Evidence = {
    result,
    answeredAtMs,
    faultAtMs,
    said,
    utterances,
    model: await stage.model.look(),
    records,
    deliveries: stage.deliveries(result.callSid),
  };
  return { result, experience: await measure(evidence) };
}

/** The slowest road to an answer that is one: every rung of the watchdog's ladder. */
const HEAR_LIMIT_MS = 45_000;
