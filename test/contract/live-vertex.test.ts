/** Our client before the simulated Vertex AI, over a socket: with a token of Google's own library, new, resumed and reseeded. */
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { pcm, readWav } from '../../src/audio/index.ts';
import { type Clock, systemClock } from '../../src/lib/index.ts';
import { dialWebSocket, type LiveBackend } from '../../src/live/index.ts';
import { type LiveSimulatorServer, type ScenarioInput, startLiveSimulator } from '../../src/simulator/index.ts';
import { LiveBench, VERTEX } from '../unit/live/live-bench.ts';
import { json, startTokenEndpoint, type TokenEndpoint } from '../unit/live/token-endpoint.ts';

const TOKEN = 'ya29.of-the-simulator';
/** So much faster than ours runs the simulator's time. */
const SPEED = 50;
const fastClock: Clock = {
  nowMs: () => systemClock.nowMs() * SPEED,
  wallMs: () => systemClock.wallMs(),
  after: (delayMs, run) => systemClock.after(delayMs / SPEED, run),
  every: (periodMs, run) => systemClock.every(periodMs / SPEED, run),
};
/** 14 characters a second at 24 kHz is what the simulator speaks. */
const SAMPLES_PER_CHARACTER = 1_714;

const jfk = readWav(readFileSync(new URL('../../fixtures/audio/jfk-16k.wav', import.meta.url))).samples;
const sentence = jfk.subarray(0.36 * 16_000, 2.16 * 16_000);

let google: TokenEndpoint;
let simulator: LiveSimulatorServer;
let bench: LiveBench;

beforeAll(async () => {
  google = await startTokenEndpoint();
});
afterAll(() => google.close());
beforeEach(() => {
  google.answer = json(200, { access_token: TOKEN, expires_in: 3_600, token_type: 'Bearer' });
  bench = new LiveBench();
});
afterEach(async () => {
  bench.session.close();
  await simulator.close();
});

async function open(scenario: ScenarioInput): Promise<void> {
  simulator = await startLiveSimulator({ clock: fastClock, scenario, accessTokens: [TOKEN], binaryFrames: false });
  const backend: LiveBackend = { ...VERTEX, baseUrl: simulator.url };
  bench.open({ clock: systemClock, backend, headers: google.headers(), dial: dialWebSocket });
}

/** The next time that the session tells of it. */
const next = (name: string): Promise<void> => new Promise((resolve) => bench.during.set(name, resolve));
/** Has the session answer a text, to the end of the turn. */
async function ask(text: string): Promise<void> {
  const over = next('turnCompleted');
  bench.session.sendText(text);
  await over;
}

function heardSamples(): number {
  const chunks = bench.heard.filter(([name]) => name === 'audio').map(([, chunk]) => chunk as Int16Array);
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
}
const heardWords = (speaker: string) =>
  bench.heard
    .filter(([name]) => name === 'transcribed')
    .map(([, piece]) => piece as { speaker: string; text: string })
    .map((piece) => (piece.speaker === speaker ? piece.text : ''))
    .join('');

const turns: ScenarioInput['turns'] = [
  { on: 'greeting', says: 'Good morning.' },
  { on: 'text', says: 'Still here.' },
  { on: 'speech', hears: 'And so my fellow Americans', says: 'I know how this goes on.' },
];

test('a new session is greeted and hears speech; resumed it goes on where it was', async () => {
  const ready = next('ready');
  await open({ turns });
  await ready;
  await ask('Greet the caller.');
  expect(heardWords('agent')).toBe('Good morning.');
  expect(heardSamples()).toBe(SAMPLES_PER_CHARACTER * 'Good morning.'.length);

  const answered = next('turnCompleted');
  bench.session.sendAudio(pcm(sentence, 16_000));
  bench.session.sendAudio(pcm(new Int16Array(1.5 * 16_000), 16_000));
  await answered;
  expect(heardWords('caller')).toBe('And so my fellow Americans');
  expect(heardWords('agent')).toBe('Good morning.I know how this goes on.');

  const again = next('ready');
  bench.session.resume();
  await again;
  await ask('Are you there?');
  expect(bench.heard.filter(([name]) => name === 'ready')).toMatchObject([
    ['ready', { how: 'new' }],
    ['ready', { how: 'resumed' }],
  ]);
  expect(simulator.refusals).toEqual([]);
  const [record, ...others] = simulator.sessions;
  expect(others).toEqual([]);
  const setups = record!.eventsOf('opened').map(({ setup }) => setup);
  expect(setups).toMatchObject([
    { model: 'projects/acme/locations/us-central1/publishers/google/models/gemini-3.8-live' },
    { sessionResumption: { handle: expect.stringMatching(/./) } },
  ]);
  for (const setup of setups) expect(setup).not.toHaveProperty('historyConfig');
  // One token did for both sockets.
  expect(google.assertions).toHaveLength(1);
});

test('where the handle is dead, a fresh session is seeded: it announces the history, takes it, and answers only what follows', async () => {
  const ready = next('ready');
  await open({ turns, faults: [{ kind: 'forgottenHandles' }] });
  await ready;
  const offered = bench.names.includes('handleRenewed') ? undefined : next('handleRenewed');
  await ask('Greet the caller.');
  await offered;
  bench.seed = [
    { speaker: 'agent', text: 'Good morning.' },
    { speaker: 'caller', text: 'I need a room.' },
    { speaker: 'agent', text: '' },
  ];
  const again = next('ready');
  bench.session.resume();
  await again;
  const before = heardSamples();
  await ask('Go on.');

  expect(bench.heard.filter(([name]) => name === 'ready').at(-1)).toMatchObject(['ready', { how: 'reseeded' }]);
  expect(simulator.refusals).toEqual([{ code: 1008, reason: 'Requested entity was not found.' }]);
  const [, reseeded] = simulator.sessions;
  expect(reseeded!.events.map((event) => [event.type, 'text' in event ? event.text : undefined])).toEqual([
    ['opened', undefined],
    ['contextReceived', 'Good morning.'],
    ['contextReceived', 'I need a room.'],
    ['textReceived', 'Go on.'],
    ['turnStarted', undefined],
    ['turnEnded', undefined],
  ]);
  expect(reseeded!.eventsOf('contextReceived').map(({ role }) => role)).toEqual(['model', 'user']);
  expect(reseeded!.eventsOf('opened')[0]?.setup).toMatchObject({
    sessionResumption: {},
    historyConfig: { initialHistoryInClientContent: true },
  });
  expect(heardSamples() - before).toBe(SAMPLES_PER_CHARACTER * 'Good morning.'.length);
});

test('a token that Vertex does not take ends the session', async () => {
  google.answer = json(200, { access_token: 'ya29.of-another', expires_in: 3_600, token_type: 'Bearer' });
  const lost = next('lost');
  await open({ turns });
  await lost;
  expect(bench.heard).toMatchObject([['lost', { code: 'LIVE_AUTH', recoverable: false }]]);
});
