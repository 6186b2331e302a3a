import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Failure, type FailureCode } from '../../../src/lib/index.ts';
import { beginCourse, type LiveRoute, onward } from '../../../src/live/route.ts';
import { DEVELOPER, LiveBench, SETTINGS, VERTEX } from './live-bench.ts';

const OTHER_KEY = { kind: 'developer', apiKey: 'AIza-other' } as const;
const OTHER_MODEL = { ...SETTINGS, model: 'gemini-9-live' };

let bench: LiveBench;
beforeEach(() => {
  bench = new LiveBench();
});

/** The preferred one, then one that differs in the key, in the service, in the model. */
const routes = (): LiveRoute[] => [
  bench.route('first'),
  bench.route('otherKey', { backend: OTHER_KEY }),
  bench.route('vertex', { backend: VERTEX, headers: async () => ({}) }),
  bench.route('otherModel', { settings: OTHER_MODEL }),
];

describe('where a route fails, the next is one that can do better:', () => {
  test.each<[FailureCode, string[]]>([
    ['LIVE_AUTH', ['otherKey', 'vertex']],
    ['LIVE_ACCESS_DENIED', ['otherKey', 'vertex']],
    ['LIVE_FULL', ['otherKey', 'vertex']],
    ['LIVE_UNSUPPORTED', ['otherModel']],
    ['LIVE_MODEL_UNKNOWN', ['vertex', 'otherModel']],
    ['LIVE_SETUP_INVALID', ['vertex', 'otherModel']],
    ['LIVE_REJECTED_ARGUMENT', ['vertex', 'otherModel']],
    ['LIVE_QUOTA', ['otherKey', 'vertex', 'otherModel']],
    ['LIVE_UNAVAILABLE', ['otherKey', 'vertex', 'otherModel']],
    ['LIVE_RESUME_FAILED', ['otherKey', 'vertex', 'otherModel']],
  ])('%s', (because, names) => {
    const course = onward(beginCourse(routes()), because);
    expect([course?.route, ...(course?.others ?? [])].map((route) => route?.name)).toEqual(names);
  });

  test('until none is left', () => {
    const second = onward(beginCourse(routes()), 'LIVE_AUTH');
    const third = second && onward(second, 'LIVE_AUTH');
    expect(third?.route.name).toBe('vertex');
    expect(third && onward(third, 'LIVE_LOST')).toBeUndefined();
  });
});

describe('a session', () => {
  afterEach(async () => {
    bench.session.close();
    await bench.clock.advance(1_000);
    expect(bench.clock.armed).toBe(0);
  });

  const keys = () => bench.sockets.map(({ headers }) => headers['x-goog-api-key']);
  const twoKeys = () => [bench.route('first'), bench.route('second', { backend: OTHER_KEY })];

  test('whose key is refused goes on at once with the next key', async () => {
    bench.during.set('lost', () => bench.session.resume());
    bench.answers.push({ refuses: 401 });
    bench.open({ routes: twoKeys() });
    await bench.clock.advance(25);
    await bench.serve({ setupComplete: {} });
    expect(keys()).toEqual(['AIza-test', 'AIza-other']);
    expect(bench.heard).toMatchObject([
      ['lost', { code: 'LIVE_AUTH', recoverable: true }],
      ['ready', { how: 'new', route: 'second' }],
    ]);
  });

  test('that loses its quota in mid-call goes on by the next route, told what was said, without the handle', async () => {
    await bench.ready({ routes: twoKeys() });
    await bench.serve({ sessionResumptionUpdate: { newHandle: 'h1', resumable: true } });
    await bench.clock.advance(60_000);
    bench.seed = [{ speaker: 'agent', text: 'Hello.' }];
    await bench.serviceCloses(1011, 'You exceeded your current quota, please check your plan and billing details.');
    bench.session.resume();
    await bench.clock.advance(10);
    await bench.serve({ setupComplete: {} });
    expect(bench.socket.headers['x-goog-api-key']).toBe('AIza-other');
    expect(bench.socket.received).toMatchObject([
      { setup: { sessionResumption: {} } },
      { clientContent: { turns: [{ parts: [{ text: 'Hello.' }] }] } },
    ]);
    expect(bench.heard.at(-1)).toMatchObject(['ready', { how: 'reseeded', route: 'second' }]);
  });

  test('resumes on its own route first, and changes only when that is of no use', async () => {
    await bench.ready({ routes: twoKeys() });
    await bench.serve({ sessionResumptionUpdate: { newHandle: 'h1', resumable: true } });
    await bench.clock.advance(60_000);
    bench.answers.push({ refuses: 503 }, { refuses: 503 });
    await bench.connectionBreaks();
    const brokeAtMs = bench.nowMs;
    bench.session.resume();
    await bench.clock.advance(6_000);
    await bench.serve({ setupComplete: {} });
    expect(keys()).toEqual(['AIza-test', 'AIza-test', 'AIza-test', 'AIza-other']);
    expect(bench.socket.dialledAtMs - brokeAtMs).toBe(4_520);
    expect(bench.names).toEqual(['ready', 'handleRenewed', 'lost', 'ready']);
  });

  test('is lost for good only when the last route has failed', async () => {
    bench.during.set('lost', () => bench.session.resume());
    bench.answers.push({ refuses: 403 }, { refuses: 401 });
    bench.open({ routes: twoKeys() });
    await bench.clock.advance(60_000);
    expect(bench.heard).toMatchObject([
      ['lost', { code: 'LIVE_ACCESS_DENIED', recoverable: true }],
      ['lost', { code: 'LIVE_AUTH', recoverable: false }],
    ]);
    expect(bench.sockets).toHaveLength(2);
  });

  test('says to another model, in its own way, what was kept', async () => {
    const plain = { ...OTHER_MODEL, features: { ...SETTINGS.features, realtimeText: false } };
    bench.during.set('lost', () => bench.session.resume());
    bench.open({ routes: [bench.route('first'), bench.route('second', { settings: plain })] });
    bench.session.sendText('Greet the caller.');
    await bench.clock.advance(10);
    await bench.serviceCloses(1008, 'models/gemini-3.8-live is not found for API version v1beta');
    await bench.clock.advance(10);
    await bench.serve({ setupComplete: {} });
    expect(bench.socket.received).toMatchObject([
      { setup: { model: 'models/gemini-9-live' } },
      { clientContent: { turns: [{ parts: [{ text: 'Greet the caller.' }] }], turnComplete: true } },
    ]);
  });

  test('begins on the route of the handle that it was given, and uses the handle there only', async () => {
    await bench.ready({ routes: twoKeys(), handle: { route: 'second', handle: 'theirs' } });
    expect(keys()).toEqual(['AIza-other']);
    expect(bench.socket.received).toMatchObject([{ setup: { sessionResumption: { handle: 'theirs' } } }]);
    bench.session.close();
    await bench.ready({ routes: twoKeys(), handle: { route: 'gone', handle: 'theirs' } });
    expect(bench.socket.headers['x-goog-api-key']).toBe('AIza-test');
    expect(bench.socket.received).toMatchObject([{ setup: { sessionResumption: {} } }]);
  });
});

