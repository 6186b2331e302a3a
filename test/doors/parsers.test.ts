/** Every parser behind a door, given anything: it reads it, or fails with the code that is documented, and with nothing else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readPhoneWav, readWav, writeWav } from '../../src/audio/index.ts';
import { callOf, parametersOf } from '../../src/http/call-parameters.ts';
import { systemIds } from '../../src/lib/index.ts';
import { decode } from '../../src/live/decode.ts';
import { parseJob } from '../../src/postprocess/job.ts';
import { createStreamTokens, createUsedNonces, providers } from '../../src/telephony/index.ts';
import { entrySchema } from '../../src/transcript/entry.ts';
import { callRecordSchema } from '../../src/transcript/index.ts';
import { recordFrom } from '../../src/transcript/record-from.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { hostileName, hostileText, messagesOf, onlyFailures, tamperedWith } from './hostile.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const linesOf = (path: string): string[] => readFileSync(join(FIXTURES, path), 'utf8').trim().split('\n');
const CALL = 'CA0123456789abcdef0123456789abcdef';

describe("Twilio's messages", () => {
  const [twilio] = providers({ twilio: { publicUrl: 'https://bridge.example', authToken: 'token' } });
  const read = (text: string) =>
    onlyFailures(['PROVIDER_BAD_MESSAGE', 'PROVIDER_BAD_FORMAT'], () => twilio!.decode(text));
  const recordings = ['short-call', 'keys', 'compatible-provider', 'hang-up-in-mid-speech', 'a-law'].map((name) =>
    linesOf(`telephony/twilio/${name}.jsonl`).map((line) => JSON.stringify(JSON.parse(line).message)),
  );

  test('of any text are an event, nothing, or a bad message', () => {
    fc.assert(
      fc.property(hostileText, (text) => void read(text)),
      { numRuns: 1_000 },
    );
  });

  test('tampered with are an event, nothing, or a bad message, and leave no trace in any object', () => {
    const any = fc.oneof(...recordings.map(tamperedWith));
    fc.assert(
      fc.property(any, (lines) => {
        for (const event of lines.map(read)) {
          if (event?.type !== 'started') continue;
          for (const id of [event.callId, event.streamId]) expect(id).toMatch(/^[\w-]{1,64}$/);
          for (const value of Object.values(event.parameters)) expect(value).toBeTypeOf('string');
        }
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("the Live service's messages", () => {
  const read = (text: string) => onlyFailures(['LIVE_BAD_MESSAGE'], () => decode(text));
  const recording = linesOf('live/r0.jsonl').flatMap((line) => {
    const { message } = JSON.parse(line);
    return message === undefined ? [] : [JSON.stringify(message)];
  });

  test('of any text are events or a bad message', () => {
    fc.assert(
      fc.property(hostileText, (text) => void read(text)),
      { numRuns: 1_000 },
    );
  });

  test('tampered with are events or a bad message; events can be written as JSON, as the journal does', () => {
    const toolCall = '{"toolCall":{"functionCalls":[{"id":"1","name":"look_up","args":{"number":"42"}}]}}';
    const grounded = '{"serverContent":{"groundingMetadata":{"a":{"b":1}}}}';
    fc.assert(
      fc.property(tamperedWith([...recording, toolCall, toolCall, grounded]), (lines) => {
        for (const line of lines) {
          const decoded = read(line);
          if (decoded !== undefined) JSON.stringify(decoded);
        }
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  test('are never repeated in the complaint about them, nor in its causes', () => {
    for (const text of ['{"serverContent":{"outputTranscription":{"text":"my secret"', '"my secret"', 'my secret']) {
      let failure: unknown;
      try {
        decode(text);
      } catch (error) {
        failure = error;
      }
      expect(messagesOf(failure).join(' ')).toMatch(/Live service sent/);
      expect(messagesOf(failure).join(' ')).not.toContain('secret');
    }
  });

  test('may call a tool with arguments as deep as Google writes them, and no deeper', () => {
    const call = (depth: number) =>
      `{"toolCall":{"functionCalls":[{"name":"f","args":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}]}}`;
    expect(read(call(60))?.events).toHaveLength(1);
    expect(read(call(1_000))).toBeUndefined();
  });
});

describe('a stream token', () => {
  const clock = new ManualClock();
  const usedNonces = createUsedNonces(clock);
  const tokens = createStreamTokens({ clock, ids: systemIds, secret: 'secret', usedNonces });
  const redeem = (token: string | undefined, callId: string, parameters: Record<string, string>) =>
    tokens.redeem(token, callId, parameters).then(
      () => 'in',
      (error: unknown) =>
        onlyFailures(['STREAM_BAD_TOKEN'], () => {
          throw error;
        }),
    );

  test('that is any text lets nobody in', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.option(hostileText, { nil: undefined }),
        fc.dictionary(hostileName, fc.string()),
        async (text, parameters) => {
          expect(await redeem(text, CALL, parameters)).toBeUndefined();
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('tampered with lets nobody in', async () => {
    const parameters = { agent: 'desk', from: '+1', to: '+2', direction: 'inbound' };
    const token = tokens.issue(CALL, parameters);
    await fc.assert(
      fc.asyncProperty(tamperedWith([token]), async ([text]) => {
        fc.pre(text !== undefined && text.slice(0, -1) !== token.slice(0, -1));
        expect(await redeem(text, CALL, parameters)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  test('lets the call in with whatever the caller is named and its SIP headers say, and the call stays the same', async () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), hostileName);
    const headerName = fc.stringMatching(/^[\w.!%*+`'~-]{1,64}$/);
    await fc.assert(
      fc.asyncProperty(text, text, fc.dictionary(headerName, text, { maxKeys: 16 }), async (from, to, sipHeaders) => {
        const call = {
          callId: CALL,
          provider: 'twilio',
          agent: 'desk',
          from,
          to,
          direction: 'inbound' as const,
          sipHeaders,
        };
        const sent = parametersOf(call);
        expect(await redeem(tokens.issue(CALL, sent), CALL, { ...sent })).toBe('in');
        const back = callOf(CALL, 'twilio', sent);
        expect(parametersOf(back)).toEqual(sent);
      }),
      { numRuns: 500 },
    );
  });
});

describe('what lies on disk and in the queue', () => {
  const at = 1_767_225_600_000;
  const entries = [
    {
      type: 'began',
      at,
      version: 1,
      call: {
        ...{ callId: CALL, provider: 'twilio', agent: 'desk', model: 'm', voice: 'v', direction: 'inbound' },
        ...{ from: '+1', to: '+2', sipHeaders: { 'X-Customer': '42' } },
      },
    },
    { type: 'answered', at: at + 5 },
    {
      type: 'line',
      at: at + 900,
      line: { speaker: 'caller', kind: 'speech', text: 'Hi', heardText: 'Hi', cut: false, startMs: 300, endMs: 900 },
    },
    { type: 'latency', at: at + 1_500, turn: 1, responseMs: 600 },
    { type: 'toolCalled', at: at + 1_600, id: '1', name: 'look_up', args: { a: { b: 1 } } },
    { type: 'toolAnswered', at: at + 1_700, id: '1', name: 'look_up', answer: { ok: true } },
    {
      type: 'usage',
      at: at + 1_800,
      usage: {
        ...{ promptTokens: 1, responseTokens: 2, thoughtsTokens: 0, toolUseTokens: 0, cachedTokens: 0, totalTokens: 3 },
        ...{ promptByModality: { audio: 1 }, responseByModality: { audio: 2 } },
      },
    },
    { type: 'event', at: at + 1_900, code: 'LIVE_LOST', detail: 'cut' },
    { type: 'ended', at: at + 2_000, outcome: { kind: 'completed' } },
  ].map((entry) => JSON.stringify(entry));

  test('a journal tampered with makes a record of the known form, or is said to be none', () => {
    fc.assert(
      fc.property(tamperedWith(entries), (lines) => {
        const read = lines.flatMap((line) => {
          try {
            return [entrySchema.parse(JSON.parse(line))];
          } catch {
            return [];
          }
        });
        const record = onlyFailures(['RECORD_INVALID'], () => recordFrom(read));
        if (record === undefined) return;
        expect(callRecordSchema.safeParse(record).error).toBeUndefined();
        JSON.stringify(record);
      }),
      { numRuns: 1_000 },
    );
  });

  test("a kind of tokens that is called like an object's own name is counted like another", () => {
    const usage = JSON.parse(entries[6]!);
    usage.usage.promptByModality = { constructor: 2 };
    const read = [entries[0]!, JSON.stringify(usage), JSON.stringify(usage)];
    const record = recordFrom(read.map((line) => entrySchema.parse(JSON.parse(line))));
    expect({ ...record.usage.promptByModality }).toEqual({ constructor: 4 });
  });

  test('a journal of a day-long call makes a record', () => {
    const began = entrySchema.parse(JSON.parse(entries[0]!));
    const event = entrySchema.parse(JSON.parse(entries[7]!));
    expect(recordFrom([began, ...Array<typeof event>(200_000).fill(event)]).events).toHaveLength(200_000);
  });

  const record = recordFrom(entries.map((line) => entrySchema.parse(JSON.parse(line))));
  const job = JSON.stringify({ version: 1, callId: CALL, record });

  test('a job tampered with is a job, or is said to be none; its ids never lead out of a folder', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          hostileText.map((text) => [text]),
          tamperedWith([job, job, job]),
        ),
        ([text = '']) => {
          let data: unknown = text;
          try {
            data = JSON.parse(text);
          } catch {
            // Then it is the text itself.
          }
          const read = onlyFailures(['RECORD_INVALID'], () => parseJob(data));
          if (read !== undefined) expect(read.record.callId).toBe(read.callId);
        },
      ),
      { numRuns: 1_000 },
    );
    expect(parseJob(JSON.parse(job)).record).toEqual(record);
  });

  test.each(['../../../tmp/evil', '/etc/passwd', 'a/b', 'a\0', '..', ''])(
    'a job for the call %j is refused, and so is one whose record is of that call',
    (callId) => {
      for (const forged of [
        { version: 1, callId, record: { ...record, callId } },
        { version: 1, callId: CALL, record: { ...record, callId } },
      ]) {
        expect(() => parseJob(forged)).toThrow(expect.objectContaining({ code: 'RECORD_INVALID' }));
      }
    },
  );
});

describe('a WAV file', () => {
  const right = writeWav(
    Int16Array.from({ length: 400 }, (_, i) => i * 50),
    8_000,
  );

  test('comes back as it was written', () => {
    const sound = fc.int16Array({ maxLength: 500 });
    fc.assert(
      fc.property(sound, fc.constantFrom(8_000, 16_000, 24_000, 48_000), (samples, rateHz) => {
        expect(readWav(writeWav(samples, rateHz))).toEqual({ rateHz, samples });
      }),
    );
  });

  test.each<[string, (bytes: Uint8Array) => Int16Array]>([
    ['a recording', (bytes) => readWav(bytes).samples],
    ["a goodbye's recording", readPhoneWav],
  ])('that is none, or is damaged, is read as %s or refused with a TypeError', (_, read) => {
    const damaged = fc
      .array(fc.tuple(fc.oneof(fc.nat(60), fc.nat(right.length - 1)), fc.nat(255)), { minLength: 1, maxLength: 6 })
      .map((flips) => {
        const bytes = right.slice();
        for (const [index, value] of flips) bytes[index] = value;
        return bytes;
      });
    const cut = fc.nat(right.length).map((length) => right.slice(0, length));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged, cut), (bytes) => {
        try {
          // G.711 has a byte a sample.
          expect(read(bytes).length).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
          expect(String(error)).not.toContain('undefined');
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
