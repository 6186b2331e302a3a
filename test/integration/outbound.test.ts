/** Calls that are placed over HTTP, through the whole service and a simulated Twilio, which the `twilio` package asks. */
import { describe, expect, test, vi } from 'vitest';
import { type Callee, nobody, person, type ScenarioInput, voicemail } from '../../src/simulator/index.ts';
import { ADA, givenOutbound, OUR_NUMBER, type Outbound } from '../support/outbound.ts';
import { startReceiver } from '../unit/postprocess/receiver-given.ts';

const GREETING = 'Good morning, this is the surgery.';
const MESSAGE = 'Please call us back about your appointment.';
const MODEL: ScenarioInput = {
  turns: [
    { on: 'greeting', says: GREETING },
    { on: 'text', says: MESSAGE },
  ],
};
/** A hello while the greeting is on its way, and words after it. */
const ANSWERING = [
  { say: { toneHz: 600, lengthMs: 800 } },
  { hear: 'agent' },
  { hearSilence: { ms: 700 } },
  { say: { toneHz: 600, lengthMs: 1_500 } },
  { hear: 'agent' },
  { hearSilence: { ms: 800 } },
  'hangUp',
];
const textsOf = ({ live }: Outbound): string[] =>
  live.sessions.flatMap((session) => session.eventsOf('textReceived').map(({ text }) => text));
const heardOf = ({ live }: Outbound): number =>
  live.sessions[0]!.heard.reduce((peak, x) => Math.max(peak, Math.abs(x)), 0);
const stateOf = async (given: Outbound, id: string): Promise<{ readonly state?: unknown }> =>
  (await given.ask('GET', `/calls/${id}`)).json() as Promise<{ readonly state?: unknown }>;

describe('a call that is answered', () => {
  test('is spoken by its agent, who knows what was given, and is found by its id all the while', async () => {
    const given = await givenOutbound({
      instruction: 'You call {{vars.name}} at {{caller.number}}.',
      agent: 'greeting: "Greet {{vars.name}}."\n',
      model: MODEL,
      callees: { [ADA]: person([{ hear: 'agent' }, { hearSilence: { ms: 800 } }, 'hangUp'], 6_000) },
    });
    const placed = await given.ask('POST', '/calls', {
      body: { agent: 'caller', to: ADA, variables: { name: 'Ada' } },
    });
    expect(placed.status).toBe(201);
    const call = (await placed.json()) as { id: string };
    expect(placed.headers.get('location')).toBe(`/calls/${call.id}`);
    expect(call).toEqual({
      id: call.id,
      state: 'queued',
      direction: 'outbound',
      agent: 'caller',
      from: OUR_NUMBER,
      to: ADA,
    });
    await given.clock.advance(5_000);
    // It rings: nobody is asked what to do, and no session begins.
    expect(await stateOf(given, call.id)).toMatchObject({ state: 'ringing' });
    expect(given.live.sessions).toEqual([]);
    await given.clock.advance(3_000);
    expect(await stateOf(given, call.id)).toMatchObject({ state: 'inProgress' });
    expect(await (await given.ask('GET', '/calls')).json()).toMatchObject({
      calls: [{ id: call.id, state: 'inProgress' }],
    });
    const result = await given.ended();
    expect(result).toMatchObject({ end: { how: 'callerHungUp' }, scriptFailure: undefined, warnings: [] });
    expect(textsOf(given)).toEqual([expect.stringContaining('Greet Ada.')]);
    const [opened] = given.live.sessions[0]!.eventsOf('opened');
    expect(JSON.stringify(opened)).toContain(`You call Ada at ${ADA}.`);
    const record = await given.record();
    expect(record).toMatchObject({ direction: 'outbound', to: ADA, outbound: { variables: { name: 'Ada' } } });
    expect(await stateOf(given, call.id)).toMatchObject({
      state: 'ended',
      end: 'completed',
      record: { callId: call.id, lines: [{ text: GREETING }] },
    });
    expect(await (await given.ask('GET', '/calls')).json()).toEqual({ calls: [] });
  });

  test('has the voice and the language that it was ordered with, in its session and in its record', async () => {
    const given = await givenOutbound({
      agent: 'greeting: Hello.\nvoice: Aoede\nlanguage: en-US\n',
      model: MODEL,
      callees: { [ADA]: person([{ hear: 'agent' }, { hearSilence: { ms: 800 } }, 'hangUp'], 2_000) },
    });
    await given.place({ voice: 'Puck', language: 'PT-br' });
    await given.ended();
    const [opened] = given.live.sessions[0]!.eventsOf('opened');
    expect(opened!.setup.generationConfig?.speechConfig).toMatchObject({
      languageCode: 'pt-BR',
      voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Puck' } },
    });
    expect(await given.record()).toMatchObject({
      voice: 'Puck',
      outbound: { variables: {}, voice: 'Puck', language: 'pt-BR' },
    });
  });

  test('is hung up by whoever placed it, and again without harm', async () => {
    const given = await givenOutbound({ model: MODEL, callees: { [ADA]: person([{ wait: 60_000 }], 1_000) } });
    const { id } = await given.place({});
    await given.clock.advance(5_000);
    expect((await given.ask('DELETE', `/calls/${id}`)).status).toBe(204);
    expect(await given.ended()).toMatchObject({ end: { how: 'serviceHungUp' } });
    expect((await given.ask('DELETE', `/calls/${id}`)).status).toBe(204);
    await given.record();
    expect((await given.ask('DELETE', `/calls/${id}`)).status).toBe(204);
  });
});

