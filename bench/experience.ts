/** What a call was like for its caller, measured from what the phone heard, what the model heard, and what the record says. */
import { Worker } from 'node:worker_threads';
import { rmsDbov } from '../src/audio/index.ts';
import type { CallResult, PhoneEvent } from '../src/simulator/index.ts';
import type { CallRecord } from '../src/transcript/index.ts';
import type { Placement } from './position.ts';
import type { SeenEvent, SeenModel } from './simulators-wire.ts';
import { wordsMissing, wordsOf } from './words.ts';

export interface Experience {
  /** Silence from the fault, or from the end of the caller's words or the agent's where those are later, to the agent's next sound. */
  readonly gapMs: number | undefined;
  readonly saidMs: number;
  readonly lostMs: number;
  readonly doubledMs: number;
  /** Words that the model understood, and the record lacks. */
  readonly callerWordsLost: number;
  /** Words that the model set out to say, and the caller never heard. */
  readonly agentWordsLost: number;
  /** Orders to greet that the model got: one is right. */
  readonly greetings: number;
  /** From the fault to the start of the next stream of the call, where there was one. */
  readonly streamBackMs: number | undefined;
  readonly end: End;
  /** How the call ended, in the phone's words. */
  readonly how: string;
  readonly records: number;
  readonly deliveries: number;
  /** Codes of the record's events, in order. */
  readonly events: readonly string[];
  readonly outcome: string;
}

/** `busy`: refused before it was answered, which a caller understands. */
export type End = 'alive' | 'goodbye' | 'busy' | 'dead';

const FRAME_MS = 20;
const FRAME = FRAME_MS * 8;
/** As the simulated phone's own ear has it: well above a codec's noise, well below a soft voice. */
const SOUND_DBOV = -50;
/** The words of the bundled recording, and of those that a row gives its agent. */
const GOODBYE = /goodbye/i;
/** Pauses between words and sentences of the simulated voice are shorter. */
const PAUSE_MS = 300;

export interface Evidence {
  readonly result: CallResult;
  /** On the shared clock. */
  readonly answeredAtMs: number;
  readonly faultAtMs: number | undefined;
  /** What the caller said, in order, as it went into the phone. */
  readonly said: readonly Int16Array[];
  /** Which of the script's steps are those. */
  readonly utterances: readonly Utterance[];
  readonly model: SeenModel;
  readonly records: readonly CallRecord[];
  readonly deliveries: number;
}

/** When the caller began and ended to speak, in ms since the answer. */
export interface Utterance {
  readonly fromMs: number;
  readonly toMs: number;
}

export async function measure(evidence: Evidence): Promise<Experience> {
  const { result, model, records } = evidence;
  const events = model.sessions.flatMap((session) => session.events);
  const record = records.at(-1);
  const told = record === undefined ? [] : wordsOf(linesOf(record, 'caller'));
  const heard = record === undefined ? [] : wordsOf(linesOf(record, 'agent'));
  const understood = pick(events, 'speechEnded').flatMap(({ transcript }) => transcript ?? []);
  // A sentence that was cut and said again counts once: it is lost only as far as no attempt brought it.
  const sentences = new Set(pick(events, 'turnStarted').flatMap(({ says }) => says ?? []));
  const agentWordsLost = [...sentences].reduce((lost, sentence) => lost + wordsMissing(wordsOf(sentence), heard), 0);
  const ending = endOf(result, record);
  return {
    gapMs: gapOf(evidence, agentWordsLost === 0, ending.end === 'goodbye'),
    ...(await placeElsewhere(saidOf(evidence), heardOf(model))),
    callerWordsLost: wordsMissing(understood.flatMap(wordsOf), told),
    agentWordsLost,
    greetings: pick(events, 'textReceived').filter(({ text }) => text.includes('Greet the caller.')).length,
    streamBackMs: streamBack(evidence),
    ...ending,
    records: records.length,
    deliveries: evidence.deliveries,
    events: record?.events.map(({ code }) => code) ?? [],
    outcome: record === undefined ? '' : record.outcome.kind === 'failed' ? record.outcome.code : record.outcome.kind,
  };
}

