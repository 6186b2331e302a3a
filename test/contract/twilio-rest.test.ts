/**
 * The two sides of Twilio's REST API: the `twilio` package's own client against our simulator, which so is held to Twilio's
 * shapes, and our CallControl against the simulator, with a simulated call in between that is really led elsewhere.
 */
import twilio from 'twilio';
import { afterEach, describe, expect, test } from 'vitest';
import { type Clock, Failure, systemClock } from '../../src/lib/index.ts';
import {
  type CallResult,
  callScript,
  createSwitchboard,
  type ProviderHabitsInput,
  placeCall,
  type Switchboard,
  startTwilioSimulator,
  type TwilioSimulator,
} from '../../src/simulator/index.ts';
import { type CallControl, createTwilioCallControl } from '../../src/telephony/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { countingIds } from '../unit/simulator-phone/given.ts';
import { type MemoryService, memoryService } from '../unit/simulator-phone/memory-service.ts';

const ACCOUNT = `AC${'0'.repeat(32)}`;
const TOKEN = 'a rest token';
const BASE = 'https://voice.example';
const connect = (path: string): string =>
  `<Response><Connect action="/ended"><Stream url="wss://voice.example${path}"/></Connect></Response>`;

const open: TwilioSimulator[] = [];
afterEach(async () => {
  for (const simulator of open.splice(0)) await simulator.close();
});

interface Given {
  readonly rest: TwilioSimulator;
  readonly switchboard: Switchboard;
  readonly clock: ManualClock;
  readonly service: MemoryService;
  readonly callSid: string;
  /** Winds the call to its end. */
  ended(): Promise<CallResult>;
  client(token?: string): ReturnType<typeof twilio>;
}

/** A call that is in its stream since a second. */
async function givenCall(habits: ProviderHabitsInput = {}): Promise<Given> {
  const clock = new ManualClock();
  const switchboard = createSwitchboard();
  const rest = await startTwilioSimulator({ accountSid: ACCOUNT, authToken: TOKEN, switchboard, clock });
  open.push(rest);
  const service = memoryService(clock, {
    '/twilio/voice': connect('/first'),
    '/ended': '<Response><Say>in vain</Say></Response>',
    '/resume': connect('/second'),
  });
  const placed = placeCall({
    voiceUrl: `${BASE}/twilio/voice`,
    authToken: 'signing token',
    accountSid: ACCOUNT,
    from: '+15550100',
    to: '+15550199',
    script: callScript.parse([{ wait: 10_000 }]),
    clock,
    ids: countingIds(),
    network: service.network,
    switchboard,
    habits,
  });
  await clock.advance(1_000);
  const client = (token = TOKEN): ReturnType<typeof twilio> => {
    const made = twilio(ACCOUNT, token);
    made.api.baseUrl = rest.url;
    return made;
  };
  const callSid = switchboard.running()[0]!.facts.callSid;
  const ended = async (): Promise<CallResult> => {
    await clock.advance(20_000);
    return placed;
  };
  return { rest, switchboard, clock, service, callSid, ended, client };
}

/** What the service was sent on its streams, by the order in which they were opened. */
const eventsOf = ({ service }: Given, stream: number): string[] =>
  service.received(stream).map((text) => JSON.parse(text).event);