describe('a call that is not answered', () => {
  test.each([
    ['busy', nobody('busy'), 'busy'],
    ['of a number that is none', nobody('unreachable'), 'failed'],
    ['that rings for too long', person([{ wait: 1 }], 90_000), 'noAnswer'],
  ])('%s ends so, and leaves no session', async (_what, callee, end) => {
    const given = await givenOutbound({ callees: { [ADA]: callee } });
    const { id } = await given.place({});
    expect(await given.ended()).toMatchObject({ end: { how: 'notAnswered' } });
    // Its record is on disk before that is known.
    await vi.waitFor(async () => expect(await stateOf(given, id)).toMatchObject({ state: 'ended', end }));
    expect(given.live.sessions).toEqual([]);
    expect(await (await given.ask('GET', '/calls')).json()).toEqual({ calls: [] });
  });

  const NUMBERS: [string, Callee, string][] = [
    ['busy', nobody('busy'), 'busy'],
    ['no number', nobody('unreachable'), 'failed'],
    ['not taken up', person([{ wait: 1 }], 90_000), 'noAnswer'],
  ];
  const orders = ['once', 'twice', 'reversed'] as const;
  test.each(orders.flatMap((told) => NUMBERS.map((number) => [told, ...number] as const)))(
    'told %s, that was %s, leaves one record and tells its receiver once',
    async (statusCallbacks, _what, callee, end) => {
      const { url, deliveries } = await startReceiver();
      const webhook = `{ url: "${url}", secretEnv: HOOK, events: [call.started, call.ended, call.analyzed] }`;
      const given = await givenOutbound({
        agent: `afterwards: { formats: [json, text, vtt], summary: true, webhook: ${webhook} }\n`,
        env: { HOOK: `whsec_${Buffer.alloc(32).toString('base64')}` },
        habits: { statusCallbacks },
        callees: { [ADA]: callee },
      });
      const ordered = { variables: { name: 'Ada' }, greeting: 'Hello.', voice: 'Puck', language: 'de' };
      const { id } = await given.place(ordered);
      expect(await given.ended()).toMatchObject({ end: { how: 'notAnswered' } });
      await vi.waitFor(() => expect(deliveries.map(({ id: of }) => of)).toContain(`call_analyzed_${id}`), 10_000);
      const record = await given.record();
      expect(record).toMatchObject({
        callId: id,
        agent: 'caller',
        direction: 'outbound',
        from: OUR_NUMBER,
        to: ADA,
        voice: 'Puck',
        outbound: ordered,
        answeredAt: null,
        durationMs: 0,
        outcome: { kind: 'unanswered', end },
        lines: [],
        analysis: { summary: { result: null, failure: null, skipped: 'unanswered' } },
      });
      expect(Date.parse(record.endedAt)).toBeGreaterThan(Date.parse(record.startedAt));
      expect(deliveries.map(({ id: of }) => of)).toEqual([`call_ended_${id}`, `call_analyzed_${id}`]);
      expect(JSON.parse(deliveries[0]!.body)).toMatchObject({
        type: 'call.ended',
        data: { outcome: { kind: 'unanswered', end } },
      });
      expect(given.live.sessions).toEqual([]);
      expect(await stateOf(given, id)).toMatchObject({ state: 'ended', end, record: { callId: id } });
      // What was told of the call is forgotten after a day, and its record is not.
      given.clock.tick(25 * 60 * 60_000);
      expect(await stateOf(given, id)).toMatchObject({ state: 'ended', end, direction: 'outbound', to: ADA });
    },
  );

  test('after an order that Twilio has taken on, and whose answer was lost, is in the record all the same', async () => {
    const given = await givenOutbound({ callees: { [ADA]: nobody('busy') } });
    given.twilio.trouble({ loseAnswer: true });
    const answer = await given.ask('POST', '/calls', { body: { agent: 'caller', to: ADA } });
    expect([answer.status, await answer.json()]).toMatchObject([502, { error: 'PROVIDER_REST' }]);
    await given.ended();
    expect(await given.record()).toMatchObject({ to: ADA, outcome: { kind: 'unanswered', end: 'busy' } });
  });

  test('is taken back while it rings', async () => {
    const given = await givenOutbound({ callees: { [ADA]: person([{ wait: 1 }], 20_000) } });
    const { id } = await given.place({});
    await given.clock.advance(3_000);
    expect((await given.ask('DELETE', `/calls/${id}`)).status).toBe(204);
    expect(await given.ended()).toMatchObject({ end: { how: 'notAnswered', status: 'canceled' } });
    expect(await given.record()).toMatchObject({ outcome: { kind: 'unanswered', end: 'canceled' } });
    expect(await stateOf(given, id)).toMatchObject({ state: 'ended', end: 'canceled' });
  });
});

