/** What the simulator sends, held against what is documented, and against our client: so that the two cannot be wrong together. */
import { beforeAll, describe, expect, test } from 'vitest';
import { decode } from '../../src/live/decode.ts';
import { serverMessage } from '../../src/live/index.ts';
import type { LiveSimulatorOptions } from '../../src/simulator/index.ts';
import { type Client, DEVELOPER, SimulatorBench, sentence, VERTEX } from '../unit/simulator-live/bench.ts';

const TEXT = /^".*"$/u;
const TRUE = /^true$/u;
const COUNT = /^\d+$/u;
const DURATION = /^"\d+(\.\d{1,9})?s"$/u;
const MODALITY = /^"(TEXT|IMAGE|VIDEO|AUDIO|DOCUMENT)"$/u;

/**
 * The fields of a server message, with their values as JSON. From https://ai.google.dev/api/live#receive-messages and
 * google/ai/generativelanguage/v1beta/generative_service.proto; `role` and `inlineData` are those of a Content,
 * `sessionId` is in Vertex AI's Live API reference; `voiceActivity` and `interactionStatus` are newer than that file, and are
 * as the service was seen to send them.
 */
const DOCUMENTED: Readonly<Record<string, RegExp>> = {
  'setupComplete.sessionId': TEXT,
  'serverContent.modelTurn.role': /^"model"$/u,
  'serverContent.modelTurn.parts[].inlineData.mimeType': /^"audio\/pcm;rate=24000"$/u,
  'serverContent.modelTurn.parts[].inlineData.data': /^"([\w+/]{4})*([\w+/]{2}==|[\w+/]{3}=)?"$/u,
  'serverContent.inputTranscription.text': TEXT,
  'serverContent.outputTranscription.text': TEXT,
  'serverContent.generationComplete': TRUE,
  'serverContent.interrupted': TRUE,
  'serverContent.turnComplete': TRUE,
  'serverContent.waitingForInput': TRUE,
  'serverContent.turnCompleteReason': TEXT,
  'serverContent.interactionStatus': /^"(IN_PROGRESS|IDLE)"$/u,
  'toolCall.functionCalls[].id': /^"(call_\d{6}|fc_\d{20})"$/u,
  'toolCall.functionCalls[].name': TEXT,
  'toolCall.functionCalls[].args': /^\{.*\}$/u,
  'toolCallCancellation.ids[]': TEXT,
  'goAway.timeLeft': DURATION,
  'sessionResumptionUpdate.newHandle': /^"[\da-f-]{36}"$/u,
  'sessionResumptionUpdate.resumable': TRUE,
  'voiceActivity.type': /^"ACTIVITY_(START|END)"$/u,
  'voiceActivity.audioOffset': DURATION,
  'usageMetadata.promptTokenCount': COUNT,
  'usageMetadata.cachedContentTokenCount': COUNT,
  'usageMetadata.responseTokenCount': COUNT,
  'usageMetadata.toolUsePromptTokenCount': COUNT,
  'usageMetadata.thoughtsTokenCount': COUNT,
  'usageMetadata.totalTokenCount': COUNT,
  'usageMetadata.promptTokensDetails[].modality': MODALITY,
  'usageMetadata.promptTokensDetails[].tokenCount': COUNT,
  'usageMetadata.responseTokensDetails[].modality': MODALITY,
  'usageMetadata.responseTokensDetails[].tokenCount': COUNT,
};
/** Documented, but nothing that the simulator has a reason to send. */
const NEVER_SENT = [
  'serverContent.waitingForInput',
  'serverContent.turnCompleteReason',
  'usageMetadata.cachedContentTokenCount',
  'usageMetadata.toolUsePromptTokenCount',
  'usageMetadata.thoughtsTokenCount',
];
/** Messages of one kind may be empty: nothing is said with them, or only that they came. */
const MAY_BE_EMPTY = ['setupComplete', 'serverContent'];

/** Each value of a message with its path; free-form arguments are one value. */
function* valuesOf(value: unknown, path = ''): Generator<readonly [path: string, value: unknown]> {
  const inner = typeof value === 'object' && value !== null && !(path in DOCUMENTED) ? Object.entries(value) : [];
  if (inner.length === 0) yield [path, value];
  for (const [key, field] of inner) {
    yield* valuesOf(field, Array.isArray(value) ? `${path}[]` : path === '' ? key : `${path}.${key}`);
  }
}

