/** Whoever is asked about a call while it rings, over the whole service: what the answer changes, and what its failures do not. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { loadFixture } from '../../src/simulator/index.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { type Replay, replay } from '../support/replay.ts';
import { type Asked, START_SECRET, startReceiver } from '../support/start-receiver.ts';

const question = loadFixture(join(import.meta.dirname, '../../fixtures/calls/question'));

const RECEPTION = `default: true
voice: Aoede
language: en-US
instruction: "You speak with {{vars.name}}."
greeting: "Greet {{vars.name}} of tier {{vars.tier}}."
`;
const SALES = `answers: ["+15550142"]
voice: Charon
instruction: "You sell to {{vars.name}}."
greeting: "Offer {{vars.name}} something."
`;

interface Played extends Replay {
  readonly log: readonly string[];
  readonly setup: string;
  readonly told: readonly string[];
}

interface Playing {
  readonly url: string;
  readonly deadlineMs?: number;
  readonly started?: (clock: ManualClock) => void;
}

async function played({ url, deadlineMs = 2_000, started }: Playing): Promise<Played> {
  const log: string[] = [];
  const callStart = `callStart: { url: "${url}", secretEnv: START_SECRET, deadlineMs: ${deadlineMs} }\n`;
  const result = await replay(question, {
    files: { 'agents/reception.yaml': RECEPTION + callStart, 'agents/sales.yaml': SALES },
    env: { START_SECRET },
    log: (line) => log.push(line),
    ...(started && { started }),
  });
  const [session] = result.live.sessions;
  return {
    ...result,
    log,
    setup: JSON.stringify(session!.eventsOf('opened')[0]),
    told: session!.eventsOf('textReceived').map(({ text }) => text),
  };
}

const countOf = async ({ metrics }: Replay, result: string): Promise<number> => {
  const { values } = await metrics.callStarts.get();
  return values.find(({ labels }) => labels.result === result)?.value ?? 0;
};

describe('an answer', () => {
  test('puts variables into instruction and greeting, and chooses voice and language', async () => {
    const receiver = await startReceiver({
      variables: { name: 'Ada', tier: 3 },
      voice: 'Puck',
      language: 'de-DE',
      mood: 'sunny',
    });
    const call = await played({ url: receiver.url });
    expect(call.setup).toContain('You speak with Ada.');
    expect(call.setup).toContain('Puck');
    expect(call.setup).toContain('de-DE');
    expect(call.told).toEqual([expect.stringContaining('Greet Ada of tier 3.')]);
    expect(call.record).toMatchObject({
      agent: 'reception',
      voice: 'Puck',
      callStart: { askedBy: 'reception', variables: { name: 'Ada', tier: '3' }, voice: 'Puck', language: 'de-DE' },
      events: [],
    });
    expect(call.result.end.how).toBe('callerHungUp');
    expect(call.log.some((line) => line.includes('passed over') && line.includes('"mood"'))).toBe(true);
    expect(await countOf(call, 'answered')).toBe(1);
    expect(call.leftArmed).toBe(0);
  });

  test('is asked for once, signed, with what is known of the call', async () => {
    const receiver = await startReceiver({});
    const { record } = await played({ url: receiver.url });
    expect(receiver.asked).toHaveLength(1);
    const [{ headers, body }] = receiver.asked as [Asked];
    const { callId, from, to } = record;
    // The service's clock stands in another year than the verifier's.
    const sent = new Webhook(START_SECRET).sign(
      String(headers['webhook-id']),
      new Date(Number(headers['webhook-timestamp']) * 1_000),
      body,
    );
    expect(headers['webhook-signature']).toBe(sent);
    expect(headers['webhook-id']).toBe(`call_ringing_${callId}`);
    expect(JSON.parse(body)).toEqual({
      type: 'call.ringing',
      timestamp: expect.stringMatching(/^2026-01-01T00:00:/),
      data: { callId, agent: 'reception', direction: 'inbound', from, to, sipHeaders: {}, variables: {} },
    });
  });

  test('chooses another agent, which speaks with its own voice and words, and has the record', async () => {
    const receiver = await startReceiver({ agent: 'sales', variables: { name: 'Ada' } });
    const { setup, told, record, metrics } = await played({ url: receiver.url });
    expect(setup).toContain('You sell to Ada.');
    expect(setup).toContain('Charon');
    expect(told).toEqual([expect.stringContaining('Offer Ada something.')]);
    expect(record).toMatchObject({ agent: 'sales', voice: 'Charon', callStart: { askedBy: 'reception' } });
    const { values } = await metrics.callsActive.get();
    expect(values).toEqual([{ labels: { agent: 'sales' }, value: 0 }]);
  });

  test('of nothing at all changes nothing', async () => {
    const receiver = await startReceiver((response: ServerResponse) => response.writeHead(204).end());
    const { record, told } = await played({ url: receiver.url });
    expect(told).toEqual([expect.stringContaining('Greet  of tier .')]);
    expect(record).toMatchObject({ agent: 'reception', voice: 'Aoede', events: [] });
  });

  test('that comes within the deadline, after the stream has started, is waited for', async () => {
    let clock: ManualClock | undefined;
    const receiver = await startReceiver(async (response: ServerResponse) => {
      await new Promise<void>((resume) => clock!.after(1_900, resume));
      response.end('{ "variables": { "name": "Ada" } }');
    });
    const call = await played({
      url: receiver.url,
      started: (wound) => {
        clock = wound;
      },
    });
    const webhook = call.result.events.find(({ type }) => type === 'requested')!;
    const stream = call.result.events.find(({ type }) => type === 'streamStarted')!;
    // Twilio is answered at once.
    expect(webhook.atMs).toBeLessThan(100);
    expect(stream.atMs).toBeLessThan(1_500);
    expect(call.setup).toContain('You speak with Ada.');
    expect(call.record.events).toEqual([]);
    expect(call.result.scriptFailure).toBeUndefined();
  });
});

describe('the call goes on as the file says', () => {
  const failures: [string, (response: ServerResponse) => unknown, string][] = [
    ['a refusal', (response) => response.writeHead(500).end('{}'), 'the answer was 500'],
    ['no JSON', (response) => response.end('<html>'), 'the answer is no JSON'],
    [
      'another form',
      (response) => response.end('{"variables":["Ada"]}'),
      'the answer is not as it should be: variables',
    ],
    ['an agent that there is none of', (response) => response.end('{"agent":"nobody"}'), 'agent nobody'],
    ['a voice that there is none of', (response) => response.end('{"voice":"Nobody"}'), 'voice Nobody'],
    ['a language that is not known', (response) => response.end('{"language":"xx-YY"}'), 'language xx-YY'],
    ['more than 64 kB', (response) => response.end(JSON.stringify({ x: 'x'.repeat(70_000) })), 'more than 65536 bytes'],
    ['a connection that breaks', (response) => response.destroy(), 'could not be reached'],
  ];

  test.each(failures)('after %s: told, counted, and in the record', async (_what, answer, why) => {
    const receiver = await startReceiver(answer);
    expectFailed(await played({ url: receiver.url }), why);
    expect(receiver.asked).toHaveLength(1);
  });

  test('after a redirect, which nobody follows', async () => {
    const other = await startReceiver({ variables: { name: 'Eve' } });
    const receiver = await startReceiver((response: ServerResponse) =>
      response.writeHead(307, { location: other.url }).end(),
    );
    expectFailed(await played({ url: receiver.url }), 'the answer was 307');
    expect(other.asked).toEqual([]);
  });

  test('after a refused connection', async () => {
    expectFailed(await played({ url: await nobodyThere() }), 'could not be reached: ECONNREFUSED');
  });

  test('at the deadline, when nothing has come by then', async () => {
    const receiver = await startReceiver(() => undefined);
    const call = await played({ url: receiver.url, deadlineMs: 1_500 });
    expectFailed(call, 'gave no answer within 1500 ms');
    // The caller hears somebody as soon as the time is over.
    expect(call.result.sounds[0]!.fromMs).toBeLessThan(3_500);
  });
});

function expectFailed({ record, told, log, result, leftArmed }: Played, why: string): void {
  expect(record).toMatchObject({
    agent: 'reception',
    voice: 'Aoede',
    callStart: { askedBy: 'reception', variables: {} },
    events: [{ code: 'CALL_START_FAILED', detail: expect.stringContaining(why) }],
  });
  expect(told).toEqual([expect.stringContaining('Greet  of tier .')]);
  expect(result.scriptFailure).toBeUndefined();
  expect(record.outcome).toEqual({ kind: 'callerGone' });
  expect(log.filter((line) => line.includes('goes on without its call-start webhook'))).toHaveLength(1);
  expect(leftArmed).toBe(0);
}

async function nobodyThere(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}/start`;
}
