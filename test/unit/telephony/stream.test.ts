/** The life of a provider's stream: starting, hearing, speaking, and every way to end. */
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../../src/lib/index.ts';
import { createMetrics } from '../../../src/telemetry/index.ts';
import { acceptStream, type CallStream, providers, type StreamHandlers } from '../../../src/telephony/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { MemorySocket } from '../../support/memory-socket.ts';

const STREAM = 'MZ0123456789abcdef0123456789abcdef';
const CALL = 'CA0123456789abcdef0123456789abcdef';
const CONNECTED = { event: 'connected', protocol: 'Call', version: '1.0.0' };
const START = {
  event: 'start',
  start: {
    streamSid: STREAM,
    callSid: CALL,
    mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
    customParameters: { agent: 'front-desk' },
  },
};
const MEDIA = { event: 'media', media: { track: 'inbound', timestamp: '20', payload: '/w==' } };
const STOP = { event: 'stop', stop: { callSid: CALL } };
const [protocol] = providers({ twilio: { publicUrl: 'https://example.com', authToken: undefined } });

/** An open socket whose far end is the provider's, and a call that notes what it is told. */
function given(
  answer: (stream: CallStream, handlers: StreamHandlers) => StreamHandlers | Promise<StreamHandlers> = (_, handlers) =>
    handlers,
) {
  const clock = new ManualClock();
  const metrics = createMetrics();
  const [ours, provider] = MemorySocket.pair(clock);
  const told: unknown[][] = [];
  const closes: [code: number, reason: string][] = [];
  const streams: CallStream[] = [];
  provider.on('close', (code: number, reason: Buffer) => closes.push([code, reason.toString()]));
  const noting: StreamHandlers = {
    audio: (payload, timestampMs, missedFrames) =>
      told.push(['audio', [...payload], timestampMs, ...(missedFrames > 0 ? [missedFrames] : [])]),
    digit: (digit) => told.push(['digit', digit]),
    markReached: (name) => told.push(['markReached', name]),
    soundLost: (lengthMs) => told.push(['soundLost', lengthMs]),
    ended: (how) => told.push(['ended', how]),
  };
  acceptStream(ours, protocol!, { clock, logger: pino({ level: 'silent' }), metrics }, (stream) => {
    streams.push(stream);
    return answer(stream, noting);
  });
  return {
    clock,
    ours,
    provider,
    told,
    closes,
    says: (...messages: unknown[]) => {
      for (const message of messages) provider.send(typeof message === 'string' ? message : JSON.stringify(message));
      clock.tick(0);
    },
    get stream(): CallStream {
      expect(streams).toHaveLength(1);
      return streams[0]!;
    },
    get started(): boolean {
      return streams.length > 0;
    },
    ignored: async (kind: string) => countOf(await metrics.ignoredMessages.get(), { side: 'stream', kind }),
    failed: async (code: string) => countOf(await metrics.failures.get(), { code }),
  };
}

function countOf(
  metric: { values: readonly { value: number; labels: Partial<Record<string, string | number>> }[] },
  labels: Record<string, string>,
): number {
  const fits = metric.values.filter((value) =>
    Object.entries(labels).every(([name, wanted]) => value.labels[name] === wanted),
  );
  return fits.reduce((sum, { value }) => sum + value, 0);
}

function givenStarted(...answer: Parameters<typeof given>) {
  const line = given(...answer);
  line.says(CONNECTED, START);
  return line;
}