describe("the twilio package's client", () => {
  test('reads a running call with the fields that Twilio gives', async () => {
    const given = await givenCall();
    const call = await given.client().calls(given.callSid).fetch();
    expect(call).toMatchObject({
      sid: given.callSid,
      accountSid: ACCOUNT,
      status: 'in-progress',
      direction: 'inbound',
      from: '+15550100',
      to: '+15550199',
      apiVersion: '2010-04-01',
      startTime: new Date('2026-01-01T00:00:00Z'),
      uri: `/2010-04-01/Accounts/${ACCOUNT}/Calls/${given.callSid}.json`,
    });
    expect(call.endTime).toBeFalsy();
    await given.ended();
    const over = await given.client().calls(given.callSid).fetch();
    expect(over).toMatchObject({ status: 'completed', duration: '10', endTime: new Date('2026-01-01T00:00:10Z') });
  });

  test('leads a call to another address: its stream is stopped and closed, and the new document followed', async () => {
    const given = await givenCall();
    const updated = await given
      .client()
      .calls(given.callSid)
      .update({ url: `${BASE}/resume`, method: 'POST' });
    expect(updated.status).toBe('in-progress');
    await given.clock.advance(1_000);
    expect(eventsOf(given, 0).at(-1)).toBe('stop');
    expect(given.service.upgrades.map(({ url }) => new URL(url).pathname)).toEqual(['/first', '/second']);
    const result = await given.ended();
    expect(given.service.requestsTo('/ended')).toEqual([]);
    const form = new URLSearchParams(given.service.requestsTo('/resume')[0]?.body);
    expect(Object.fromEntries(form)).toMatchObject({ CallSid: given.callSid, CallStatus: 'in-progress' });
    expect(result.end).toEqual({ how: 'callerHungUp' });
    expect(result.streams).toMatchObject([
      { startedMs: 0, endedMs: 1_000, code: undefined },
      { startedMs: 1_000, endedMs: 10_000 },
    ]);
    expect(given.clock.armed).toBe(0);
  });

  test('leads a call to a document of its own', async () => {
    const given = await givenCall();
    await given.client().calls(given.callSid).update({ twiml: '<Response><Say>Good bye.</Say></Response>' });
    const result = await given.ended();
    expect(result.events).toContainEqual({ type: 'spoken', text: 'Good bye.', atMs: 1_000 });
    expect(result.end).toEqual({ how: 'serviceHungUp' });
  });

  test('ends a call', async () => {
    const given = await givenCall();
    const updated = await given.client().calls(given.callSid).update({ status: 'completed' });
    expect(updated.sid).toBe(given.callSid);
    const result = await given.ended();
    expect(result.end).toEqual({ how: 'serviceHungUp' });
    expect(result.streams).toMatchObject([{ endedMs: 1_000 }]);
    expect(eventsOf(given, 0).at(-1)).toBe('stop');
  });

  test.each([
    ['with another token', 401, 20003, (g: Given) => g.client('another').calls(g.callSid).fetch()],
    [
      'about a call that nobody knows',
      404,
      20404,
      (g: Given) =>
        g
          .client()
          .calls(`CA${'f'.repeat(32)}`)
          .fetch(),
    ],
    ['with an address that is none', 400, 21205, (g: Given) => g.client().calls(g.callSid).update({ url: '/resume' })],
    ['for what is not simulated', 404, 20404, (g: Given) => g.client().calls(g.callSid).recordings.list()],
  ])('is refused %s', async (_what, status, code, ask) => {
    const given = await givenCall();
    await expect(ask(given)).rejects.toMatchObject({
      status,
      code,
      moreInfo: `https://www.twilio.com/docs/errors/${code}`,
    });
    await given.ended();
  });

  test.each([
    ['leading it elsewhere', { url: `${BASE}/resume` }],
    ['ending it', { status: 'completed' as const }],
  ])('comes too late for a call that has ended: %s', async (_what, update) => {
    const given = await givenCall();
    await given.ended();
    await expect(given.client().calls(given.callSid).update(update)).rejects.toMatchObject({
      status: 400,
      code: 21220,
      message: 'Call is not in-progress. Cannot redirect.',
    });
  });

  test('is told when it asks too often', async () => {
    const given = await givenCall();
    given.rest.trouble({ refuse: 20429 });
    await expect(given.client().calls(given.callSid).fetch()).rejects.toMatchObject({ status: 429, code: 20429 });
    await given.ended();
  });
});

