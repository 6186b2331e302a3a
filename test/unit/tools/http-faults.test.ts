/** A real HTTP service that breaks, refuses, or answers what cannot be read: what the model is told, and what the log has. */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { givenHttpService, json } from '../../support/http-service.ts';
import { givenHttpsService } from '../../support/https-service.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { wound } from '../../support/wound.ts';
import { CONTEXT } from './given.ts';
import { never, toolOf } from './given-http.ts';

test.each([
  [{ 'content-type': 'text/html' }, '<p>Booked.</p>', ['status']],
  [{}, 'OK', undefined],
  [{ 'content-type': 'application/json' }, 'OK', undefined],
])('a side effect whose answer cannot be read (%j: %s) is told as done', async (headers, text, pick) => {
  const { port } = await givenHttpService((_asked, response) => response.writeHead(200, headers).end(text));
  await expect(toolOf(port, { method: 'POST', pick }).run({}, CONTEXT, never)).rejects.toMatchObject({
    message: expect.stringMatching(/^127\.0\.0\.1:\d+: the answer is /),
    result: { status: 'unreadable', retryable: false, message: expect.stringMatching(/^It was done\./) },
  });
});

test.each([
  [301, undefined],
  [303, undefined],
  [303, 'Idempotency-Key'],
  [308, undefined],
])(
  'of a side effect that is answered with %i (idempotent by %s), nobody knows whether it was done',
  async (status, idempotencyHeader) => {
    const service = await givenHttpService((_asked, response) =>
      response.writeHead(status, { location: '/bookings/7' }).end(),
    );
    const tool = toolOf(service.port, { method: 'POST', idempotencyHeader });
    await expect(tool.run({}, CONTEXT, never)).rejects.toMatchObject({
      message: `127.0.0.1:${service.port}: the answer was ${status}: redirects are not followed, so give the final URL`,
      result: { status: 'unknown', retryable: false },
    });
    expect(service.asked).toHaveLength(1);
  },
);

describe('what passes', () => {
  test.each([
    ['GET', undefined, 3],
    ['POST', 'Idempotency-Key', 3],
    ['POST', undefined, 1],
  ] as const)('is asked again by %s (idempotent by %s), %i times', async (method, idempotencyHeader, times) => {
    const clock = new ManualClock();
    const service = await givenHttpService((_asked, response) => response.writeHead(503).end());
    const tool = toolOf(service.port, { method, idempotencyHeader }, undefined, clock);
    await expect(wound(clock, tool.run({}, CONTEXT, never))).rejects.toMatchObject({
      message: `127.0.0.1:${service.port}: the answer was 503`,
      result: times === 1 ? { status: 'unknown', retryable: false } : { status: 'unavailable', retryable: true },
    });
    expect(service.asked).toHaveLength(times);
    expect(new Set(service.asked.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  });

  test('and is there the second time', async () => {
    const clock = new ManualClock();
    const service = await givenHttpService((_asked, response, { socket }) => {
      if (service.asked.length === 1) socket.destroy();
      else json(response, 1);
    });
    expect(await wound(clock, toolOf(service.port, {}, undefined, clock).run({}, CONTEXT, never))).toMatchObject({
      status: 'ok',
      data: 1,
    });
  });

  test.each(['GET', 'POST'] as const)('is not asked again by %s when the service says when to come', async (method) => {
    const service = await givenHttpService((_asked, response) =>
      response.writeHead(429, { 'retry-after': '60' }).end(),
    );
    // It was not looked at, so that the model may ask again.
    await expect(toolOf(service.port, { method }).run({}, CONTEXT, never)).rejects.toMatchObject({
      result: { status: 'unavailable', retryable: true },
    });
    expect(service.asked).toHaveLength(1);
  });

  test.each([
    ['refused', 1, undefined, 'no connection: ECONNREFUSED'],
    ['of no TLS', undefined, 'https', /: no connection: (EPROTO|ERR_SSL_\w+)$/],
  ])(
    'without a connection (%s), nothing was done, so that even a booking may be tried again',
    async (_why, closed, scheme = 'http', fault) => {
      const service = await givenHttpService((_asked, response) => json(response, {}));
      const port = closed ?? service.port;
      const tool = toolOf(port, { method: 'POST', url: [`${scheme}://127.0.0.1:${port}/tables?name=Ada`] });
      await expect(tool.run({}, CONTEXT, never)).rejects.toMatchObject({
        message: expect.stringMatching(fault),
        result: { status: 'unavailable', retryable: true },
      });
      expect(service.asked).toEqual([]);
    },
  );

  test('of a connection that breaks, the host is told and its code, and nothing of what was sent', async () => {
    const service = await givenHttpService((_asked, _response, { socket }) => socket.destroy());
    const url = [`http://u:s3cret@127.0.0.1:${service.port}/tables?name=Ada`];
    await expect(toolOf(service.port, { method: 'POST', url }).run({}, CONTEXT, never)).rejects.toMatchObject({
      message: `127.0.0.1:${service.port}: ECONNRESET`,
      result: { status: 'unknown', retryable: false },
    });
    expect(service.asked).toHaveLength(1);
  });
});

test('a host whose certificate is refused is asked nothing, and not again', async () => {
  const clock = new ManualClock();
  const service = await givenHttpsService();
  const url = [`https://127.0.0.1:${service.port}/tables`];
  const tool = toolOf(service.port, { method: 'POST', url, body: { kind: 'plain', value: 1 } }, undefined, clock);
  await expect(tool.run({}, CONTEXT, never)).rejects.toMatchObject({
    message: `127.0.0.1:${service.port}: its certificate is refused: DEPTH_ZERO_SELF_SIGNED_CERT`,
    result: { status: 'failed', retryable: false },
  });
  expect(service.asked).toEqual([]);
  expect(service.connections()).toBe(1);
});

test.each(['while the service thinks', 'while it sends', 'before the next try'])(
  'ends at once when the signal is raised %s',
  async (when) => {
    const clock = new ManualClock();
    const abort = new AbortController();
    let seen: () => void = () => undefined;
    const reached = new Promise<void>((resolve) => {
      seen = resolve;
    });
    const service = await givenHttpService((_asked, response, { socket }) => {
      if (when === 'before the next try') socket.destroy();
      if (when === 'while it sends') response.writeHead(200, { 'content-type': 'application/json' }).write('{');
      seen();
    });
    const running = toolOf(service.port, {}, undefined, clock).run({}, CONTEXT, abort.signal);
    await reached;
    abort.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    expect(clock.armed).toBe(0);
  },
);

test('a connection over TLS that breaks when the request has left leaves nobody knowing', async () => {
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  onTestFinished(() => void vi.unstubAllEnvs());
  const service = await givenHttpsService();
  const tool = toolOf(service.port, { method: 'POST', url: [`https://127.0.0.1:${service.port}/tables`] });
  await expect(tool.run({}, CONTEXT, never)).rejects.toMatchObject({
    message: `127.0.0.1:${service.port}: ECONNRESET`,
    result: { status: 'unknown', retryable: false },
  });
  expect(service.asked).toEqual(['/tables']);
});