describe('a stream starts', () => {
  test('with what the provider says of it', () => {
    const { stream } = givenStarted();
    expect(stream).toMatchObject({
      streamId: STREAM,
      callId: CALL,
      provider: 'twilio',
      format: { encoding: 'ulaw', rateHz: 8000 },
      parameters: { agent: 'front-desk' },
      playout: { leadMs: 5_000, maxMessageMs: 200 },
    });
  });

  test('without `connected` before it', () => {
    const line = given();
    line.says(START);
    expect(line.started).toBe(true);
  });

  test('within five seconds', () => {
    const line = given();
    line.says(CONNECTED);
    line.clock.tick(4_999);
    line.says(START);
    line.clock.tick(10_000);
    expect(line.started).toBe(true);
    expect(line.closes).toEqual([]);
  });

  test('or is closed', async () => {
    const line = given();
    line.says(CONNECTED);
    line.clock.tick(5_000);
    expect(line.closes).toEqual([[1008, 'STREAM_START_TIMEOUT']]);
    expect(await line.failed('STREAM_START_TIMEOUT')).toBe(1);
    line.says(START);
    expect(line.started).toBe(false);
    expect(line.clock.armed).toBe(0);
  });

  test('and what comes before is ignored and counted', async () => {
    const line = given();
    line.says(MEDIA, STOP, START, MEDIA);
    expect(line.told).toEqual([['audio', [0xff], 20]]);
    expect(await line.ignored('beforeStart')).toBe(2);
  });

  test('once: a second start is ignored and counted', async () => {
    const line = givenStarted();
    line.says({ ...START, start: { ...START.start, callSid: 'CAffffffffffffffffffffffffffffffff' } }, CONNECTED);
    expect(line.stream.callId).toBe(CALL);
    expect(await line.ignored('repeated')).toBe(2);
  });
});

describe('a stream that the call does not want', () => {
  test('is closed with the reason, and nobody is told that it ended', async () => {
    const line = givenStarted(() => {
      throw new Failure('STREAM_BAD_TOKEN', 'the token is used');
    });
    line.says(MEDIA, STOP);
    expect(line.closes).toEqual([[1008, 'STREAM_BAD_TOKEN']]);
    expect(line.told).toEqual([]);
    expect(await line.failed('STREAM_BAD_TOKEN')).toBe(1);
    expect(line.clock.armed).toBe(0);
  });

  test('because of a fault of ours is closed as such', () => {
    const line = givenStarted(() => {
      throw new TypeError('a bug');
    });
    line.clock.tick(0);
    expect(line.closes).toEqual([[1011, 'INTERNAL']]);
  });

  test('may be closed while it is being answered, and its end is still told', () => {
    const line = givenStarted((stream, handlers) => {
      stream.send({ type: 'clear' });
      stream.close();
      return handlers;
    });
    line.clock.tick(0);
    expect(line.ours.sent).toEqual([`{"event":"clear","streamSid":"${STREAM}"}`]);
    expect(line.told).toEqual([['ended', 'closedByUs']]);
    expect(line.closes).toEqual([[1000, '']]);
  });
});

describe('a stream hears', () => {
  test('sound, digits and marks, in their order', () => {
    const line = givenStarted();
    line.says(MEDIA, { event: 'dtmf', dtmf: { digit: '#' } }, { event: 'mark', mark: { name: '0:1' } }, MEDIA);
    expect(line.told).toEqual([
      ['audio', [0xff], 20],
      ['digit', '#'],
      ['markReached', '0:1'],
      ['audio', [0xff], 20],
    ]);
  });

  test('and ignores what it does not know, counting it', async () => {
    const line = givenStarted();
    line.says({ event: 'speech', text: 'hello' }, { event: 'fax' }, MEDIA);
    expect(line.told).toEqual([['audio', [0xff], 20]]);
    expect(await line.ignored('unknown')).toBe(2);
  });

  test.each([
    ['a message that is no JSON', 'hello', 1007, 'PROVIDER_BAD_MESSAGE'],
    ['a known message without its contents', '{"event":"media"}', 1007, 'PROVIDER_BAD_MESSAGE'],
    ['a digit that is none', '{"event":"dtmf","dtmf":{"digit":"no"}}', 1007, 'PROVIDER_BAD_MESSAGE'],
  ])('until %s ends it', async (_, message, closeCode, code) => {
    const line = givenStarted();
    line.says(message, MEDIA);
    expect(line.told).toEqual([['ended', 'lost']]);
    expect(line.closes).toEqual([[closeCode, code]]);
    expect(await line.failed(code)).toBe(1);
  });

  test('only what it can decode', () => {
    const line = given();
    const mediaFormat = { encoding: 'audio/x-L16', sampleRate: 16000, channels: 1 };
    line.says({ ...START, start: { ...START.start, mediaFormat } });
    expect(line.started).toBe(false);
    expect(line.closes).toEqual([[1003, 'PROVIDER_BAD_FORMAT']]);
  });

  test('and a listener that fails ends this stream only', async () => {
    const line = givenStarted((_, handlers) => ({
      ...handlers,
      audio: () => {
        throw new TypeError('a bug');
      },
      ended: (how) => {
        handlers.ended(how);
        throw new TypeError('another bug');
      },
    }));
    line.says(MEDIA, MEDIA);
    expect(line.told).toEqual([['ended', 'lost']]);
    expect(line.closes).toEqual([[1011, 'INTERNAL']]);
    expect(await line.failed('INTERNAL')).toBe(2);
  });
});