/** A conversation with everything in it, over two sockets; all that the client got, in order. */
function converse(options: Partial<LiveSimulatorOptions>, ...where: [url: string, headers?: Record<string, string>]) {
  const tool = { name: 'book', behavior: 'BLOCKING' as const };
  const bench = new SimulatorBench(
    {
      turns: [
        { on: 'greeting', says: 'Good morning, this is a long greeting that goes on for quite a while.' },
        { on: 'speech', hears: 'And so my fellow Americans', says: 'I know how this goes on.' },
        { on: 'text', says: 'One moment.', calls: [{ name: 'book', args: { day: 'Friday', people: [1, 2] } }] },
        { on: 'text', calls: [{ name: 'look', args: {} }] },
        { on: 'toolResult', says: 'It is booked.' },
      ],
      fallbackTurn: { says: 'Good.' },
      faults: [{ kind: 'goAway', atMs: 60_500, timeLeftMs: 9_500 }],
      announcesCancelledCalls: true,
    },
    options,
  );
  const setup = { tools: [{ functionDeclarations: [tool, { name: 'look', behavior: 'NON_BLOCKING' }] }] };
  const model = where[0] === VERTEX ? { model: 'publishers/google/models/gemini-3.8-live' } : {};
  const before = bench.open({ ...setup, ...model }, ...where);
  const text = (client: Client, said: string) => {
    client.sendText(said);
    bench.clock.tick(1_500);
  };
  // The greeting is interrupted; the sentence is answered; the call that the model waits for is cut off by a text.
  text(before, 'Greet the caller.');
  before.say(sentence);
  before.saySilence(6_000);
  text(before, 'Book a table.');
  text(before, 'Wait: look first.');
  const called = before.arrivals.flatMap(({ message }) => Object.values(message['toolCall'] ?? {}).flat()) as {
    id: string;
    name: string;
  }[];
  const { id, name } = called.at(-1)!;
  before.send({ toolResponse: { functionResponses: [{ id, name, response: { output: 'ok' } }] } });
  bench.clock.tick(60_500 - bench.nowMs);
  before.close();
  const after = bench.open({ ...setup, ...model, sessionResumption: { handle: before.handle } }, ...where);
  text(after, 'Are you there?');
  bench.clock.tick(3_000);
  expect(bench.simulator.refusals).toEqual([]);
  return [...before.arrivals, ...after.arrivals].map(({ message }) => message);
}

describe.each<[string, Partial<LiveSimulatorOptions>, ...Parameters<SimulatorBench['connect']>]>([
  ['the Developer API', {}, DEVELOPER],
  ['Vertex AI', { style: { bundled: false, noise: false } }, VERTEX, { authorization: 'Bearer token' }],
])('as %s', (_, options, url = DEVELOPER, headers = {}) => {
  let messages: ReturnType<typeof converse>;
  beforeAll(() => {
    messages = converse(options, url, headers);
  });

  test('every field is documented, and its value is one that it can have', () => {
    const wrong = messages
      .flatMap((message) => [...valuesOf(message)])
      .filter(([path, value]) => {
        const empty = typeof value === 'object' && MAY_BE_EMPTY.includes(path);
        return !empty && DOCUMENTED[path]?.test(JSON.stringify(value)) !== true;
      });
    expect(wrong).toEqual([]);
  });

  test('every kind of message was among them', () => {
    const seen = new Set(messages.flatMap((message) => [...valuesOf(message)]).map(([path]) => path));
    const missing = Object.keys(DOCUMENTED).filter((path) => !seen.has(path) && !NEVER_SENT.includes(path));
    expect(missing).toEqual(url === VERTEX ? [] : ['setupComplete.sessionId']);
  });

  test('our client understands them all, and knows each key', () => {
    const events = messages.flatMap((message) => {
      expect(serverMessage.safeParse(message).error).toBeUndefined();
      const { unknownKeys, events } = decode(JSON.stringify(message));
      expect(unknownKeys).toEqual([]);
      return events;
    });
    expect([...new Set(events.map(({ type }) => type))].toSorted()).toEqual([
      'audio',
      'bargedIn',
      'generationCompleted',
      'handleOffered',
      'leaving',
      'toolsCalled',
      'toolsCancelled',
      'transcribed',
      'turnCompleted',
      'used',
      'voiceActivity',
    ]);
    expect(events.filter(({ type }) => type === 'used').length).toBe(
      messages.filter((message) => 'usageMetadata' in message).length,
    );
    expect(events.find(({ type }) => type === 'leaving')).toEqual({ type: 'leaving', timeLeftMs: 9_500 });
  });
});
