/** The port of a worker. */
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { createMetricsServer } from '../../../src/http/index.ts';
import { createLogger, createMetrics, type Metrics } from '../../../src/telemetry/index.ts';

let metrics: Metrics;
let port: number;
beforeEach(async () => {
  metrics = createMetrics();
  const server = createMetricsServer({ logger: createLogger({ level: 'fatal' }), metrics });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
});

test('has health and metrics, for those who ask, and nothing else', async () => {
  const ask = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${port}${path}`, { method });
  expect((await ask('/healthz')).status).toBe(200);
  const shown = await ask('/metrics');
  expect(shown.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  expect(await shown.text()).toContain('callbridge_jobs_total');
  expect((await ask('/metrics', 'POST')).status).toBe(405);
  for (const path of ['/', '/readyz', '/twilio/voice', '/calls', '/queues']) expect((await ask(path)).status).toBe(404);
});

test('closes connections beyond its bound unheard, and serves again when some are gone', async () => {
  const idle: Socket[] = [];
  for (let i = 0; i < 16; i++) {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    idle.push(socket);
  }
  const refused = connect(port, '127.0.0.1').on('error', () => undefined);
  await once(refused, 'close');
  expect(await metrics.text()).toMatch(/^callbridge_connections_refused_total 1$/m);
  idle[0]!.destroy();
  const health = async (): Promise<number> => (await fetch(`http://127.0.0.1:${port}/healthz`)).status;
  await expect.poll(() => health().catch(() => 0)).toBe(200);
  for (const socket of idle) socket.destroy();
});