test('a stream tells of frames that did not arrive, whether it counts frames or messages', () => {
  const line = givenStarted();
  const frame = (sequenceNumber: number, chunk?: number) => ({
    event: 'media',
    sequenceNumber: String(sequenceNumber),
    media: { chunk: chunk === undefined ? undefined : String(chunk), payload: '/w==' },
  });
  line.says(frame(2, 1), frame(6, 4), frame(7, 5));
  line.says(frame(8), { event: 'mark', sequenceNumber: '9', mark: { name: '0:0' } }, frame(10), frame(12));
  expect(line.told.flatMap(([kind, , , missed]) => (kind === 'audio' ? [missed] : []))).toEqual([
    undefined,
    2,
    undefined,
    undefined,
    undefined,
    1,
  ]);
});

describe('a stream speaks', () => {
  test('in the provider’s messages', () => {
    const line = givenStarted();
    line.stream.send({ type: 'audio', payload: new Uint8Array([0xff]) });
    line.stream.send({ type: 'mark', name: '0:1' });
    expect(line.ours.sent).toEqual([
      `{"event":"media","streamSid":"${STREAM}","media":{"payload":"/w=="}}`,
      `{"event":"mark","streamSid":"${STREAM}","mark":{"name":"0:1"}}`,
    ]);
  });

  /** What has left, in short: sound by its first byte, marks by their names. */
  const leftOf = (line: ReturnType<typeof given>): string[] =>
    line.ours.sent.map((text) => {
      const { event, media, mark } = JSON.parse(text);
      return event === 'media'
        ? `sound ${Buffer.from(media.payload, 'base64')[0]}`
        : mark === undefined
          ? event
          : mark.name;
    });
  /** A fifth of a second that begins with this byte: 2.3 kB as a message. */
  const sound = (first: number) => ({ type: 'audio' as const, payload: new Uint8Array(1_600).fill(first) });

  test('in their order, when the provider reads late', () => {
    const line = givenStarted();
    line.ours.bufferedAmount = 64 * 1024 + 1;
    line.stream.send(sound(1));
    line.stream.send({ type: 'mark', name: '0:0' });
    line.clock.tick(200);
    expect(leftOf(line)).toEqual([]);
    line.ours.bufferedAmount = 0;
    line.clock.tick(50);
    line.stream.send(sound(2));
    expect(leftOf(line)).toEqual(['sound 1', '0:0', 'sound 2']);
  });

  test('but gives up the oldest sound, never control, while the provider does not read, and tells how much', async () => {
    const line = givenStarted();
    line.ours.bufferedAmount = 64 * 1024 + 1;
    for (let i = 0; i < 100; i++) {
      line.stream.send(sound(i));
      line.stream.send({ type: 'mark', name: `0:${i}` });
    }
    const lost = line.told.filter(([kind]) => kind === 'soundLost');
    expect(lost.length).toBeGreaterThan(10);
    expect(new Set(lost.map(([, lengthMs]) => lengthMs))).toEqual(new Set([200]));
    expect(await line.failed('PROVIDER_SLOW_READER')).toBe(1);
    line.ours.bufferedAmount = 0;
    line.clock.tick(50);
    const left = leftOf(line);
    expect(left.filter((what) => what.startsWith('0:'))).toEqual(Array.from({ length: 100 }, (_, i) => `0:${i}`));
    const newest = Array.from({ length: 100 - lost.length }, (_, i) => `sound ${i + lost.length}`);
    expect(left.filter((what) => what.startsWith('sound'))).toEqual(newest);
  });

  test('and a clear takes the sound that waits with it: it is not lost, but unsaid', () => {
    const line = givenStarted();
    line.ours.bufferedAmount = 64 * 1024 + 1;
    line.stream.send(sound(1));
    line.stream.send({ type: 'mark', name: '0:0' });
    line.stream.send({ type: 'clear' });
    line.stream.send(sound(2));
    line.ours.bufferedAmount = 0;
    line.clock.tick(50);
    expect(leftOf(line)).toEqual(['0:0', 'clear', 'sound 2']);
    expect(line.told).toEqual([]);
  });

  test('and is cut when not even control is read', () => {
    const line = givenStarted();
    line.ours.bufferedAmount = 64 * 1024 + 1;
    for (let i = 0; line.told.length === 0 && i < 20_000; i++) line.stream.send({ type: 'mark', name: `0:${i}` });
    line.clock.tick(0);
    expect(line.ours.sent).toEqual([]);
    expect(line.told).toEqual([['ended', 'lost']]);
    expect(line.closes).toEqual([[1006, '']]);
  });
});

