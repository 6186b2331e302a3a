/** Twilio's messages, byte for byte: what we read from them, and what we write. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../../src/lib/index.ts';
import { twilio } from '../../../src/telephony/twilio/protocol.ts';
import { twilioOutbound } from '../../../src/telephony/twilio/wire.ts';

const STREAM = 'MZ0123456789abcdef0123456789abcdef';
const CALL = 'CA0123456789abcdef0123456789abcdef';
const protocol = twilio({ publicUrl: 'https://example.com', authToken: undefined });

const decode = (message: unknown) => protocol.decode(JSON.stringify(message));
const startMessage = (start: Record<string, unknown> = {}) => ({
  event: 'start',
  sequenceNumber: '1',
  start: {
    accountSid: 'AC0123456789abcdef0123456789abcdef',
    streamSid: STREAM,
    callSid: CALL,
    tracks: ['inbound'],
    mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
    customParameters: { agent: 'front-desk' },
    ...start,
  },
  streamSid: STREAM,
});
const failureOf = (run: () => unknown): Failure => {
  try {
    run();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe('what Twilio says', () => {
  test('connected is understood', () => {
    expect(decode({ event: 'connected', protocol: 'Call', version: '1.0.0' })).toEqual({ type: 'connected' });
  });

  test('start brings the ids, the format and the parameters', () => {
    expect(decode(startMessage())).toEqual({
      type: 'started',
      streamId: STREAM,
      callId: CALL,
      format: { encoding: 'ulaw', rateHz: 8000 },
      parameters: { agent: 'front-desk' },
    });
  });

  test('start of a compatible provider, with UUIDs, text numbers and fields left out, is understood', () => {
    const streamId = 'f5f1b0a2-1111-4222-8333-444455556666';
    const start = {
      streamSid: streamId,
      callSid: CALL,
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: '8000' },
    };
    expect(decode({ event: 'start', start })).toEqual({
      type: 'started',
      streamId,
      callId: CALL,
      format: { encoding: 'ulaw', rateHz: 8000 },
      parameters: {},
    });
  });

  test.each([['5'], [5]])('media carries its bytes and its time, written as %j', (timestamp) => {
    const media = { track: 'inbound', chunk: '2', timestamp, payload: '/38AgA==' };
    expect(decode({ event: 'media', sequenceNumber: '4', media, streamSid: STREAM })).toEqual({
      type: 'audio',
      payload: Buffer.from([0xff, 0x7f, 0x00, 0x80]),
      timestampMs: 5,
      chunk: 2,
      sequence: 4,
    });
  });

  test('media with counters that cannot be read is sound without counters', () => {
    const media = { chunk: 'two', payload: '/w==' };
    expect(decode({ event: 'media', sequenceNumber: -4, media })).toEqual({
      type: 'audio',
      payload: Buffer.from([0xff]),
    });
  });

  test('media without a time is still sound', () => {
    expect(decode({ event: 'media', media: { payload: '/w==' } })).toEqual({
      type: 'audio',
      payload: Buffer.from([0xff]),
      timestampMs: undefined,
    });
  });

  test('media of our own side, and media without sound, is nothing for us', () => {
    expect(decode({ event: 'media', media: { track: 'outbound', payload: '/w==' } })).toBeUndefined();
    expect(decode({ event: 'media', media: { track: 'inbound', payload: '' } })).toBeUndefined();
  });

  test.each([...'0123456789*#ABCD'])('the key %s is a digit', (digit) => {
    const message = { event: 'dtmf', streamSid: STREAM, sequenceNumber: '5', dtmf: { track: 'inbound_track', digit } };
    expect(decode(message)).toEqual({ type: 'digit', digit });
  });

  test('mark brings its name back', () => {
    expect(decode({ event: 'mark', sequenceNumber: '4', streamSid: STREAM, mark: { name: '3:17' } })).toEqual({
      type: 'markReached',
      name: '3:17',
    });
  });

  test('stop is understood, with its fields and without', () => {
    const stop = { accountSid: 'AC', callSid: CALL };
    expect(decode({ event: 'stop', sequenceNumber: '5', stop, streamSid: STREAM })).toEqual({ type: 'stopped' });
    expect(decode({ event: 'stop' })).toEqual({ type: 'stopped' });
  });

  test.each(['speech', 'MEDIA', '', '__proto__', 'constructor', 'toString'])(
    'the event %j is unknown, and no error',
    (event) => {
      expect(decode({ event })).toBeUndefined();
    },
  );
});

describe('the announced format', () => {
  const format = (mediaFormat: unknown) => decode(startMessage({ mediaFormat }));

  test.each([
    ['audio/x-mulaw', 'ulaw'],
    ['PCMU', 'ulaw'],
    ['audio/x-alaw', 'alaw'],
    ['PCMA', 'alaw'],
    ['audio/PCMA', 'alaw'],
  ])('%s is decoded as %s', (encoding, law) => {
    expect(format({ encoding, sampleRate: 8000, channels: 1 })).toMatchObject({
      format: { encoding: law, rateHz: 8000 },
    });
  });

  test.each([
    ['audio/x-L16', 8000, 1],
    ['audio/x-mulaw', 16000, 1],
    ['audio/x-mulaw', 8000, 2],
    ['', 8000, 1],
  ])('%s at %d Hz with %d channels is refused, and said so', (encoding, sampleRate, channels) => {
    const failure = failureOf(() => format({ encoding, sampleRate, channels }));
    expect(failure.code).toBe('PROVIDER_BAD_FORMAT');
    expect(failure.message).toContain(`${encoding}, ${sampleRate} Hz, ${channels} channels`);
    expect(failure.message).toContain('decoded is G.711 (μ-law or A-law), 8000 Hz, mono');
  });
});

describe('nonsense', () => {
  test.each([
    ['nothing', ''],
    ['no JSON', '{"event":"media"'],
    ['no object', '"media"'],
    ['null', 'null'],
    ['a list', '[{"event":"stop"}]'],
    ['no event', '{}'],
    ['an event that is no text', '{"event":7}'],
    ['start without its body', '{"event":"start"}'],
    ['start without a call', JSON.stringify(startMessage({ callSid: undefined }))],
    ['a call id that is a path', JSON.stringify(startMessage({ callSid: '../../etc/passwd' }))],
    ['a stream id that is empty', JSON.stringify(startMessage({ streamSid: '' }))],
    ['start without a format', JSON.stringify(startMessage({ mediaFormat: undefined }))],
    ['a parameter that is no text', JSON.stringify(startMessage({ customParameters: { a: 1 } }))],
    ['media without a payload', '{"event":"media","media":{"track":"inbound"}}'],
    ['media at a negative time', '{"event":"media","media":{"payload":"/w==","timestamp":-1}}'],
    ['media at no number', '{"event":"media","media":{"payload":"/w==","timestamp":"soon"}}'],
    ['a digit that is two', '{"event":"dtmf","dtmf":{"digit":"12"}}'],
    ['a digit that is none', '{"event":"dtmf","dtmf":{"digit":"x"}}'],
    ['a mark without a name', '{"event":"mark","mark":{}}'],
  ])('%s is a bad message', (_, text) => {
    expect(failureOf(() => protocol.decode(text)).code).toBe('PROVIDER_BAD_MESSAGE');
  });

  test('the complaint about a bad message never repeats what it said', () => {
    const spoken = '{"event":"dtmf","dtmf":{"digit":"4929-secret"}}';
    expect(failureOf(() => protocol.decode(spoken)).message).not.toContain('secret');
    expect(failureOf(() => protocol.decode(`${spoken}}`)).message).not.toContain('secret');
  });

  const event = fc.constantFrom('connected', 'start', 'media', 'dtmf', 'mark', 'stop', 'other');
  const body = fc.oneof(
    fc.jsonValue(),
    fc.record({ payload: fc.jsonValue(), digit: fc.jsonValue(), name: fc.jsonValue() }),
  );
  const known = fc
    .tuple(event, body)
    .map(([name, value]) => JSON.stringify({ event: name, [name]: value, streamSid: STREAM }));

  test('whatever comes, only failures of the table are thrown', () => {
    const codes = new Set(['PROVIDER_BAD_MESSAGE', 'PROVIDER_BAD_FORMAT']);
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), known), (text) => {
        try {
          protocol.decode(text);
          return true;
        } catch (error) {
          return error instanceof Failure && codes.has(error.code);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('what we say to Twilio', () => {
  test('media is these bytes', () => {
    const payload = new Uint8Array([0xff, 0x7f, 0x00, 0x80]);
    expect(protocol.encode({ type: 'audio', payload }, STREAM)).toBe(
      '{"event":"media","streamSid":"MZ0123456789abcdef0123456789abcdef","media":{"payload":"/38AgA=="}}',
    );
  });

  test('a part of a larger buffer is sent as that part', () => {
    const payload = new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 4);
    expect(protocol.encode({ type: 'audio', payload }, STREAM)).toContain('"payload":"AgME"');
  });

  test('mark is these bytes', () => {
    expect(protocol.encode({ type: 'mark', name: '3:17' }, STREAM)).toBe(
      '{"event":"mark","streamSid":"MZ0123456789abcdef0123456789abcdef","mark":{"name":"3:17"}}',
    );
  });

  test('clear is these bytes', () => {
    expect(protocol.encode({ type: 'clear' }, STREAM)).toBe(
      '{"event":"clear","streamSid":"MZ0123456789abcdef0123456789abcdef"}',
    );
  });

  test('every message is one that the strict schema of the other side takes, and sound comes back unchanged', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 1_600 }), (payload) => {
        const sent = twilioOutbound.parse(JSON.parse(protocol.encode({ type: 'audio', payload }, STREAM)));
        const back = decode(sent);
        return back?.type === 'audio' && Buffer.compare(back.payload, payload) === 0;
      }),
    );
  });
});
