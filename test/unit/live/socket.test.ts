import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { type MessageSocket, systemClock } from '../../../src/lib/index.ts';
import { type DialHandlers, dialWebSocket } from '../../../src/live/socket.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { LiveBench, SETTINGS } from './live-bench.ts';

/** Collects what the dialler reports; `next` waits for the next report that has not been looked at. */
class Line implements DialHandlers {
  readonly reports: [name: string, ...details: unknown[]][] = [];
  socket: MessageSocket | undefined;
  #wake: () => void = () => undefined;

  opened(socket: MessageSocket): void {
    this.socket = socket;
    this.#report('opened');
  }
  failed(verdict: Parameters<DialHandlers['failed']>[0]): void {
    this.#report('failed', verdict.failure.code, verdict.action);
  }
  message(text: string, binary: boolean): void {
    this.#report('message', text, binary);
  }
  closed(code: number, reason: string): void {
    this.#report('closed', code, reason);
  }

  async next(): Promise<unknown[] | undefined> {
    if (this.reports.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.reports.shift();
  }

  #report(...report: [string, ...unknown[]]): void {
    this.reports.push(report);
    this.#wake();
  }
}

const portOf = (server: Server | TcpServer): number => (server.address() as AddressInfo).port;

let clock: ManualClock;
let line: Line;
let http: Server;
let webSockets: WebSocketServer;

beforeEach(async () => {
  clock = new ManualClock();
  line = new Line();
  http = createServer();
  webSockets = new WebSocketServer({ server: http });
  await once(http.listen(0, '127.0.0.1'), 'listening');
});
afterEach(async () => {
  for (const client of webSockets.clients) client.terminate();
  webSockets.close();
  http.closeAllConnections();
  await new Promise((resolve) => http.close(resolve));
  expect(clock.armed).toBe(0);
});

const dial = (url = `ws://127.0.0.1:${portOf(http)}/live`, headers = {}) =>
  dialWebSocket({ url, headers, clock }, line);

async function connected(): Promise<[WebSocket, IncomingMessage]> {
  const accepted = once(webSockets, 'connection') as Promise<[WebSocket, IncomingMessage]>;
  dial(undefined, { 'x-goog-api-key': 'k' });
  expect(await line.next()).toEqual(['opened']);
  return accepted;
}

describe('an open socket', () => {
  test('carries the headers, offers no compression, and takes text and binary frames alike', async () => {
    const [peer, request] = await connected();
    expect(request.headers['x-goog-api-key']).toBe('k');
    expect(request.headers['sec-websocket-extensions']).toBeUndefined();
    peer.send('{"text":1}');
    peer.send(Buffer.from('{"binary":1}'));
    expect(await line.next()).toEqual(['message', '{"text":1}', false]);
    expect(await line.next()).toEqual(['message', '{"binary":1}', true]);
    line.socket?.send('{"ours":"ü"}');
    const [data, binary] = (await once(peer, 'message')) as [Buffer, boolean];
    expect([data.toString(), binary]).toEqual(['{"ours":"ü"}', false]);
    peer.close(1011, 'Internal error encountered.');
    expect(await line.next()).toEqual(['closed', 1011, 'Internal error encountered.']);
  });

  test('that is cut is closed with 1006', async () => {
    const [peer] = await connected();
    peer.terminate();
    expect(await line.next()).toEqual(['closed', 1006, '']);
  });

  test('takes no message beyond its bound', async () => {
    const [peer] = await connected();
    peer.send(Buffer.alloc(16 * 1024 * 1024 + 1));
    expect(await line.next()).toEqual(['closed', 1006, '']);
  });

  test('is pinged every five seconds, and cut when it is silent for thirty', async () => {
    webSockets.options.autoPong = false;
    const [peer] = await connected();
    await once(peer, 'ping');
    const pinged = once(peer, 'ping');
    clock.tick(5_000);
    await pinged;
    clock.tick(25_000);
    expect(await line.next()).toEqual(['closed', 1006, 'nothing heard for 30000 ms']);
  });

  test('stays when pongs come', async () => {
    const [peer] = await connected();
    for (let round = 0; round < 6; round += 1) {
      const pinged = once(peer, 'ping');
      clock.tick(10_000);
      await pinged;
      // Our answer to its own ping shows that its pong before that has arrived.
      const answered = once(peer, 'pong');
      peer.ping();
      await answered;
    }
    peer.close(1000);
    expect(await line.next()).toEqual(['closed', 1000, '']);
  });
});

