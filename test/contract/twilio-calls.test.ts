/** The placing of calls: the `twilio` package's client, and ours over it, against the simulated REST API with its real shapes and errors. */
import twilio from 'twilio';
import { expect, onTestFinished, test } from 'vitest';
import { type Failure, systemClock } from '../../src/lib/index.ts';
import { createExchange, createSwitchboard, nobody, startTwilioSimulator } from '../../src/simulator/index.ts';
import { type CallOrder, createTwilioCallPlacer } from '../../src/telephony/index.ts';
import { countingIds } from '../support/counting-ids.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { memoryService } from '../unit/simulator-phone/memory-service.ts';

const ACCOUNT = `AC${'0'.repeat(32)}`;
const TOKEN = 'a rest token';
const ORDER: CallOrder = {
  to: '+15550177',
  from: '+15550100',
  voiceUrl: 'https://voice.example/twilio/voice?outbound=token#rc=3',
  statusUrl: 'https://voice.example/twilio/status?outbound=token',
  ringMs: 25_000,
  maxCallMs: 90_000,
};

async function given() {
  const clock = new ManualClock();
  const switchboard = createSwitchboard();
  const service = memoryService(clock, {});
  const exchange = createExchange({
    accountSid: ACCOUNT,
    authToken: TOKEN,
    numbers: [ORDER.from],
    calleeOf: (to) => (to.startsWith('+1555') ? nobody('busy') : undefined),
    switchboard,
    network: service.network,
    clock,
    ids: countingIds(),
  });
  const rest = await startTwilioSimulator({ accountSid: ACCOUNT, authToken: TOKEN, switchboard, exchange, clock });
  onTestFinished(() => rest.close());
  const placer = (authToken = TOKEN, baseUrl = rest.url) =>
    createTwilioCallPlacer({ accountSid: ACCOUNT, authToken, baseUrl, clock: systemClock });
  const client = twilio(ACCOUNT, TOKEN);
  client.api.baseUrl = rest.url;
  return { clock, rest, exchange, client, placer };
}

const failureOf = (work: Promise<unknown>): Promise<Failure> =>
  work.then(
    () => Promise.reject(new Error('it was placed')),
    (error) => error as Failure,
  );

test('a call that is placed has the fields that Twilio gives, and ends as its phone does', async () => {
  const { clock, client, exchange } = await given();
  const call = await client.calls.create({ to: ORDER.to, from: ORDER.from, url: ORDER.voiceUrl });
  expect(call).toMatchObject({ status: 'queued', direction: 'outbound-api', to: ORDER.to, from: ORDER.from });
  expect(call.sid).toMatch(/^CA[0-9a-f]{32}$/);
  await clock.advance(10_000);
  expect((await exchange.calls[0]!.result).end).toEqual({ how: 'notAnswered', status: 'busy' });
  expect((await client.calls(call.sid).fetch()).status).toBe('busy');
});

test('a call that may last for four hours is placed for no longer', async () => {
  const { rest, placer } = await given();
  await placer().place({ ...ORDER, maxCallMs: 4 * 60 * 60_000 + 60_000 });
  expect(rest.requests[0]!.form['TimeLimit']).toBe('14400');
});

test('Twilio is asked once, for all that was ordered', async () => {
  const { rest, placer } = await given();
  const callId = await placer().place({ ...ORDER, detection: { until: 'messageEnd', url: 'https://voice.example/m' } });
  expect(callId).toMatch(/^CA/);
  expect(rest.requests).toMatchObject([
    {
      method: 'POST',
      path: `/2010-04-01/Accounts/${ACCOUNT}/Calls.json`,
      form: {
        To: ORDER.to,
        From: ORDER.from,
        Url: ORDER.voiceUrl,
        Method: 'POST',
        StatusCallback: ORDER.statusUrl,
        Timeout: '25',
        TimeLimit: '90',
        MachineDetection: 'DetectMessageEnd',
        AsyncAmd: 'true',
        AsyncAmdStatusCallback: 'https://voice.example/m',
      },
    },
  ]);
});

test.each([
  ['a number that is none', { to: '+1555' }, 21211],
  ['a number that is not ours', { from: '+15559999' }, 21212],
  ['a country that is not enabled', { to: '+4930123456' }, 21215],
  ['an address that is none', { voiceUrl: '/twilio/voice' }, 21205],
])('%s is refused for good', async (_what, change, code) => {
  const { rest, placer } = await given();
  const failure = await failureOf(placer().place({ ...ORDER, ...change }));
  expect(failure).toMatchObject({ code: 'PROVIDER_REFUSED' });
  expect(failure.message).toBe(`Twilio does not place this call: HTTP 400, Twilio ${code}`);
  expect(rest.requests).toHaveLength(1);
});

test('too many requests, or no connection: it may be tried later', async () => {
  const { rest, placer } = await given();
  rest.trouble({ refuse: 20429 });
  expect(await failureOf(placer().place(ORDER))).toMatchObject({ code: 'PROVIDER_BUSY' });
  expect(await failureOf(placer(TOKEN, 'http://127.0.0.1:1').place(ORDER))).toMatchObject({ code: 'PROVIDER_BUSY' });
});

test.each([
  ['an answer that is lost', { loseAnswer: true }],
  ['a connection that is cut', { cut: true }],
  ['a defect of Twilio', { refuse: 20500 }],
] as const)('%s: nobody knows, and it is not tried again', async (_what, trouble) => {
  const { rest, placer } = await given();
  rest.trouble(trouble);
  expect(await failureOf(placer().place(ORDER))).toMatchObject({ code: 'PROVIDER_REST' });
  expect(rest.requests).toHaveLength(1);
});

test('an account that may place no calls, or is not known at the base URL, has placed none', async () => {
  const { rest, placer } = await given();
  rest.trouble({ refuse: 20403 });
  const failures = [
    await failureOf(placer().place(ORDER)),
    await failureOf(placer(TOKEN, `${rest.url}/elsewhere`).place(ORDER)),
  ];
  expect(failures.map(({ code, message }) => [code, message.replace(/^.*: /, '')])).toEqual([
    ['PROVIDER_ACCOUNT', 'HTTP 403, Twilio 20403'],
    ['PROVIDER_ACCOUNT', 'HTTP 404, Twilio 20404'],
  ]);
  expect(rest.requests).toHaveLength(2);
});

test('a wrong token is told without the token, or anything else of the request', async () => {
  const { placer } = await given();
  const failure = await failureOf(placer('hush-token').place(ORDER));
  expect(failure.code).toBe('PROVIDER_ACCOUNT');
  expect(failure.message).toContain('HTTP 401, Twilio 20003');
  expect(failure.cause).toBeUndefined();
  expect(failure.message).not.toMatch(/hush|\+1555|voice\.example/);
});
