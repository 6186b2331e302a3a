/** Messages of every shape that the wire knows, right and wrong at each place: none of them may reach the process as an exception. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { usageSchema } from '../../../src/transcript/entry.ts';
import { LiveBench } from './live-bench.ts';

/** A value of a field: mostly one that it can have. */
const mostly = <T>(right: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 60, arbitrary: right }, { weight: 1, arbitrary: fc.jsonValue() });
/** A message with any of these fields, and now and then one that nobody knows. */
const message = (fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> =>
  mostly(
    fc
      .tuple(
        fc.record(fields, { requiredKeys: [] }),
        fc.oneof(
          { weight: 4, arbitrary: fc.constant({}) },
          { weight: 1, arbitrary: fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 1 }) },
        ),
      )
      .map(([known, unknown]) => ({ ...unknown, ...known })),
  );
const list = (item: fc.Arbitrary<unknown>) => mostly(fc.array(item, { maxLength: 3 }));

const text = mostly(fc.string());
const flag = mostly(fc.boolean());
const count = fc.oneof(
  { weight: 60, arbitrary: fc.oneof(fc.nat(), fc.nat().map(String)) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(-1, 1.5, 2 ** 60, '-1', 'many', null) },
);
const status = mostly(fc.constantFrom('IDLE', 'IN_PROGRESS'));
const struct = mostly(fc.dictionary(fc.string(), fc.jsonValue()));
const sound = mostly(fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes).toString('base64')));
const soundType = mostly(fc.constantFrom('audio/pcm;rate=24000', 'audio/pcm', 'image/png'));
const transcription = message({ text, finished: flag });
const modality = mostly(fc.constantFrom('TEXT', 'AUDIO', 'constructor', '__proto__'));
const tokens = list(message({ modality, tokenCount: count }));

const serverMessage = message({
  setupComplete: message({ sessionId: text }),
  serverContent: message({
    modelTurn: message({ parts: list(message({ inlineData: message({ mimeType: soundType, data: sound }), text })) }),
    inputTranscription: transcription,
    outputTranscription: transcription,
    generationComplete: flag,
    interrupted: flag,
    turnComplete: flag,
    turnCompleteReason: text,
    interactionStatus: status,
    groundingMetadata: struct,
  }),
  toolCall: message({ functionCalls: list(message({ id: text, name: text, args: struct })) }),
  toolCallCancellation: message({ ids: list(text) }),
  goAway: message({ timeLeft: mostly(fc.constantFrom('50s', '9.5s', '0s')) }),
  sessionResumptionUpdate: message({ newHandle: text, resumable: flag }),
  voiceActivity: message({ type: mostly(fc.constantFrom('ACTIVITY_START', 'ACTIVITY_END')), audioOffset: text }),
  interactionStatus: status,
  usageMetadata: message({
    promptTokenCount: count,
    responseTokenCount: count,
    totalTokenCount: count,
    promptTokensDetails: tokens,
    responseTokensDetails: tokens,
  }),
});
const frame = fc.oneof(
  { weight: 20, arbitrary: serverMessage.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: fc.string() },
);

/** Everything that a session tells of a message's content. */
const CONTENT = [
  'audio',
  'transcribed',
  'voiceActivity',
  'bargedIn',
  'generationCompleted',
  'turnCompleted',
  'toolsCalled',
  'toolsCancelled',
  'grounded',
  'used',
  'leaving',
  'handleRenewed',
];

test('whatever comes, nothing is thrown: it is read, ignored, or a bad message', async () => {
  const told = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(frame, async (sent) => {
      const bench = await new LiveBench().ready();
      // Straight into the listener, so that what it throws is thrown here.
      bench.socket.ours?.emit('message', Buffer.from(sent), true);
      for (const [name, detail] of bench.heard) {
        told.set(name, (told.get(name) ?? 0) + 1);
        if (name === 'used') expect(usageSchema.safeParse(detail).error).toBeUndefined();
        if (name === 'lost') expect(detail).toMatchObject({ code: 'LIVE_BAD_MESSAGE' });
      }
      bench.session.close();
    }),
    { numRuns: 600 },
  );
  // The sample reaches everything: some forty of the rarest are to be expected.
  const rare = [...CONTENT, 'lost'].filter((name) => (told.get(name) ?? 0) < 10);
  expect(rare).toEqual([]);
});
