/** What every telephony provider must do, asked of all of them: a new one adds a line to `PEERS` and a folder of fixtures. */
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { pino } from 'pino';
import client from 'twilio';
import { describe, expect, test } from 'vitest';
import { createMetrics } from '../../src/telemetry/index.ts';
import { acceptStream, providers, type StreamEvent, type StreamHandlers } from '../../src/telephony/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { MemorySocket } from '../support/memory-socket.ts';

const FIXTURES = new URL('../../fixtures/telephony/', import.meta.url);
const STREAM = 'MZ18ad3ab5a668481ce02b83e7395059f0';
const protocols = providers({ twilio: { publicUrl: 'https://bridge.example', authToken: 'an auth token' } });

/** The far end of each provider: how it proves itself, and what it says. */
const PEERS: Record<string, { headers: IncomingMessage['headers']; unknownMessage: string }> = {
  twilio: {
    headers: {
      'x-twilio-signature': client.getExpectedTwilioSignature('an auth token', 'wss://bridge.example/twilio/media', {}),
    },
    unknownMessage: '{"event":"not-invented-yet","streamSid":"MZ18ad3ab5a668481ce02b83e7395059f0"}',
  },
};

interface FixtureLine {
  readonly message?: unknown;
  readonly text?: string;
  readonly event?: unknown;
  readonly failure?: string;
}

/** Events as fixtures write them: of audio the number of bytes. */
function written(event: StreamEvent | undefined): unknown {
  if (event?.type !== 'audio') return event ?? null;
  return { type: 'audio', bytes: event.payload.length, timestampMs: event.timestampMs };
}

const linesOf = (provider: string, fixture: string): FixtureLine[] =>
  readFileSync(new URL(`${provider}/${fixture}`, FIXTURES), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

const textOf = (line: FixtureLine): string => line.text ?? JSON.stringify(line.message);

test('every provider is asked, and each has a path of its own', () => {
  expect(protocols.map(({ name }) => name)).toEqual(Object.keys(PEERS));
  expect(new Set(protocols.map(({ path }) => path)).size).toBe(protocols.length);
});

describe.each(protocols.map((protocol) => ({ provider: protocol.name, protocol, peer: PEERS[protocol.name]! })))(
  '$provider',
  ({ provider, protocol, peer }) => {
    const fixtures = readdirSync(new URL(`${provider}/`, FIXTURES));
    const calls = fixtures.filter((name) => linesOf(provider, name).every(({ failure }) => failure === undefined));
    const request = (headers: IncomingMessage['headers']) => ({ url: protocol.path, headers }) as IncomingMessage;

    test('has calls to replay, one that is stopped, one that is not, and nonsense', () => {
      const stopped = calls.filter((name) => textOf(linesOf(provider, name).at(-1)!).includes('stop'));
      expect(stopped.length).toBeGreaterThan(0);
      expect(calls.length).toBeGreaterThan(stopped.length);
      expect(fixtures.length).toBeGreaterThan(calls.length);
    });

    test.each(fixtures)('reads every message of %s as it is written there', (name) => {
      for (const line of linesOf(provider, name)) {
        const read = () => protocol.decode(textOf(line));
        if (line.failure === undefined) expect(written(read())).toEqual(line.event);
        else expect(read, textOf(line)).toThrow(expect.objectContaining({ code: line.failure }));
      }
    });

    test.each(calls)('tells a call all of %s, and that it ended, once', (name) => {
      const lines = linesOf(provider, name);
      const clock = new ManualClock();
      const [ours, phone] = MemorySocket.pair(clock);
      const told: unknown[] = [];
      const handlers: StreamHandlers = {
        audio: (payload, timestampMs) => told.push({ type: 'audio', bytes: payload.length, timestampMs }),
        digit: (digit) => told.push({ type: 'digit', digit }),
        markReached: (mark) => told.push({ type: 'markReached', name: mark }),
        soundLost: (lengthMs) => told.push({ type: 'soundLost', lengthMs }),
        ended: (how) => told.push(how),
      };
      const deps = { clock, logger: pino({ level: 'silent' }), metrics: createMetrics() };
      acceptStream(ours, protocol, deps, () => handlers);
      for (const line of lines) phone.send(textOf(line));
      clock.tick(0);
      phone.terminate();
      clock.tick(0);
      const events = lines.map(({ event }) => event as { type: string } | null);
      const heard = events.filter((event) => event !== null && /^(audio|digit|markReached)$/.test(event.type));
      expect(told).toEqual([...heard, events.at(-1)?.type === 'stopped' ? 'stopped' : 'lost']);
      expect(clock.armed).toBe(0);
    });

    test('takes sound back as it was sent', () => {
      const payload = Uint8Array.from({ length: 256 }, (_, code) => code);
      const echoed = protocol.decode(protocol.encode({ type: 'audio', payload }, STREAM));
      expect(echoed?.type === 'audio' && [...echoed.payload]).toEqual([...payload]);
    });

    test('takes a mark back as it was sent', () => {
      const echoed = protocol.decode(protocol.encode({ type: 'mark', name: '3:17' }, STREAM));
      expect(echoed).toEqual({ type: 'markReached', name: '3:17' });
    });

    test('names the stream when it clears', () => {
      expect(protocol.encode({ type: 'clear' }, STREAM)).toContain(STREAM);
    });

    test('ignores what it does not know', () => {
      expect(protocol.decode(peer.unknownMessage)).toBeUndefined();
    });

    test('lets in who proves to be the provider, and nobody else', () => {
      expect(() => protocol.authenticate(request(peer.headers))).not.toThrow();
      const refused = expect.objectContaining({ code: 'STREAM_UNSIGNED' });
      expect(() => protocol.authenticate(request({}))).toThrow(refused);
      const forged = Object.fromEntries(Object.keys(peer.headers).map((name) => [name, 'forged']));
      expect(() => protocol.authenticate(request(forged))).toThrow(refused);
    });

    test('sends ahead by more than it puts into one message', () => {
      expect(protocol.playout.maxMessageMs).toBeGreaterThan(0);
      expect(protocol.playout.leadMs).toBeGreaterThan(protocol.playout.maxMessageMs);
    });
  },
);