describe('a socket that does not open', () => {
  test.each([
    [401, 'LIVE_AUTH', 'fatal'],
    [403, 'LIVE_ACCESS_DENIED', 'fatal'],
    [429, 'LIVE_QUOTA', 'resume'],
    [503, 'LIVE_UNAVAILABLE', 'resume'],
  ])('because of HTTP %i fails with %s', async (status, code, action) => {
    webSockets.options.verifyClient = (_info: unknown, answer: (ok: boolean, status: number) => void) =>
      answer(false, status);
    dial();
    expect(await line.next()).toEqual(['failed', code, action]);
  });

  test('because nobody listens fails, and may be tried again', async () => {
    const port = portOf(http);
    await new Promise((resolve) => http.close(resolve));
    dial(`ws://127.0.0.1:${port}`);
    expect(await line.next()).toEqual(['failed', 'LIVE_HANDSHAKE', 'resume']);
    await once(http.listen(0, '127.0.0.1'), 'listening');
  });

  test('because a key cannot stand in a header fails without having been sent', async () => {
    dial(undefined, { 'x-goog-api-key': 'k\n' });
    expect(line.reports).toEqual([]);
    clock.tick(0);
    expect(line.reports).toEqual([['failed', 'LIVE_AUTH', 'fatal']]);
  });

  describe('because the server is silent', () => {
    let tcp: TcpServer;
    let reached: Promise<[Socket]>;
    beforeEach(async () => {
      tcp = createTcpServer();
      reached = once(tcp, 'connection') as Promise<[Socket]>;
      await once(tcp.listen(0, '127.0.0.1'), 'listening');
    });
    afterEach(() => new Promise((resolve) => tcp.close(resolve)));

    test('fails after five seconds, and the connection is given back', async () => {
      dial(`ws://127.0.0.1:${portOf(tcp)}`);
      const [peer] = await reached;
      peer.resume();
      clock.tick(4_999);
      expect(line.reports).toEqual([]);
      clock.tick(1);
      expect(line.reports).toEqual([['failed', 'LIVE_CONNECT_TIMEOUT', 'resume']]);
      await once(peer, 'close');
    });

    test('can be given up meanwhile: then nothing is reported', async () => {
      const cancel = dial(`ws://127.0.0.1:${portOf(tcp)}`);
      const [peer] = await reached;
      peer.resume();
      cancel();
      await once(peer, 'close');
      clock.tick(60_000);
      expect(line.reports).toEqual([]);
    });
  });
});

test('a session over a real socket: setup, ready, close', async () => {
  const bench = new LiveBench();
  const accepted = once(webSockets, 'connection') as Promise<[WebSocket, IncomingMessage]>;
  const ready = new Promise<void>((resolve) => bench.during.set('ready', resolve));
  bench.open({
    clock: systemClock,
    dial: undefined,
    settings: SETTINGS,
    backend: { kind: 'developer', apiKey: 'k', baseUrl: `http://127.0.0.1:${portOf(http)}/` },
  });
  const [peer, request] = await accepted;
  expect(request.url).toBe('/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent');
  expect(request.headers['x-goog-api-key']).toBe('k');
  const [setup] = (await once(peer, 'message')) as [Buffer];
  expect(JSON.parse(setup.toString())).toMatchObject({ setup: { model: 'models/gemini-3.8-live' } });
  peer.send(Buffer.from('{"setupComplete":{}}'));
  await ready;
  bench.session.close();
  expect(await once(peer, 'close')).toEqual([1000, Buffer.alloc(0)]);
  expect(bench.names).toEqual(['ready']);
});
