/** What can come in by the routes for calls: at a real server, whose calls only take notes. After each attack an honest call works. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CALLS_DOOR_FAILURES, type CallsDoor, type CallView } from '../../src/http/index.ts';
import { Failure, type FailureCode } from '../../src/lib/index.ts';
import { documentedAnswers } from '../support/documented-answers.ts';
import { CALL, startService } from '../unit/http/service.ts';
import { hostileText } from './hostile.ts';
import { answerTo, statusesIn } from './raw.ts';

const KEY = 'a key of sixteen or more';
const API_KEY = KEY.replaceAll(' ', '-');
const ORDER = { agent: 'front-desk', to: '+15550177' };
const VIEW: CallView = { id: CALL, state: 'queued', direction: 'outbound', from: '+15550100', ...ORDER };
type Order = Parameters<CallsDoor['place']>[0];

async function givenApi(door: Partial<CallsDoor> = {}, apiKey: string | null = API_KEY) {
  const placed: Order[] = [];
  const asked: string[] = [];
  const place = async (order: Order): Promise<CallView> => {
    placed.push(order);
    return VIEW;
  };
  const look = async (id: string): Promise<CallView | undefined> => {
    asked.push(id);
    return id === CALL ? VIEW : undefined;
  };
  const hangUp = async (id: string): Promise<boolean> => (await look(id)) !== undefined;
  const service = await startService({
    ...(apiKey !== null && { apiKey }),
    door: { place, look, hangUp, ...door },
  });
  const origin = `http://127.0.0.1:${service.port}`;
  const expectDocumented = documentedAnswers(origin);
  const ask = async (
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: string,
  ): Promise<Response> => {
    const response = await fetch(origin + path, {
      method,
      headers: { authorization: `Bearer ${API_KEY}`, ...headers },
      body: body ?? null,
    });
    await expectDocumented(method, path, response);
    return response;
  };
  const post = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    ask(
      'POST',
      '/calls',
      { 'content-type': 'application/json', ...headers },
      typeof body === 'string' ? body : JSON.stringify(body),
    );
  const expectHonest = async (): Promise<void> => {
    service.clock.tick(60_000);
    expect((await post(ORDER)).status).toBe(201);
  };
  return { service, placed, asked, ask, post, expectHonest };
}

const errorOf = async (response: Response): Promise<string> => ((await response.json()) as { error: string }).error;

describe('the key', () => {
  test('that is not set switches the routes off', async () => {
    const { service, ask, post, placed } = await givenApi({}, null);
    for (const answer of [await post(ORDER), await ask('GET', '/calls'), await ask('DELETE', `/calls/${CALL}`)]) {
      expect([answer.status, await errorOf(answer)]).toEqual([404, 'API_OFF']);
    }
    expect(placed).toEqual([]);
    expect((await service.get('/openapi.json')).status).toBe(200);
  });

  test.each([
    ['none', {}],
    ['another one', { authorization: 'Bearer another-key-of-that-length' }],
    ['its beginning', { authorization: `Bearer ${API_KEY.slice(0, -1)}` }],
    ['more than it', { authorization: `Bearer ${API_KEY}x` }],
    ['in another scheme', { authorization: `Basic ${Buffer.from(`:${API_KEY}`).toString('base64')}` }],
    ['by itself', { authorization: API_KEY }],
    ['twice', { authorization: `Bearer ${API_KEY} ${API_KEY}` }],
    ['of 8 kB', { authorization: `Bearer ${'x'.repeat(8_000)}` }],
  ])('%s: 401, and nothing is done', async (_what, { authorization = '' }: { authorization?: string }) => {
    const { ask, post, placed, asked, expectHonest, service } = await givenApi();
    const answers = [
      await post(ORDER, { authorization }),
      await ask('GET', '/calls', { authorization }),
      await ask('GET', `/calls/${CALL}`, { authorization }),
      await ask('DELETE', `/calls/${CALL}`, { authorization }),
    ];
    for (const answer of answers) expect([answer.status, await errorOf(answer)]).toEqual([401, 'API_UNAUTHORIZED']);
    expect(answers[0]!.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect([placed, asked]).toEqual([[], []]);
    await expectHonest();
    expect(service.log()).not.toContain(API_KEY);
    expect(service.log()).not.toContain('another-key');
  });

  test('in the query is none', async () => {
    const { service } = await givenApi();
    expect((await service.get(`/calls?key=${API_KEY}&access_token=${API_KEY}`)).status).toBe(401);
    expect(service.log()).not.toContain(API_KEY);
  });
});

describe('a body', () => {
  test.each<[string, unknown]>([
    ['that is no JSON', '{'],
    ['that is empty', ''],
    ['that is a list', [ORDER]],
    ['with a key too many', { ...ORDER, machine: 'hangUp' }],
    ['without a number', { agent: 'front-desk' }],
    ['with a number without plus', { ...ORDER, to: '15550177' }],
    ['with a number of 16 digits', { ...ORDER, to: '+1555017755501775' }],
    ['with a SIP address', { ...ORDER, to: 'sip:ada@example.com' }],
    ['with a number and a header', { ...ORDER, to: '+15550177\r\nX-A: b' }],
    ['with an agent that is a path', { ...ORDER, agent: '../../etc/passwd' }],
    [
      'with 21 variables',
      { ...ORDER, variables: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`v${i}`, ''])) },
    ],
    ['with a variable of 401 characters', { ...ORDER, variables: { a: 'x'.repeat(401) } }],
    ['with a variable that is a number', { ...ORDER, variables: { a: 1 } }],
    ['with a variable of a strange name', { ...ORDER, variables: { 'a.b': '' } }],
    ['with a greeting of blanks', { ...ORDER, greeting: '   ' }],
    ['with a greeting of 451 characters', { ...ORDER, greeting: 'x'.repeat(451) }],
    ['with a voice that is a path', { ...ORDER, voice: '../Puck' }],
    ['with a voice of 65 characters', { ...ORDER, voice: 'x'.repeat(65) }],
    ['with a language of line ends', { ...ORDER, language: 'de\r\n' }],
    ['with a language of 36 characters', { ...ORDER, language: 'x'.repeat(36) }],
    ['of more than 64 kB', { ...ORDER, greeting: 'x'.repeat(70_000) }],
    ['nested deeply', `${'{"variables":'.repeat(5_000)}1${'}'.repeat(5_000)}`],
  ])('%s: 400 with a place, and nothing is placed', async (_what, body) => {
    const { post, placed, expectHonest } = await givenApi();
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ error: 'API_BAD_REQUEST', message: expect.any(String) });
    expect(placed).toEqual([]);
    await expectHonest();
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=a',
    'application/json-seq',
  ])('of the type %s is not read', async (type) => {
    const { post, placed } = await givenApi();
    const answer = await post(ORDER, { 'content-type': type });
    expect([answer.status, await errorOf(answer)]).toEqual([400, 'API_BAD_REQUEST']);
    expect(placed).toEqual([]);
  });

  test('with __proto__ among the variables has none of that name', async () => {
    const { post, placed } = await givenApi();
    await post('{"agent":"front-desk","to":"+15550177","variables":{"__proto__":{"a":1},"b":"c"}}');
    expect(placed.map(({ variables }) => [Object.entries(variables), Object.getPrototypeOf(variables)])).toEqual([
      [[['b', 'c']], Object.prototype],
    ]);
  });

  test('of any text is refused or placed as it is, and logs one line of JSON each', async () => {
    const { service, post, placed } = await givenApi();
    await fc.assert(
      fc.asyncProperty(hostileText, hostileText, async (value, greeting) => {
        service.clock.tick(1_000);
        placed.length = 0;
        const answer = await post({ ...ORDER, variables: { value }, greeting });
        expect([201, 400]).toContain(answer.status);
        if (answer.status === 201) expect(placed).toMatchObject([{ ...ORDER, variables: { value } }]);
      }),
      { numRuns: 60 },
    );
    for (const line of service.log().trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
  });

  test('is not quoted in the log', async () => {
    const { service, post } = await givenApi();
    await post({ ...ORDER, variables: { 'hush.name': 'hush-value' }, greeting: ['hush-greeting'] });
    await post({ ...ORDER, voice: 'hush-voice!', language: 'hush-language!' });
    await post(
      { ...ORDER, variables: { a: 'hush-value' }, greeting: 'hush-greeting' },
      { 'idempotency-key': 'hush-key' },
    );
    expect(service.log()).not.toMatch(/hush-/);
  });
});

describe('an id', () => {
  test.each([
    '..%2f..%2f..%2fetc%2fpasswd',
    '%2e%2e%2frecords',
    `${CALL}%00.json`,
    `${CALL}%2f..`,
    `${CALL}.json`,
    `${CALL}%0d%0aSet-Cookie:a=b`,
    `CA${'x'.repeat(32)}`,
    '%ff',
    'x'.repeat(7_000),
  ])('%s is unknown, and nobody is asked about it', async (id) => {
    const { ask, asked, expectHonest } = await givenApi();
    for (const method of ['GET', 'DELETE']) {
      const answer = await ask(method, `/calls/${id}`);
      expect([400, 404]).toContain(answer.status);
      expect(answer.headers.get('set-cookie')).toBeNull();
    }
    expect(asked).toEqual([]);
    await expectHonest();
  });

  test('with dots in its path leads to no other route', async () => {
    const { service, expectHonest } = await givenApi();
    const answer = await answerTo(
      service.port,
      `GET /calls/../metrics HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${API_KEY}\r\nConnection: close\r\n\r\n`,
    );
    expect(statusesIn(answer)).toEqual([404]);
    await expectHonest();
  });
});

describe('an Idempotency-Key', () => {
  test('that comes again with the same request gets the same answer, and one call', async () => {
    const { post, placed } = await givenApi();
    const [first, second] = await Promise.all([
      post(ORDER, { 'idempotency-key': 'a' }),
      post(ORDER, { 'idempotency-key': 'a' }),
    ]);
    const third = await post({ to: ORDER.to, agent: ORDER.agent }, { 'idempotency-key': 'a' });
    for (const answer of [first, second, third]) {
      expect([answer!.status, await answer!.json(), answer!.headers.get('location')]).toEqual([
        201,
        VIEW,
        `/calls/${CALL}`,
      ]);
    }
    expect(placed).toHaveLength(1);
  });

  test('that comes again with the variables in another order does, too', async () => {
    const { post, placed } = await givenApi();
    const headers = { 'idempotency-key': 'a' };
    const answers = [
      await post({ ...ORDER, variables: { name: 'Ada', day: 'Monday' } }, headers),
      await post({ ...ORDER, variables: { day: 'Monday', name: 'Ada' } }, headers),
      await post({ ...ORDER, variables: { name: 'Monday', day: 'Ada' } }, headers),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 409]);
    expect(placed).toHaveLength(1);
  });

  test('that comes with another request is refused', async () => {
    const { post, placed } = await givenApi();
    await post(ORDER, { 'idempotency-key': 'a' });
    const answer = await post({ ...ORDER, to: '+15550188' }, { 'idempotency-key': 'a' });
    expect([answer.status, await errorOf(answer)]).toEqual([409, 'API_KEY_REUSED']);
    expect(placed).toHaveLength(1);
  });

  test('is forgotten after a day', async () => {
    const { service, post, placed } = await givenApi();
    await post(ORDER, { 'idempotency-key': 'a' });
    service.clock.tick(24 * 60 * 60_000 + 1);
    await post(ORDER, { 'idempotency-key': 'a' });
    expect(placed).toHaveLength(2);
  });

  test.each(['a b', 'x'.repeat(256), 'ümlaut'])('of the form %j is none', async (key) => {
    const { post, placed } = await givenApi();
    const answer = await post(ORDER, { 'idempotency-key': Buffer.from(key).toString('latin1') });
    expect([answer.status, await errorOf(answer)]).toEqual([400, 'API_BAD_REQUEST']);
    expect(placed).toEqual([]);
  });

  test.each<[FailureCode, number, number]>([
    ['PROVIDER_REST', 502, 1],
    ['PROVIDER_REFUSED', 422, 1],
    ['PROVIDER_BUSY', 503, 2],
    ['PROVIDER_ACCOUNT', 503, 2],
    ['SERVICE_DRAINING', 503, 2],
    ['OUTBOUND_REFUSED', 403, 2],
  ])('whose request failed with %s is asked again only where nothing can have rung', async (code, status, times) => {
    let tries = 0;
    const { post } = await givenApi({
      place: async () => {
        tries++;
        throw new Failure(code, 'no');
      },
    });
    for (let nth = 0; nth < 2; nth++) {
      const answer = await post(ORDER, { 'idempotency-key': 'a' });
      expect([answer.status, await errorOf(answer)]).toEqual([status, code]);
    }
    expect(tries).toBe(times);
  });
});

test('more than ten calls at once, and then one a second, are refused with the time to wait', async () => {
  const { service, post, placed } = await givenApi();
  const statuses: number[] = [];
  for (let nth = 0; nth < 12; nth++) statuses.push((await post(ORDER)).status);
  expect(statuses).toEqual([...Array(10).fill(201), 429, 429]);
  const refused = await post(ORDER);
  expect([refused.headers.get('retry-after'), await errorOf(refused)]).toEqual(['1', 'API_RATE_LIMITED']);
  service.clock.tick(1_000);
  expect([(await post(ORDER)).status, (await post(ORDER)).status]).toEqual([201, 429]);
  expect(placed).toHaveLength(11);
});

const ROUTES = [
  ['place', 'POST', '/calls'],
  ['list', 'GET', '/calls'],
  ['look', 'GET', `/calls/${CALL}`],
  ['hangUp', 'DELETE', `/calls/${CALL}`],
] as const;
const FAILING = ROUTES.flatMap(([does, method, path]) =>
  CALLS_DOOR_FAILURES[does].map((code) => [does, method, path, code] as const),
);

const failingWith =
  (failure: Error): (() => Promise<never>) =>
  () =>
    Promise.reject(failure);

test.each(FAILING)(
  '%s (%s %s) that fails with %s is answered as the document says',
  async (does, method, path, code) => {
    const { ask, post } = await givenApi({ [does]: failingWith(new Failure(code, 'no')) });
    expect(await errorOf(await (method === 'POST' ? post(ORDER) : ask(method, path)))).toBe(code);
  },
);

test.each(ROUTES)('a defect of %s (%s %s) is told in the log alone', async (does, method, path) => {
  const { service, ask, post } = await givenApi({ [does]: failingWith(new Error('the secret reason')) });
  const answer = await (method === 'POST' ? post(ORDER) : ask(method, path));
  expect(answer.status).toBe(500);
  expect(await answer.text()).not.toContain('secret reason');
  expect(service.log()).toContain('the secret reason');
});
