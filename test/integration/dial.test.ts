/** `callbridge dial` against a service whose Twilio is simulated. */
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { dial } from '../../src/cli/dial.ts';
import { systemIds } from '../../src/lib/index.ts';
import { nobody, person } from '../../src/simulator/index.ts';
import { ADA, API_KEY, givenOutbound, type Outbound } from '../support/outbound.ts';

interface Given {
  readonly key?: string;
  readonly url?: string;
  readonly var?: Readonly<Record<string, string>>;
  readonly voice?: string;
  readonly language?: string;
  /** Told to hang up when this is said. */
  readonly abortOn?: string;
}

async function dialled(given: Outbound, number: string, { key = API_KEY, abortOn = '', ...options }: Given = {}) {
  const lines: string[] = [];
  const abort = new AbortController();
  const out = (line: string): void => {
    lines.push(line);
    if (abortOn !== '' && line.includes(abortOn)) abort.abort();
  };
  const env = key === '' ? {} : { CALLBRIDGE_API_KEY: key };
  const work = dial(
    number,
    { url: given.url, var: {}, ...options },
    { clock: given.clock, ids: systemIds, env, out, signal: abort.signal },
  );
  let code: number | undefined;
  let error: unknown;
  await work.then(
    (value) => {
      code = value;
    },
    (why: unknown) => {
      error = why;
    },
  );
  return { code, error, lines };
}

describe('callbridge dial', () => {
  test('tells how the call goes, and what was heard', async () => {
    const given = await givenOutbound({
      agent: 'greeting: "Greet {{vars.name}}."\n',
      model: { turns: [{ on: 'greeting', says: 'Good morning.' }] },
      callees: { [ADA]: person([{ hear: 'agent' }, { hearSilence: { ms: 800 } }, 'hangUp'], 2_000) },
    });
    const options = { var: { name: 'Ada' }, voice: 'Puck', language: 'de-DE' };
    const { code, lines } = await given.wind(dialled(given, ADA, options));
    expect(code).toBe(0);
    expect(lines.map((line) => line.replace(/^ *\d+ s {2}/, ''))).toEqual([
      expect.stringMatching(/^Twilio has the order: CA/),
      'it rings',
      'answered',
      'over',
      '  agent: Good morning.',
    ]);
    const texts = given.live.sessions[0]!.eventsOf('textReceived').map(({ text }) => text);
    expect(texts).toEqual([expect.stringContaining('Greet Ada.')]);
    expect(JSON.stringify(given.live.sessions[0]!.eventsOf('opened'))).toMatch(/Puck.*de-DE|de-DE.*Puck/);
  });

  test('says that nobody answered', async () => {
    const given = await givenOutbound({ callees: { [ADA]: nobody('busy') } });
    const { code, lines } = await given.wind(dialled(given, ADA));
    expect(code).toBe(1);
    expect(lines.at(-1)).toMatch(/over: busy$/);
  });

  test('hangs up when it is told to', async () => {
    const given = await givenOutbound({ callees: { [ADA]: person([{ wait: 60_000 }], 60_000) } });
    const { code, lines } = await given.wind(dialled(given, ADA, { abortOn: 'it rings' }));
    expect(code).toBe(1);
    expect(lines.slice(-2).map((line) => line.replace(/^ *\d+ s {2}/, ''))).toEqual([
      'hanging up',
      'over: taken back before it was answered',
    ]);
  });

  describe('while the service fails', () => {
    /** What stands before the service, and answers in its place where `fails` says so. */
    async function behindProxy(given: Outbound, fails: (method: string) => boolean): Promise<string> {
      const proxy = createServer((asked, answer) => {
        if (fails(asked.method ?? '')) return void answer.writeHead(503).end('{"error":"SERVICE_DRAINING"}');
        const { url: path = '', method, headers } = asked;
        const passing = request(given.url + path, { method, headers }, (from) => {
          answer.writeHead(from.statusCode ?? 502, from.headers);
          from.pipe(answer);
        });
        asked.pipe(passing);
      });
      proxy.listen(0, '127.0.0.1');
      await once(proxy, 'listening');
      onTestFinished(() => void proxy.close());
      return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    }
    const TALKS = { callees: { [ADA]: person([{ wait: 20_000 }, 'hangUp'], 1_000) } };
    const withoutTime = (lines: readonly string[]): string[] => lines.map((line) => line.replace(/^ *\d+ s {2}/, ''));

    test('for a moment, says so and asks on', async () => {
      const given = await givenOutbound(TALKS);
      let looks = 0;
      const url = await behindProxy(given, (method) => method === 'GET' && [5, 6].includes(++looks));
      const { code, lines } = await given.wind(dialled(given, ADA, { url }));
      expect(code).toBe(0);
      const told = withoutTime(lines);
      expect(told.filter((line) => line.startsWith('nothing'))).toEqual([
        'nothing is told of the call: 503: SERVICE_DRAINING',
      ]);
      expect(told.indexOf('over')).toBeGreaterThan(told.findIndex((line) => line.startsWith('nothing')));
    });

    test('for longer than half a minute, ends with the id of the call, which may go on', async () => {
      const given = await givenOutbound({ callees: { [ADA]: person([{ wait: 120_000 }], 1_000) } });
      const goneMs = given.clock.nowMs() + 5_000;
      const url = await behindProxy(given, (method) => method === 'GET' && given.clock.nowMs() > goneMs);
      const { code, lines } = await given.wind(dialled(given, ADA, { url }));
      expect(code).toBe(3);
      const [last, before] = lines.toReversed();
      expect(before).toMatch(/^ {3}\d s {2}nothing is told of the call: 503/);
      expect(last).toMatch(/^ {2}3\d s {2}given up; the call may go on, and DELETE \/calls\/CA[0-9a-f]{32} ends it$/);
    });

    test('is asked to hang up until it does', async () => {
      const given = await givenOutbound({ callees: { [ADA]: person([{ wait: 60_000 }], 60_000) } });
      let tries = 0;
      const url = await behindProxy(given, (method) => method === 'DELETE' && ++tries < 3);
      const { code, lines } = await given.wind(dialled(given, ADA, { url, abortOn: 'it rings' }));
      expect(code).toBe(1);
      expect(withoutTime(lines).slice(-4)).toEqual([
        'not hung up yet: 503: SERVICE_DRAINING',
        'not hung up yet: 503: SERVICE_DRAINING',
        'hanging up',
        'over: taken back before it was answered',
      ]);
    });
  });

  test.each([
    ['without a key', { key: '' }, ADA, 'CALLBRIDGE_API_KEY is not set'],
    ['with another key', { key: 'another-key-of-the-tests' }, ADA, '401: CALLBRIDGE_API_KEY is wanted'],
    ['for a number that may not be called', {}, '+4412345678', '403: to: OUTBOUND_ALLOWED'],
    ['for no number', {}, 'Ada', '400: to: must be a phone number'],
    ['where no service is', { url: 'http://127.0.0.1:1' }, ADA, 'http://127.0.0.1:1 gave no answer'],
  ])('%s says why nothing was placed', async (_what, options, number, message) => {
    const given = await givenOutbound();
    const { error } = await dialled(given, number, options);
    expect(String(error)).toContain(message);
    expect(String(error)).not.toContain('another-key');
    expect(given.exchange.calls).toEqual([]);
  });
});
