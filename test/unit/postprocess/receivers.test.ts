/** What becomes of a job whose receiver behaves in each of the ways in which receivers behave: a real socket, real HTTP. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemIds } from '../../../src/lib/index.ts';
import {
  createProcessor,
  createSpoolQueue,
  createSpoolWorker,
  deliverWebhook,
  EVENT_TYPES,
  type JobQueue,
  RETRY,
  Spool,
  type Worker,
} from '../../../src/postprocess/index.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import { type Owners, openOwners } from '../../../src/transcript/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { record } from '../transcript/given.ts';
import { WEBHOOK_SECRET } from './pipeline-parts.ts';

const DEADLINE_MS = 10_000;
const HOUR_MS = 3_600_000;
const logger = createLogger({ level: 'silent' });
const eventually = <T>(what: () => T) => expect.poll(what, { interval: 5, timeout: 15_000 });

let folder: string;
let clock: ManualClock;
let owners: Owners;
let queue: JobQueue;
let worker: Worker;
let receiver: Server;
/** Whole requests that came, by their `webhook-id`. */
let requests: string[];
let answer: (socket: Socket, id: string) => void;
const sockets = new Set<Socket>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callbridge-receivers-'));
  clock = new ManualClock();
  requests = [];
  receiver = createServer((socket) => {
    sockets.add(socket);
    let text = '';
    socket
      .on('error', () => undefined)
      .on('close', () => sockets.delete(socket))
      .on('data', (chunk: Buffer) => {
        text += chunk.toString();
        const [head = '', body] = text.split('\r\n\r\n');
        const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
        if (body === undefined || Buffer.byteLength(body) < length) return;
        const id = /webhook-id: call_ended_(\S+)/i.exec(head)?.[1] ?? '';
        text = '';
        requests.push(id);
        answer(socket, id);
      });
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  owners = openOwners({ folder: join(folder, 'owners'), clock, ids: systemIds });
  const spool = await Spool.open({ folder: join(folder, 'queue'), owners, clock });
  queue = createSpoolQueue(spool);
  const afterwardsFor = () => ({ formats: [], webhook: { url, secret: WEBHOOK_SECRET, events: EVENT_TYPES } });
  worker = createSpoolWorker(spool, {
    process: createProcessor([deliverWebhook({ afterwardsFor, clock, logger })]),
    concurrency: 2,
    retry: RETRY,
    clock,
    ids: { ...systemIds, fraction: () => 0.5 },
    logger,
    metrics: createMetrics(),
  });
  await worker.start();
});
afterEach(async () => {
  // What it still waits for ends with its socket.
  for (const socket of sockets) socket.destroy();
  receiver.close();
  await worker.close(1_000);
  owners.close();
  await rm(folder, { recursive: true });
});

/** More and more, as long as somebody takes it. */
const pour = (socket: Socket, chunk: string): void => {
  const more = (): void => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', more);
  more();
};
const status = (line: string) => (socket: Socket) => socket.end(`HTTP/1.1 ${line}\r\ncontent-length: 0\r\n\r\n`);
const openBody = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';

type Behaviour = readonly [what: string, becomes: 'done' | 'delayed' | 'dead', answer: (socket: Socket) => void];
const AT_ONCE: readonly Behaviour[] = [
  ['200', 'done', status('200 OK')],
  ['204', 'done', status('204 No Content')],
  [
    '200 with a body that never ends',
    'done',
    (socket) => pour(socket.write(openBody) ? socket : socket, '8\r\nxxxxxxxx\r\n'),
  ],
  ['200 with a body that never comes', 'done', (socket) => socket.write(openBody)],
  ['HTTP/1.0 and 200', 'done', (socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nthank you')],
  ['301', 'delayed', status('301 Moved\r\nlocation: /elsewhere')],
  ['307', 'delayed', status('307 Temporary Redirect\r\nlocation: /elsewhere')],
  ['400', 'delayed', status('400 Bad Request')],
  ['401', 'delayed', status('401 Unauthorized')],
  ['404', 'delayed', status('404 Not Found')],
  ['429', 'delayed', status('429 Too Many Requests')],
  ['500', 'delayed', status('500 Internal Server Error')],
  ['503', 'delayed', status('503 Service Unavailable')],
  ['410', 'dead', status('410 Gone')],
  ['a reset connection', 'delayed', (socket) => socket.resetAndDestroy()],
  ['a connection closed without an answer', 'delayed', (socket) => socket.end()],
  ['half a status line', 'delayed', (socket) => socket.end('HTTP/1.1 20')],
  ['another protocol', 'delayed', (socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n')],
  ['a page without a head', 'delayed', (socket) => socket.end('<html>hello</html>')],
  [
    'headers that never end',
    'delayed',
    (socket) => pour(socket.write('HTTP/1.1 200 OK\r\n') ? socket : socket, 'x-more: yes\r\n'),
  ],
];
const LATE: readonly Behaviour[] = [
  ['silence', 'delayed', () => undefined],
  ['an answer that stops in its head', 'delayed', (socket) => socket.write('HTTP/1.1 200 OK\r\nx-more:')],
];

const becomes = (state: string) => ({ waiting: 0, active: 0, done: 0, delayed: 0, dead: 0, [state]: 1 });

test.for(AT_ONCE)('%s: the job is then %s', async ([, state, behaviour]) => {
  answer = behaviour;
  await queue.add(record('CA1'));
  await eventually(() => queue.counts()).toEqual(becomes(state));
  // A redirect is not followed, and nothing is sent twice.
  expect(requests).toEqual(['CA1']);
});

test.for(LATE)('%s, for ten seconds: the job is then %s', async ([, state, behaviour]) => {
  answer = behaviour;
  await queue.add(record('CA1'));
  await eventually(() => requests.length).toBe(1);
  await clock.advance(DEADLINE_MS - 1);
  expect(await queue.counts()).toMatchObject({ active: 1 });
  await clock.advance(1);
  await eventually(() => queue.counts()).toEqual(becomes(state));
});

test('a receiver that is down for a day gets the call when it is back', async () => {
  answer = status('503 Service Unavailable');
  await queue.add(record('CA1'));
  await eventually(() => queue.counts()).toMatchObject({ delayed: 1 });
  const downUntilMs = clock.nowMs() + 24 * HOUR_MS;
  while (clock.nowMs() < downUntilMs) {
    const before = requests.length;
    // The delays double from five seconds to an hour.
    await clock.advance(Math.min(HOUR_MS, 5_000 * 2 ** (before - 1)));
    await eventually(() => requests.length).toBe(before + 1);
    await eventually(() => queue.counts()).toMatchObject({ active: 0 });
  }
  expect(await queue.counts()).toEqual(becomes('delayed'));
  answer = status('204 No Content');
  await clock.advance(HOUR_MS);
  await eventually(() => queue.counts()).toEqual(becomes('done'));
  expect(requests.length).toBeGreaterThan(24);
});

test("a slow receiver does not hold up another call's delivery", async () => {
  answer = (socket, id) => {
    if (id !== 'CA-slow') status('204 No Content')(socket);
  };
  await queue.add(record('CA-slow'));
  await eventually(() => requests).toEqual(['CA-slow']);
  for (const callId of ['CA1', 'CA2', 'CA3']) await queue.add(record(callId));
  await eventually(() => queue.counts()).toMatchObject({ done: 3, active: 1 });
});
