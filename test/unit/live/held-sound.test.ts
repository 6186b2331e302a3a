/** A burst of the longest sound that a call may hold, over TLS: there nothing leaves the process before the burst is over. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { pcm } from '../../../src/audio/index.ts';
import { systemClock } from '../../../src/lib/index.ts';
import { type Dial, mindSocket } from '../../../src/live/socket.ts';
import { DEVELOPER, LiveBench } from './live-bench.ts';

/** What the configuration lets a call hold at most, in the frames in which a phone's sound comes. */
const HELD_MS = 20_000;
const FRAME_MS = 20;

/** RFC 4279: TLS by a key that both sides know, so that a test needs no certificate. */
const CIPHER = { ciphers: 'PSK-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' } as const;
const KEY = Buffer.from('shared for this test');

const https = createServer({ ...CIPHER, pskCallback: () => KEY });
const webSockets = new WebSocketServer({ server: https });
const bench = new LiveBench();
let heardMessages = 0;

beforeAll(async () => {
  webSockets.on('connection', (peer) => {
    peer.on('message', (data: Buffer) => {
      const text = data.toString();
      if (text.startsWith('{"setup"')) peer.send('{"setupComplete":{}}');
      else if (text.includes('"audio"')) heardMessages += 1;
      // Text goes after the sound, on the same socket: what is not here by now never comes.
      else peer.send('{"serverContent":{"turnComplete":true}}');
    });
  });
  await once(https.listen(0, '127.0.0.1'), 'listening');
});
afterAll(async () => {
  for (const client of webSockets.clients) client.terminate();
  webSockets.close();
  await new Promise((resolve) => https.close(resolve));
});

const dialTls: Dial = ({ url, headers, clock }, handlers) => {
  const pskCallback = () => ({ psk: KEY, identity: 'test' });
  const tls = { ...CIPHER, pskCallback, checkServerIdentity: () => undefined };
  const webSocket = new WebSocket(url, { headers, perMessageDeflate: false, ...tls });
  webSocket.on('open', () => handlers.opened(mindSocket(webSocket, clock, handlers)));
  return () => undefined;
};

test('all of it arrives', async () => {
  const baseUrl = `https://127.0.0.1:${(https.address() as AddressInfo).port}`;
  const answered = new Promise<void>((resolve) => bench.during.set('turnCompleted', resolve));
  bench.during.set('ready', () => {
    for (let ms = 0; ms < HELD_MS; ms += FRAME_MS) bench.session.sendAudio(pcm(new Int16Array(FRAME_MS * 16), 16_000));
    bench.session.sendText('That was all.');
  });
  bench.open({ clock: systemClock, backend: { ...DEVELOPER, baseUrl }, dial: dialTls });
  await answered;
  expect(heardMessages).toBe(HELD_MS / FRAME_MS);
  expect((await bench.metrics.heldAudioDroppedMs.get()).values[0]?.value ?? 0).toBe(0);
  bench.session.close();
});

test('what comes on top is bounded', async () => {
  const own = await new LiveBench().ready();
  const { ours } = own.socket;
  let unsentBytes = 0;
  Object.defineProperty(ours, 'bufferedAmount', { get: () => unsentBytes });
  ours!.send = (data) => {
    unsentBytes += data.length;
  };
  for (let ms = 0; ms < 60_000; ms += FRAME_MS) own.session.sendAudio(pcm(new Int16Array(FRAME_MS * 16), 16_000));
  expect(unsentBytes).toBeLessThan(1.6 * 1024 * 1024);
  const droppedMs = (await own.metrics.heldAudioDroppedMs.get()).values[0]?.value ?? 0;
  expect(60_000 - droppedMs).toBeGreaterThan(HELD_MS);
  own.session.close();
});