describe('a stream ends', () => {
  test('when the provider stops it', () => {
    const line = givenStarted();
    line.says(STOP, MEDIA, STOP);
    expect(line.told).toEqual([['ended', 'stopped']]);
    expect(line.closes).toEqual([[1000, '']]);
  });

  test('when its socket breaks', () => {
    const line = givenStarted();
    line.provider.terminate();
    line.clock.tick(0);
    expect(line.told).toEqual([['ended', 'lost']]);
  });

  test('when its socket is closed without a stop', () => {
    const line = givenStarted();
    line.provider.close(1000);
    line.clock.tick(0);
    expect(line.told).toEqual([['ended', 'lost']]);
  });

  test('at once when we close it, however often', () => {
    const line = givenStarted();
    line.stream.close();
    line.stream.close();
    expect(line.told).toEqual([['ended', 'closedByUs']]);
    line.says(STOP);
    line.stream.send({ type: 'clear' });
    expect(line.told).toEqual([['ended', 'closedByUs']]);
    expect(line.ours.sent).toEqual([]);
    expect(line.closes).toEqual([[1000, '']]);
  });

  test('and leaves no timer behind, whichever way it went', () => {
    const ways: ((line: ReturnType<typeof given>) => void)[] = [
      (line) => line.says(STOP),
      (line) => line.says('nonsense'),
      (line) => line.stream.close(),
      (line) => line.provider.terminate(),
    ];
    for (const end of ways) {
      const line = givenStarted();
      expect(line.clock.armed).toBeGreaterThan(0);
      end(line);
      line.clock.tick(0);
      expect(line.clock.armed).toBe(0);
      expect(line.told).toHaveLength(1);
    }
  });

  test('quietly when the socket closes before it started', () => {
    const line = given();
    line.provider.terminate();
    line.clock.tick(0);
    expect(line.told).toEqual([]);
    expect(line.clock.armed).toBe(0);
  });
});

describe('a peer', () => {
  test('that answers pings is kept, however long it says nothing', () => {
    const line = givenStarted();
    let pings = 0;
    const ping = line.ours.ping.bind(line.ours);
    line.ours.ping = () => {
      pings += 1;
      ping();
    };
    line.clock.tick(200_000);
    expect(pings).toBe(10);
    expect(line.told).toEqual([]);
  });

  test('that speaks is kept, though it does not answer pings', () => {
    const line = givenStarted();
    line.ours.ping = () => undefined;
    for (let second = 0; second < 200; second += 10) {
      line.says(MEDIA);
      line.clock.tick(10_000);
    }
    expect(line.told).not.toContainEqual(['ended', 'lost']);
  });

  test('that gives no sign of life is given up between 40 and 60 s later', async () => {
    const line = givenStarted();
    line.ours.ping = () => undefined;
    line.clock.tick(10_000);
    line.says(MEDIA);
    line.told.length = 0;
    line.clock.tick(40_000);
    expect(line.told).toEqual([]);
    line.clock.tick(20_000);
    expect(line.told).toEqual([['ended', 'lost']]);
    expect(line.closes).toEqual([[1006, '']]);
    expect(await line.failed('STREAM_LOST')).toBe(1);
  });
});