test.each(['twice', 'reversed'] as const)('callbacks that come %s take a finished call nowhere', async (order) => {
  const given = await givenOutbound({ model: MODEL, habits: { statusCallbacks: order } });
  const { id } = await given.place({});
  await given.ended();
  await given.record();
  expect(await stateOf(given, id)).toMatchObject({ state: 'ended', end: 'completed' });
});

describe('a machine that answers', () => {
  const answering = { [ADA]: voicemail({ toneHz: 600, lengthMs: 9_000, dbov: -20 }, 1_000) };

  test('is hung up on as soon as it is known, and its greeting reaches nobody', async () => {
    const given = await givenOutbound({
      agent: 'greeting: Hello.\noutbound: { machine: hangUp }\n',
      model: MODEL,
      callees: answering,
    });
    await given.place({});
    const result = await given.ended();
    expect(result.end).toEqual({ how: 'serviceHungUp' });
    expect(result.events.at(-1)!.atMs).toBeLessThan(4_500);
    expect(heardOf(given)).toBe(0);
    expect((await given.record()).events).toContainEqual(
      expect.objectContaining({ code: 'MACHINE_ANSWERED', detail: 'machine_start' }),
    );
  });

  test('gets the message after the beep, and nothing of its greeting is answered', async () => {
    const given = await givenOutbound({
      agent: 'greeting: Hello.\noutbound: { machine: { leaveMessage: "Ask {{vars.name}} to call back." } }\n',
      model: MODEL,
      callees: answering,
    });
    await given.place({ variables: { name: 'Ada' } });
    const result = await given.ended();
    expect(result.end).toEqual({ how: 'serviceHungUp' });
    expect(textsOf(given)).toEqual([
      expect.stringContaining('Hello.'),
      expect.stringMatching(/^\[A machine has answered.*\] Ask Ada to call back\.$/),
    ]);
    // The greeting has nine seconds, the beep half of one.
    const message = result.sounds.filter(({ fromMs }) => fromMs > 9_500);
    expect(message.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)).toBeGreaterThan(2_000);
    expect(heardOf(given)).toBe(0);
    const { lines } = await given.record();
    expect(lines).toMatchObject([{ text: GREETING }, { text: MESSAGE, heardText: MESSAGE, cut: false }]);
  });

  test('that is known before the session is there is left its message, and not greeted in place of that', async () => {
    const given = await givenOutbound({
      agent: 'greeting: Hello.\noutbound: { machine: { leaveMessage: Call back. } }\n',
      model: { turns: [{ on: 'text', says: MESSAGE }], faults: [{ kind: 'silentSetup', times: 1 }] },
      callees: { [ADA]: voicemail({ toneHz: 600, lengthMs: 1_500, dbov: -20 }, 1_000) },
    });
    await given.place({});
    expect((await given.ended()).end).toEqual({ how: 'serviceHungUp' });
    expect(textsOf(given)).toEqual([expect.stringMatching(/^\[A machine has answered.*\] Call back\.$/)]);
    expect((await given.record()).lines).toMatchObject([{ text: MESSAGE, heardText: MESSAGE, cut: false }]);
  });

  test('a person in its place is greeted at once, hears the greeting to its end, and is answered after that', async () => {
    const given = await givenOutbound({
      agent: 'greeting: Hello.\noutbound: { machine: { leaveMessage: Call back. } }\n',
      model: {
        ...MODEL,
        turns: [...MODEL.turns!, { on: 'speech', hears: 'Yes, go on.', says: 'I am glad to hear you.' }],
      },
      callees: {
        [ADA]: person(ANSWERING, 1_000),
      },
    });
    await given.place({});
    const result = await given.ended();
    expect(result.scriptFailure).toBeUndefined();
    expect(heardOf(given)).toBeGreaterThan(1_000);
    expect((await given.record()).lines).toMatchObject([
      { text: GREETING, cut: false },
      { speaker: 'caller' },
      { text: 'I am glad to hear you.', cut: false },
    ]);
  });
});

