/** What a reader throws would reach the socket's own events, or a timer, and end the process with all its calls. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Failure } from '../../../src/lib/index.ts';
import { createLogger } from '../../../src/telemetry/index.ts';
import { audioContent, LiveBench } from './live-bench.ts';

const LOST = ['lost', { code: 'INTERNAL', recoverable: false, cause: expect.any(Error) }];

let bench: LiveBench;
let logged: string[];
const options = () => ({
  logger: createLogger({ level: 'error', destination: { write: (line: string) => void logged.push(line) } }),
});
const throwIn = (name: string) =>
  bench.during.set(name, () => {
    throw new Error(`thrown in ${name}`);
  });

beforeEach(() => {
  bench = new LiveBench();
  logged = [];
});
afterEach(async () => {
  await bench.clock.advance(30_000);
  expect(bench.clock.armed).toBe(0);
});

test.each(['audio', 'transcribed', 'turnCompleted'])(
  'what is thrown in %s ends this session, and is logged',
  async (name) => {
    await bench.ready(options());
    throwIn(name);
    await bench.serve(audioContent(Uint8Array.of(1, 0), { outputTranscription: { text: 'Yes' }, turnComplete: true }));
    expect(bench.heard.slice(-2)).toEqual([[name, expect.anything()], LOST]);
    expect(bench.socket.closed?.code).toBe(1000);
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain(`thrown in ${name}`);
  },
);

test('what is thrown in ready ends the session before anything else is read', async () => {
  throwIn('ready');
  bench.open(options());
  await bench.clock.advance(10);
  await bench.serve({ setupComplete: {}, ...audioContent(Uint8Array.of(1, 0)) });
  expect(bench.heard).toEqual([['ready', expect.anything()], LOST]);
});

test('a failure that says it may be tried again is a fault of ours all the same', async () => {
  await bench.ready(options());
  bench.during.set('transcribed', () => {
    throw new Failure('LIVE_INTERNAL', 'not from the service');
  });
  await bench.serve({ serverContent: { inputTranscription: { text: 'Hi' } } });
  expect(bench.heard.at(-1)).toEqual(LOST);
});

test('what is thrown after the reader has closed the session is logged, and nothing else is told', async () => {
  await bench.ready(options());
  bench.during.set('transcribed', () => {
    bench.session.close();
    throw new Error('thrown late');
  });
  await bench.serve({ serverContent: { inputTranscription: { text: 'Hi' } } });
  expect(bench.names).toEqual(['ready', 'transcribed']);
  expect(logged).toHaveLength(1);
});

test('who throws when told of a loss is told once more that it is final, and no third time', async () => {
  await bench.ready(options());
  throwIn('lost');
  await bench.connectionBreaks();
  expect(bench.heard.slice(1)).toEqual([['lost', { code: 'LIVE_LOST', recoverable: true, cause: undefined }], LOST]);
  expect(logged).toHaveLength(2);
});

test('a seed that cannot be had when dialling again ends the session', async () => {
  let asked = 0;
  const seed = () => {
    asked += 1;
    if (asked > 1) throw new Error('no transcript');
    return [];
  };
  await bench.ready({ ...options(), seed });
  bench.session.resume();
  await bench.clock.advance(100);
  expect(bench.heard.slice(1)).toEqual([LOST]);
  expect(logged[0]).toContain('no transcript');
});