describe('CallControl', () => {
  /** A deadline is waited for in two halves; waits between tries are shorter. */
  const HALF_A_DEADLINE_MS = 2_500;
  /** Waits between tries are not waited for; deadlines never fall due. */
  const hurried = (waits: number[] = []): Clock => ({
    ...systemClock,
    after(delayMs, run) {
      if (delayMs >= HALF_A_DEADLINE_MS) return () => undefined;
      waits.push(delayMs);
      return systemClock.after(0, run);
    },
  });
  const controlOf = (given: Given, clock: Clock = systemClock, authToken = TOKEN): CallControl =>
    createTwilioCallControl({ accountSid: ACCOUNT, authToken, baseUrl: given.rest.url, clock, ids: countingIds() });
  const failureOf = async (work: Promise<unknown>): Promise<Failure> => {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof Failure)) throw new Error(`no failure but ${String(error)}`);
    return error;
  };

  test('leads a running call elsewhere by POST, and ends one', async () => {
    const given = await givenCall();
    const control = controlOf(given);
    expect(await control.redirect(given.callSid, `${BASE}/resume`)).toBe('done');
    expect(given.rest.requests.at(-1)).toMatchObject({ form: { Url: `${BASE}/resume`, Method: 'POST' }, status: 200 });
    await given.clock.advance(1_000);
    expect(given.service.upgrades).toHaveLength(2);
    expect(await control.hangUp(given.callSid)).toBe('done');
    const result = await given.ended();
    expect(result.end).toEqual({ how: 'serviceHungUp' });
  });

  test('finds a call over that has ended, or that nobody knows', async () => {
    const given = await givenCall();
    await given.ended();
    const control = controlOf(given);
    expect(await control.redirect(given.callSid, `${BASE}/resume`)).toBe('over');
    expect(await control.hangUp(given.callSid)).toBe('over');
    expect(await control.hangUp(`CA${'f'.repeat(32)}`)).toBe('over');
    expect(given.rest.requests.map(({ method, status }) => [method, status])).toEqual([
      ['POST', 400],
      ['POST', 400],
      ['POST', 404],
      // Whether it is the call that is not there.
      ['GET', 200],
    ]);
  });

  test.each<[string, (given: Given) => CallControl]>([
    [
      'everything is not found, as at a wrong base URL',
      (given) => controlOf({ ...given, rest: { ...given.rest, url: `${given.rest.url}/elsewhere` } }),
    ],
    [
      'the account is not found either',
      (given) => {
        given.rest.trouble({ refuse: 20404 }, { refuse: 20404 });
        return controlOf(given);
      },
    ],
    [
      'the account is refused',
      (given) => {
        given.rest.trouble({ refuse: 20404 }, { refuse: 20003 });
        return controlOf(given);
      },
    ],
    [
      'nobody says whether the account is there',
      (given) => {
        given.rest.trouble({ refuse: 20404 }, { cut: true });
        return controlOf(given);
      },
    ],
  ])('does not take a running call for over when %s', async (_what, open) => {
    const given = await givenCall();
    const failure = await failureOf(open(given).redirect(given.callSid, `${BASE}/resume`));
    expect(failure.code).toBe('PROVIDER_REST');
    expect(failure.message).toBe('Twilio did not lead a call elsewhere: HTTP 404, Twilio 20404 (tried 1×)');
    await given.ended();
  });

  test('tries again after a refusal that may pass, a cut connection and a lost answer', async () => {
    const given = await givenCall();
    const waits: number[] = [];
    const control = controlOf(given, hurried(waits));
    given.rest.trouble({ refuse: 20429 }, { refuse: 20503 });
    expect(await control.redirect(given.callSid, `${BASE}/resume`)).toBe('done');
    given.rest.trouble({ cut: true }, { loseAnswer: true });
    // The hang-up whose answer was lost had been carried out.
    expect(await control.hangUp(given.callSid)).toBe('over');
    expect(given.rest.requests.map(({ status }) => status)).toEqual([429, 503, 200, 0, 0, 400]);
    expect(waits).toEqual([250, 750, 250, 750]);
    await given.ended();
  });

  test('tries no more when nobody wants it any more', async () => {
    const given = await givenCall();
    const unwanted = new AbortController();
    const clock: Clock = {
      ...hurried(),
      after(delayMs, run) {
        if (delayMs < HALF_A_DEADLINE_MS) unwanted.abort();
        return hurried().after(delayMs, run);
      },
    };
    given.rest.trouble({ refuse: 20503 });
    const failure = await failureOf(controlOf(given, clock).redirect(given.callSid, `${BASE}/resume`, unwanted.signal));
    expect(failure.message).toBe('Twilio did not lead a call elsewhere: HTTP 503, Twilio 20503 (tried 1×)');
    expect(given.rest.requests).toHaveLength(1);
    await given.ended();
  });

  test('gives up after three tries, and at once where trying again cannot help', async () => {
    const given = await givenCall();
    given.rest.trouble(...Array.from({ length: 9 }, () => ({ refuse: 20500 }) as const));
    const worn = await failureOf(controlOf(given, hurried()).hangUp(given.callSid));
    expect(worn.code).toBe('PROVIDER_REST');
    expect(worn.message).toBe('Twilio did not end a call: HTTP 500, Twilio 20500 (tried 3×)');
    expect(given.rest.requests).toHaveLength(3);
    given.rest.trouble();
    await given.ended();
  });

  test('gives up on a service that does not answer, after a deadline', async () => {
    const given = await givenCall();
    const limits: number[] = [];
    const clock: Clock = {
      ...systemClock,
      after(delayMs, run) {
        if (delayMs >= HALF_A_DEADLINE_MS) limits.push(delayMs);
        return systemClock.after(0, run);
      },
    };
    given.rest.trouble({ delayMs: 600_000 }, { delayMs: 600_000 }, { delayMs: 600_000 });
    const failure = await failureOf(controlOf(given, clock).redirect(given.callSid, `${BASE}/resume`));
    expect(failure.message).toBe('Twilio did not lead a call elsewhere: no answer (tried 3×)');
    expect(limits).toEqual(Array.from({ length: 2 * 3 }, () => HALF_A_DEADLINE_MS));
    await given.ended();
  });

  test.each([
    ['a refusal of the credentials', 'a wrong token', (_given: Given) => undefined],
    ['a connection that does not come about', TOKEN, (given: Given) => given.rest.close()],
  ])('says nothing secret about %s', async (_what, token, before) => {
    const given = await givenCall();
    const control = controlOf(given, hurried(), token);
    await before(given);
    const failure = await failureOf(control.redirect(given.callSid, `${BASE}/resume?secret=1`));
    expect(failure.code).toBe('PROVIDER_REST');
    expect(failure.message).toMatch(/HTTP 401, Twilio 20003 \(tried 1×\)|ECONNREFUSED \(tried 3×\)/);
    const everything = JSON.stringify([failure, failure.message, failure.stack, failure.cause]);
    for (const secret of [token, ACCOUNT, 'secret=1', 'Basic', Buffer.from(token).toString('base64').slice(0, 8)]) {
      expect(everything).not.toContain(secret);
    }
    await given.ended();
  });
});