describe('an order is turned down', () => {
  test.each([
    ['where nobody may be called', { OUTBOUND_ALLOWED: '' }, {}, 403, 'OUTBOUND_OFF'],
    ['for a number that may not be called', {}, { to: '+4412345678' }, 403, 'OUTBOUND_REFUSED'],
    ['for an agent that is none', {}, { agent: 'nobody' }, 400, 'API_BAD_REQUEST'],
    ['from a number that is not ours', {}, { from: '+15559999999' }, 422, 'PROVIDER_REFUSED'],
    ['to a country that Twilio does not call', {}, { to: '+4930123456' }, 422, 'PROVIDER_REFUSED'],
  ])('%s', async (_what, env, body, status, error) => {
    const given = await givenOutbound({ env });
    const answer = await given.ask('POST', '/calls', { body: { agent: 'caller', to: ADA, ...body } });
    expect([answer.status, await answer.json()]).toMatchObject([status, { error }]);
    expect(given.exchange.calls).toEqual([]);
    expect(given.log.join('')).not.toContain('outbound-auth-token');
  });

  test.each([
    ['voice', { voice: 'Pukc' }, 'voice: there is none of this name; the nearest are Puck, '],
    ['language', { language: 'xx-YY' }, 'language: there is none of this name; the nearest are '],
  ])('for a %s that there is none of, with what there is', async (_what, body, message) => {
    const given = await givenOutbound();
    const answer = await given.ask('POST', '/calls', { body: { agent: 'caller', to: ADA, ...body } });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ error: 'API_BAD_REQUEST', message: expect.stringContaining(message) });
    expect(given.exchange.calls).toEqual([]);
  });

  test('and without an account, there is nobody to place calls with', async () => {
    const given = await givenOutbound({ env: { TWILIO_ACCOUNT_SID: '' } });
    const answer = await given.ask('POST', '/calls', { body: { agent: 'caller', to: ADA } });
    expect([answer.status, await answer.json()]).toMatchObject([403, { error: 'OUTBOUND_OFF' }]);
  });
});

test('an order that failed for wrong credentials rings, with the same Idempotency-Key, once they are mended', async () => {
  const given = await givenOutbound();
  const order = () =>
    given.ask('POST', '/calls', { body: { agent: 'caller', to: ADA }, headers: { 'idempotency-key': 'a' } });
  given.twilio.trouble({ refuse: 20003 });
  const answer = await order();
  expect([answer.status, await answer.json()]).toMatchObject([503, { error: 'PROVIDER_ACCOUNT' }]);
  expect((await order()).status).toBe(201);
  expect(given.exchange.calls).toHaveLength(1);
});

