/** The simulator on a real port: what only a network shows. */
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type LiveServerOptions, type LiveSimulatorServer, startLiveSimulator } from '../../../src/simulator/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { countingIds, DEVELOPER, VERTEX } from './bench.ts';

const open: { simulator?: LiveSimulatorServer; sockets: WebSocket[] } = { sockets: [] };

afterEach(async () => {
  for (const socket of open.sockets.splice(0)) socket.terminate();
  await open.simulator?.close();
  delete open.simulator;
});

async function start(options: Partial<LiveServerOptions> = {}): Promise<LiveSimulatorServer> {
  open.simulator = await startLiveSimulator({ clock: new ManualClock(), ids: countingIds(), ...options });
  return open.simulator;
}

function dial({ url }: LiveSimulatorServer, path = DEVELOPER, headers = {}): WebSocket {
  const socket = new WebSocket(url.replace('http:', 'ws:') + path, { headers });
  open.sockets.push(socket);
  return socket;
}

async function refusalOf(socket: WebSocket): Promise<string> {
  const [error] = await once(socket, 'error');
  return error.message;
}

const setup = JSON.stringify({ setup: { model: 'models/gemini-3.8-live' } });

describe('a WebSocket', () => {
  test.each([
    [true, true],
    [false, false],
  ])('gets JSON in binary frames: %s', async (binaryFrames, expected) => {
    const clock = new ManualClock();
    const simulator = await start({ clock, binaryFrames });
    const socket = dial(simulator);
    await once(socket, 'open');
    socket.send(setup);
    const message = once(socket, 'message');
    while (simulator.sessions.length === 0) await clock.advance(0);
    await clock.advance(300);
    const [data, isBinary] = await message;
    expect([JSON.parse(data.toString()), isBinary]).toEqual([{ setupComplete: {} }, expected]);
  });

  test('is refused with a status when its path or its token is wrong', async () => {
    const simulator = await start();
    expect(await refusalOf(dial(simulator, '/ws/elsewhere'))).toBe('Unexpected server response: 404');
    expect(await refusalOf(dial(simulator, VERTEX))).toBe('Unexpected server response: 401');
  });

  test('is answered its pings, late if the scenario wants it', async () => {
    const clock = new ManualClock();
    const simulator = await start({ clock, scenario: { faults: [{ kind: 'delayedPongs', byMs: 20_000 }] } });
    const socket = dial(simulator);
    await once(socket, 'open');
    let pongs = 0;
    socket.on('pong', () => {
      pongs += 1;
    });
    socket.ping();
    while (clock.armed === 0) await clock.advance(0);
    await clock.advance(19_999);
    expect(pongs).toBe(0);
    const pong = once(socket, 'pong');
    await clock.advance(1);
    await pong;
    expect(pongs).toBe(1);
  });

  test('is dropped without a close frame', async () => {
    const clock = new ManualClock();
    const simulator = await start({ clock, scenario: { faults: [{ kind: 'drop', atMs: 0 }] } });
    const socket = dial(simulator);
    const closed = once(socket, 'close');
    await once(socket, 'open');
    socket.send(setup);
    while (simulator.sessions.length === 0) await clock.advance(0);
    await clock.advance(0);
    const [code] = await closed;
    expect(code).toBe(1006);
    expect(clock.armed).toBe(0);
  });
});

describe('plain HTTP', () => {
  const ask = async (path: string, init?: RequestInit) => {
    const simulator = open.simulator ?? (await start({ apiKeys: ['good'] }));
    const response = await fetch(simulator.url + path, init);
    return [response.status, await response.json()] as const;
  };

  test('lists models to who has a key', async () => {
    const [status, body] = await ask('/v1beta/models?key=good');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      models: expect.arrayContaining([
        expect.objectContaining({
          name: 'models/gemini-3.8-live',
          supportedGenerationMethods: ['bidiGenerateContent'],
        }),
      ]),
    });
    expect((await ask('/v1beta/models?key=bad'))[0]).toBe(400);
    expect((await ask('/v1beta/models/gemini-3.8-live', { headers: { 'x-goog-api-key': 'good' } }))[1]).toMatchObject({
      name: 'models/gemini-3.8-live',
    });
    expect((await ask('/v1beta/models/none?key=good'))[0]).toBe(404);
  });

  test('refuses a content that is none, and knows no other path', async () => {
    const path = '/v1beta/models/gemini-3.8-flash:generateContent?key=good';
    expect((await ask(path, { method: 'POST', body: '{' }))[0]).toBe(400);
    expect((await ask(path, { method: 'POST', body: '{"contents":[]}' }))[0]).toBe(400);
    expect((await ask('/v1beta/files?key=good'))[0]).toBe(404);
  });

  test('generates content on the path of Vertex AI as well', async () => {
    const path = '/v1/projects/p/locations/us/publishers/google/models/gemini-3.8-flash:generateContent';
    const body = JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] });
    const [status, answer] = await ask(path, { method: 'POST', body, headers: { authorization: 'Bearer token' } });
    expect(status).toBe(200);
    expect(answer).toMatchObject({
      candidates: [{ content: { role: 'model', parts: [{ text: expect.any(String) }] } }],
    });
  });
});

test('a port that is taken is an error, and closing twice is none', async () => {
  const simulator = await start();
  const port = Number(new URL(simulator.url).port);
  await expect(startLiveSimulator({ clock: new ManualClock(), port })).rejects.toThrow('EADDRINUSE');
  await simulator.close();
  await simulator.close();
});
