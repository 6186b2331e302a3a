/** `callbridge dial` against a service whose Twilio is simulated. */
import { describe, expect, test } from 'vitest';
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