test('without an account nobody can be asked to end a call that goes on', async () => {
  const given = await givenOutbound({ env: { TWILIO_ACCOUNT_SID: '' }, model: MODEL });
  const calling = given.incoming([{ hear: 'agent' }, { wait: 60_000 }, 'hangUp']);
  const look = async (): Promise<string> => {
    const { calls } = (await (await given.ask('GET', '/calls')).json()) as { calls: { id: string }[] };
    return calls[0]?.id ?? Promise.reject(new Error('no call yet'));
  };
  const id = await vi.waitFor(look, { timeout: 10_000, interval: 5 });
  const answer = await given.ask('DELETE', `/calls/${id}`);
  expect([answer.status, await answer.json()]).toMatchObject([403, { error: 'OUTBOUND_OFF' }]);
  await calling;
});

test('TWILIO_FROM calls, unless the order says who does', async () => {
  const given = await givenOutbound({ env: { TWILIO_FROM: '+15550111' } });
  const answer = await given.ask('POST', '/calls', { body: { agent: 'caller', to: ADA } });
  expect(answer.status).toBe(422);
  expect(given.twilio.requests[0]!.form['From']).toBe('+15550111');
  expect((await given.place({ from: OUR_NUMBER })).state).toBe('queued');
});

describe('a call that is answered, and whose stream never comes,', () => {
  test('leaves a record that says why its agent was not there', async () => {
    const given = await givenOutbound({
      env: { MAX_CALLS: '1' },
      callees: { [ADA]: person([{ wait: 8_000 }], 6_000) },
    });
    const { id } = await given.place({ variables: { name: 'Ada' } });
    // Somebody calls in while it rings, and has the only place.
    const calling = given.incoming([{ wait: 20_000 }, 'hangUp']);
    await given.ended();
    await calling;
    expect(await stateOf(given, id)).toMatchObject({
      state: 'ended',
      end: 'completed',
      record: { answeredAt: null, outcome: { kind: 'failed', fault: 'us', code: 'SERVICE_FULL' }, lines: [] },
    });
  });

  test('as one who hangs up at once has gone', async () => {
    const given = await givenOutbound({ callees: { [ADA]: person(['hangUp']) } });
    const { id } = await given.place({});
    await given.ended();
    await given.clock.advance(5_000);
    expect(await given.record()).toMatchObject({ callId: id, answeredAt: null, outcome: { kind: 'callerGone' } });
  });

  test('as its stream could not be opened', async () => {
    const { url, deliveries } = await startReceiver();
    const given = await givenOutbound({
      agent: `afterwards: { webhook: { url: "${url}", secretEnv: HOOK } }\n`,
      env: { HOOK: `whsec_${Buffer.alloc(32).toString('base64')}` },
      habits: { refusedStream: 'broken' },
      refusesStreams: true,
      callees: { [ADA]: person([{ wait: 8_000 }]) },
    });
    const { id } = await given.place({});
    await given.ended();
    await given.clock.advance(5_000);
    await vi.waitFor(() => expect(deliveries.map((delivery) => delivery.id)).toEqual([`call_ended_${id}`]));
    expect(await given.record()).toMatchObject({
      answeredAt: null,
      outcome: { kind: 'failed', fault: 'provider', code: 'STREAM_NEVER_CAME' },
    });
  });

  test('is said to be over at a stop, too, though a stream might still have come', async () => {
    const given = await givenOutbound({
      habits: { refusedStream: 'broken' },
      refusesStreams: true,
      callees: { [ADA]: person([{ wait: 8_000 }]) },
    });
    const { id } = await given.place({});
    const told = async (): Promise<void> => {
      while ((await stateOf(given, id)).state !== 'ended')
        await new Promise((go) => given.clock.after(200, () => go(0)));
    };
    await given.wind(told());
    const overMs = given.clock.nowMs();
    await given.stop();
    expect(given.clock.nowMs() - overMs).toBeLessThan(4_000);
    expect(given.log.filter((line) => line.includes('was answered, and no stream came'))).toHaveLength(1);
  });
});