describe('the place on a route', () => {
  let places: string[];
  beforeEach(() => {
    places = [];
  });
  afterEach(() => bench.session.close());

  const counted = (name: string, claim: () => Promise<void> = async () => undefined): LiveRoute =>
    bench.route(name, {
      backend: { ...OTHER_KEY, apiKey: name },
      claim: () => {
        places.push(`take ${name}`);
        return claim();
      },
      unclaim: () => places.push(`give ${name}`),
    });

  test('is taken before the first dialling, kept over a resume, and given back at the end', async () => {
    await bench.ready({ routes: [counted('a')] });
    bench.session.resume();
    await bench.clock.advance(10);
    await bench.serve({ setupComplete: {} });
    expect(bench.sockets).toHaveLength(2);
    expect(places).toEqual(['take a']);
    bench.session.close();
    await bench.clock.advance(10);
    expect(places).toEqual(['take a', 'give a']);
  });

  test('that is not to be had passes the route over, without a dialling', async () => {
    bench.during.set('lost', () => bench.session.resume());
    const full = () => Promise.reject(new Failure('LIVE_FULL', 'all in use'));
    bench.open({ routes: [counted('a', full), counted('b')] });
    await bench.clock.advance(10);
    await bench.serve({ setupComplete: {} });
    expect(bench.sockets.map(({ headers }) => headers['x-goog-api-key'])).toEqual(['b']);
    expect(bench.heard.at(-1)).toMatchObject(['ready', { route: 'b' }]);
    expect(places).toEqual(['take a', 'take b']);
  });

  test('that is not to be had anywhere is told as such', async () => {
    bench.open({ routes: [counted('a', () => Promise.reject(new Failure('LIVE_FULL', 'all in use')))] });
    await bench.clock.advance(10);
    expect(bench.heard).toMatchObject([['lost', { code: 'LIVE_FULL', recoverable: false }]]);
  });

  test('is given back when the session has left for another route', async () => {
    await bench.ready({ routes: [counted('a'), counted('b')] });
    await bench.serviceCloses(1007, 'API key not valid. Please pass a valid API key.');
    bench.session.resume();
    await bench.clock.advance(10);
    expect(places).toEqual(['take a', 'give a', 'take b']);
  });

  test('is done without when whoever counts is away or does not answer', async () => {
    const answers = [() => Promise.reject(new Error('ECONNREFUSED')), () => new Promise<void>(() => undefined)];
    for (const claim of answers) {
      await bench.ready({ routes: [counted('a', claim)] });
      await bench.clock.advance(1_010);
      await bench.serve({ setupComplete: {} });
      expect(bench.heard.at(-1)).toMatchObject(['ready', { route: 'a' }]);
      bench.session.close();
    }
  });

  test('that comes after the session has ended is given back all the same', async () => {
    let give: () => void = () => undefined;
    bench.open({ routes: [counted('a', () => new Promise((resolve) => (give = resolve)))] });
    await bench.clock.advance(10);
    bench.session.close();
    give();
    await bench.clock.advance(10);
    expect(places).toEqual(['take a', 'give a']);
  });
});

test('the Developer API is one service whatever the key', () => {
  const [first, second] = [bench.route('a', { backend: DEVELOPER }), bench.route('b', { backend: OTHER_KEY })];
  expect(onward(beginCourse([first, second]), 'LIVE_MODEL_UNKNOWN')).toBeUndefined();
});