describe('a call that takes its time to take the stream', () => {
  /** A stream that has started, whose call answers when the test says so. */
  function givenAsking() {
    const gate: { open: () => void; refuse: (error: unknown) => void } = {
      open: () => undefined,
      refuse: () => undefined,
    };
    const line = givenStarted(
      (_, handlers) =>
        new Promise((resolve, reject) => {
          gate.open = () => resolve(handlers);
          gate.refuse = reject;
        }),
    );
    return { ...line, stream: line.stream, gate };
  }

  const audio = (timestamp: number) => ({ event: 'media', media: { track: 'inbound', timestamp, payload: '/w==' } });
  const KEY = { event: 'dtmf', dtmf: { track: 'inbound_track', digit: '1' } };

  test('gets all that came meanwhile, in its order, and then the rest', async () => {
    const line = givenAsking();
    line.says(audio(20), KEY, audio(40), CONNECTED);
    expect(line.told).toEqual([]);
    line.gate.open();
    await line.clock.advance(0);
    line.says(audio(60));
    expect(line.told).toEqual([
      ['audio', [0xff], 20],
      ['digit', '1'],
      ['audio', [0xff], 40],
      ['audio', [0xff], 60],
    ]);
    expect(await line.ignored('repeated')).toBe(1);
  });

  test('may send meanwhile', async () => {
    const line = givenAsking();
    const received: string[] = [];
    line.provider.on('message', (data: Buffer) => received.push(data.toString()));
    line.stream.send({ type: 'clear' });
    line.clock.tick(0);
    expect(received).toEqual([`{"event":"clear","streamSid":"${STREAM}"}`]);
    line.gate.open();
  });

  test('keeps the newest six seconds of sound, and every key', async () => {
    const line = givenAsking();
    line.says(KEY, ...Array.from({ length: 400 }, (_, i) => audio(i)));
    line.gate.open();
    await line.clock.advance(0);
    expect(line.told).toHaveLength(300);
    expect(line.told[0]).toEqual(['digit', '1']);
    expect(line.told[1]).toEqual(['audio', [0xff], 101]);
    expect(line.told.at(-1)).toEqual(['audio', [0xff], 399]);
  });

  test('has five seconds for it', async () => {
    const line = givenAsking();
    line.clock.tick(4_999);
    expect(line.closes).toEqual([]);
    line.clock.tick(1);
    expect(line.closes).toEqual([[1011, 'INTERNAL']]);
    line.gate.open();
    await line.clock.advance(0);
    expect(line.told).toEqual([['ended', 'lost']]);
    expect(line.clock.armed).toBe(0);
  });

  test('may refuse it, with the reason', async () => {
    const line = givenAsking();
    line.gate.refuse(new Failure('CALLER_LIMIT', 'too many'));
    await line.clock.advance(0);
    expect(line.closes).toEqual([[1008, 'CALLER_LIMIT']]);
    expect(await line.failed('CALLER_LIMIT')).toBe(1);
    expect(line.clock.armed).toBe(0);
  });

  test('learns of an end that came first', async () => {
    const line = givenAsking();
    line.says(STOP);
    expect(line.closes).toEqual([[1000, '']]);
    line.gate.open();
    await line.clock.advance(0);
    expect(line.told).toEqual([['ended', 'stopped']]);
    expect(line.clock.armed).toBe(0);
  });

  test('may close it before it has taken it', async () => {
    const line = givenStarted(async (stream, handlers) => {
      stream.close();
      return handlers;
    });
    await line.clock.advance(0);
    expect(line.told).toEqual([['ended', 'closedByUs']]);
    expect(line.clock.armed).toBe(0);
  });

  test('is ended by a defect of its own while it hears what came meanwhile', async () => {
    const line = givenStarted(async (_, handlers) => ({
      ...handlers,
      digit: () => {
        throw new TypeError('a defect');
      },
    }));
    line.says(KEY, audio(20));
    await line.clock.advance(0);
    expect(line.closes).toEqual([[1011, 'INTERNAL']]);
    expect(line.told).toEqual([['ended', 'lost']]);
  });
});