function placeElsewhere(said: readonly Int16Array[], heard: Int16Array): Promise<Placement> {
  const worker = new Worker(new URL('./position-worker.js', import.meta.url), { workerData: { said, heard } });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

function pick<Type extends SeenEvent['type']>(events: readonly SeenEvent[], type: Type) {
  return events.filter((event): event is Extract<SeenEvent, { type: Type }> => event.type === type);
}

/** What was really said: a call that ended early cut the rest. */
function saidOf({ said, utterances, result }: Evidence): Int16Array[] {
  const endMs = result.events.at(-1)?.atMs ?? 0;
  return utterances.flatMap(({ fromMs }, index) => {
    const frames = Math.max(0, Math.floor((endMs - fromMs) / FRAME_MS) - 1);
    return said[index]?.subarray(0, frames * FRAME) ?? [];
  });
}

function heardOf({ sessions }: SeenModel): Int16Array {
  // Copied: what came by IPC need not lie where 16-bit samples may begin.
  const pieces = sessions.map(({ heard }) => new Int16Array(Uint8Array.from(heard).buffer));
  const whole = new Int16Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function linesOf({ lines }: CallRecord, speaker: 'caller' | 'agent'): string {
  return lines.flatMap((line) => (line.speaker === speaker ? line.heardText : [])).join(' ');
}

/** The silence that the fault made, or that it fell into. */
function gapOf(
  { result, faultAtMs, answeredAtMs, utterances }: Evidence,
  whole: boolean,
  goodbye: boolean,
): number | undefined {
  if (faultAtMs === undefined) return undefined;
  const sounding = framesWithSound(result.heard);
  const faultMs = faultAtMs - answeredAtMs;
  // While the caller speaks, or has just begun to, nobody expects the agent; a goodbye does not wait.
  const speaking = goodbye
    ? undefined
    : utterances.find(({ fromMs, toMs }) => toMs > faultMs && fromMs < faultMs + PAUSE_MS);
  const fromMs = Math.max(faultMs, speaking?.toMs ?? 0);
  const at = Math.max(0, Math.ceil(fromMs / FRAME_MS));
  const silence = silenceAt(sounding, at);
  const next = sounding.indexOf(true, silence);
  if (next < 0) return undefined;
  // The agent spoke when the fault came: the silence begins with its last sound, and is none of the fault's when all was said.
  const beganMs = silence === at ? fromMs : silence * FRAME_MS;
  if (silence > at && whole && next * FRAME_MS > (utterances.at(-1)?.toMs ?? 0)) return 0;
  return Math.max(0, Math.round(next * FRAME_MS - beganMs));
}

function streamBack({ result, faultAtMs, answeredAtMs }: Evidence): number | undefined {
  const faultMs = (faultAtMs ?? Number.POSITIVE_INFINITY) - answeredAtMs;
  const back = result.streams.find(({ startedMs }, index) => index > 0 && startedMs > faultMs);
  return back === undefined ? undefined : Math.round(back.startedMs - faultMs);
}

/** Where the silence around `at` begins that is longer than a pause. */
function silenceAt(sounding: readonly boolean[], at: number): number {
  let quietSince = at;
  for (let i = at; i < sounding.length; i++) {
    if (sounding[i]) quietSince = i + 1;
    else if ((i - quietSince + 1) * FRAME_MS >= PAUSE_MS) break;
  }
  return quietSince;
}

function framesWithSound(heard: Int16Array): boolean[] {
  return Array.from(
    { length: Math.floor(heard.length / FRAME) },
    (_, i) => rmsDbov(heard.subarray(i * FRAME, (i + 1) * FRAME)) >= SOUND_DBOV,
  );
}

function endOf(
  { end, scriptFailure, events }: CallResult,
  record: CallRecord | undefined,
): { readonly end: End; readonly how: string } {
  const how = end.how === 'failed' ? `failed ${end.code}` : end.how;
  if (end.how === 'rejected') return { end: 'busy', how: `rejected: ${end.reason}` };
  if (end.how === 'transferred' || spokeByTwiml(events) || spokeByStream(record)) return { end: 'goodbye', how };
  if (end.how === 'callerHungUp' && scriptFailure === undefined) return { end: 'alive', how };
  return { end: 'dead', how: scriptFailure === undefined ? how : `${how}: ${scriptFailure}` };
}

const spokeByTwiml = (events: readonly PhoneEvent[]): boolean =>
  events.some(({ type }) => type === 'spoken' || type === 'played');

/** The last words were a goodbye, and were heard to their end. */
function spokeByStream(record: CallRecord | undefined): boolean {
  const last = record?.lines.at(-1);
  return last?.speaker === 'agent' && !last.cut && GOODBYE.test(last.text);
}
