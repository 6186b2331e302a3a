/** Several replicas behind one address: whom a load balancer asks, whom it passes over, and what it says when nobody is left. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { systemClock } from '../../../src/lib/index.ts';
import { balancedNetwork } from '../../../src/simulator/phone/balance.ts';
import type { PhoneNetwork } from '../../../src/simulator/phone/network.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { memoryNetworks } from '../../support/memory-network.ts';

const ORIGIN = 'https://voice.example';
const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

interface Replica {
  readonly server: Server;
  ready: boolean;
  probes: number;
  /** Breaks off requests in the middle. */
  dying: boolean;
}

/** Says its name to every request, and closes streams with its name. */
async function replica(name: string): Promise<Replica> {
  const server = createServer((request, response) => {
    if (request.url === '/readyz') {
      it.probes += 1;
      response.writeHead(it.ready ? 200 : 503).end();
    } else if (it.dying) request.socket.destroy();
    else response.end(name);
  });
  const streams = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) =>
    streams.handleUpgrade(request, socket, head, (webSocket) => webSocket.close(1000, name)),
  );
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  open.push(server);
  const it: Replica = { server, ready: true, probes: 0, dying: false };
  return it;
}

async function ask(network: PhoneNetwork): Promise<string> {
  const { status, body } = await network.request({ method: 'GET', url: `${ORIGIN}/who`, headers: {} });
  return status === 200 ? Buffer.from(body).toString() : String(status);
}

async function times(count: number, work: () => Promise<string>): Promise<string[]> {
  const got: string[] = [];
  for (let i = 0; i < count; i++) got.push(await work());
  return got;
}

async function given() {
  const clock = new ManualClock();
  const a = await replica('a');
  const b = await replica('b');
  return { clock, a, b, network: memoryNetworks(clock, ORIGIN, [a.server, b.server]) };
}

test('requests and streams go round', async () => {
  const { network } = await given();
  expect(await times(4, () => ask(network))).toEqual(['a', 'b', 'a', 'b']);
  const stream = () =>
    network.connect(
      `${ORIGIN.replace('http', 'ws')}/media`,
      {},
      (webSocket) => new Promise<string>((closed) => webSocket.on('close', (_code, reason) => closed(String(reason)))),
    );
  expect(await times(3, async () => await await stream())).toEqual(['a', 'b', 'a']);
});

test('a replica that is not ready is passed over, as soon as it is probed again', async () => {
  const { clock, a, network } = await given();
  expect(await times(2, () => ask(network))).toEqual(['a', 'b']);
  a.ready = false;
  expect(await ask(network)).toBe('a');
  clock.tick(500);
  expect(await times(3, () => ask(network))).toEqual(['b', 'b', 'b']);
  a.ready = true;
  clock.tick(500);
  expect(await times(2, () => ask(network))).toEqual(['a', 'b']);
  expect(a.probes).toBe(3);
});

test('a replica that takes no connection is passed over at once', async () => {
  const { a, network } = await given();
  expect(await ask(network)).toBe('a');
  a.server.close();
  expect(await times(3, () => ask(network))).toEqual(['b', 'b', 'b']);
});

test('a replica that breaks off a request is 502, and the request is not sent to another', async () => {
  const { a, network } = await given();
  a.dying = true;
  expect(await times(3, () => ask(network))).toEqual(['502', 'b', '502']);
});

test('with none ready a request is 503, and a stream is refused with 31920', async () => {
  const { a, b, network } = await given();
  a.ready = false;
  b.server.close();
  expect(await ask(network)).toBe('503');
  await expect(network.connect('wss://voice.example/media', {}, () => undefined)).rejects.toMatchObject({
    code: 31920,
  });
});

test('a replica that answers its probe no more is passed over', async () => {
  const { clock, a, network } = await given();
  a.server.removeAllListeners('request');
  const asked = ask(network);
  await clock.advance(1_000);
  expect(await asked).toBe('b');
});

test('on the real network, each replica is reached where it listens, by the public address', async () => {
  const [a, b] = [await replica('a'), await replica('b')];
  const origins = [a, b].map(({ server }) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const network = balancedNetwork(systemClock, { publicOrigin: ORIGIN, origins });
  expect(await times(2, () => ask(network))).toEqual(['a', 'b']);
  a.server.closeAllConnections();
  await new Promise((closed) => a.server.close(closed));
  expect(await times(2, () => ask(network))).toEqual(['b', 'b']);
});
