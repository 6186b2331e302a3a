/** Receivers are told that a call was answered: real ones, and time that is wound by hand. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Afterwards, createAnnouncer, EVENT_TYPES, REDACTABLE } from '../../../src/postprocess/index.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import { countingIds } from '../../support/counting-ids.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { callFacts, START_MS } from '../transcript/given.ts';
import { startReceiver } from './receiver-given.ts';

const SECRET = `whsec_${Buffer.from('a secret of 24 bytes ...').toString('base64')}`;

function givenAnnouncer(url: string, afterwards: Partial<Afterwards> = {}) {
  const clock = new ManualClock();
  const log: string[] = [];
  const metrics = createMetrics();
  const announcer = createAnnouncer({
    afterwardsFor: () => ({ formats: [], webhook: { url, secret: SECRET, events: EVENT_TYPES }, ...afterwards }),
    clock,
    ids: countingIds(),
    logger: createLogger({ level: 'trace', destination: { write: (line) => void log.push(line) } }),
    metrics,
  });
  const counted = async (result: string): Promise<number> =>
    (await metrics.announcements.get()).values.find(({ labels }) => labels.result === result)?.value ?? 0;
  const saidLost = () => log.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'call.started lost');
  /** Winds to the next attempt, and waits until it is over. */
  const again = async (): Promise<void> => {
    await vi.waitFor(() => expect(log.filter((line) => line.includes('to be sent again'))).not.toEqual([]), 10_000);
    log.length = 0;
    clock.tick(20_000);
  };
  return { announcer, clock, log, counted, saidLost, again };
}

/** Accepts, and never answers. */
async function startMuteReceiver(): Promise<{ url: string; asked: () => number }> {
  let asked = 0;
  const server: Server = createServer(() => void asked++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked };
}

describe('a call that is answered', () => {
  test('is told, signed, with what is known of it', async () => {
    const { url, deliveries } = await startReceiver();
    const { announcer, counted } = givenAnnouncer(url);
    announcer.answered(callFacts('CA.1'), START_MS + 500);
    await announcer.close(1_000);
    const [{ id, headers, body }, ...others] = deliveries as [(typeof deliveries)[0]];
    expect([others, id]).toEqual([[], 'call_started_CA~1']);
    // As receivers check it, but for the time, which is the clock's.
    const signature = new Webhook(SECRET).sign('call_started_CA~1', new Date(START_MS), body);
    expect([headers['webhook-signature'], headers['webhook-timestamp']]).toEqual([signature, String(START_MS / 1_000)]);
    expect(JSON.parse(body)).toEqual({
      type: 'call.started',
      timestamp: '2026-01-01T00:00:00.500Z',
      data: { version: 1, ...callFacts('CA.1'), answeredAt: '2026-01-01T00:00:00.500Z' },
    });
    expect(await counted('delivered')).toBe(1);
  });

  test('is told without what the agent has blacked out', async () => {
    const { url, deliveries } = await startReceiver();
    const { announcer } = givenAnnouncer(url, { redact: { what: [...REDACTABLE], names: ['Ana'], files: false } });
    announcer.answered({ ...callFacts(), sipHeaders: { 'X-Name': 'Ana' } }, START_MS);
    await announcer.close(1_000);
    expect(JSON.parse(deliveries[0]!.body).data).toMatchObject({
      from: '[caller]',
      to: callFacts().to,
      sipHeaders: { 'X-Name': '[name]' },
      redacted: [...REDACTABLE, 'names'],
    });
  });

  test('is told to nobody who has not chosen it', async () => {
    const { url, deliveries } = await startReceiver();
    const { announcer } = givenAnnouncer(url, {
      webhook: { url, secret: SECRET, events: ['call.ended', 'call.analyzed'] },
    });
    announcer.answered(callFacts(), START_MS);
    await announcer.close(1_000);
    expect(deliveries).toEqual([]);
  });
});

describe('a receiver that does not take it', () => {
  test('is asked again with the same, until it does', async () => {
    const { url, deliveries } = await startReceiver([500, 503]);
    const { announcer, counted, again } = givenAnnouncer(url);
    announcer.answered(callFacts(), START_MS);
    await again();
    await again();
    await announcer.close(1_000);
    expect(deliveries.map(({ id, body }) => [id, body])).toEqual(
      Array(3).fill([deliveries[0]!.id, deliveries[0]!.body]),
    );
    expect([await counted('delivered'), await counted('lost')]).toEqual([1, 0]);
  });

  test('is asked five times, and then the loss is logged and counted', async () => {
    const { url, deliveries } = await startReceiver(Array(9).fill(500));
    const { announcer, clock, counted, again, saidLost } = givenAnnouncer(url);
    announcer.answered(callFacts(), START_MS);
    for (let nth = 1; nth < 5; nth++) await again();
    await announcer.close(1_000);
    expect(deliveries).toHaveLength(5);
    expect(saidLost()).toMatchObject([{ callId: 'CA1', code: 'WEBHOOK_DELIVERY', failedAttempts: 5 }]);
    expect([await counted('delivered'), await counted('lost'), clock.armed]).toEqual([0, 1, 0]);
  });

  test('and wants no more is asked once', async () => {
    const { url, deliveries } = await startReceiver([410]);
    const { announcer, counted, saidLost } = givenAnnouncer(url);
    announcer.answered(callFacts(), START_MS);
    await announcer.close(1_000);
    expect(deliveries).toHaveLength(1);
    expect(saidLost()).toMatchObject([{ code: 'WEBHOOK_REFUSED', failedAttempts: 1 }]);
    expect(await counted('lost')).toBe(1);
  });

  test('holds no more than a thousand calls, and those beyond are lost at once', async () => {
    const { url } = await startMuteReceiver();
    const { announcer, clock, saidLost } = givenAnnouncer(url);
    for (let nth = 0; nth < 1_001; nth++) announcer.answered(callFacts(`CA${nth}`), START_MS);
    expect(saidLost()).toMatchObject([{ callId: 'CA1000', failedAttempts: 0 }]);
    const closed = announcer.close(0);
    await clock.advance(0);
    await closed;
    expect(saidLost()).toHaveLength(1_001);
  });
});

describe('a process that stops', () => {
  test('gives a mute receiver its grace time, and says what is lost', async () => {
    const { url, asked } = await startMuteReceiver();
    const { announcer, clock, counted, saidLost } = givenAnnouncer(url);
    announcer.answered(callFacts(), START_MS);
    await vi.waitFor(() => expect(asked()).toBe(1), 10_000);
    const closed = announcer.close(5_000);
    clock.tick(4_999);
    expect(saidLost()).toEqual([]);
    clock.tick(1);
    await closed;
    expect(saidLost()).toMatchObject([{ callId: 'CA1', code: 'SHUTDOWN', failedAttempts: 1 }]);
    expect([await counted('lost'), clock.armed]).toEqual([1, 0]);
  });

  test('does not wait for the next attempt beyond it', async () => {
    const { url, deliveries } = await startReceiver([500]);
    const { announcer, clock, log, saidLost } = givenAnnouncer(url);
    announcer.answered(callFacts(), START_MS);
    await vi.waitFor(() => expect(log.join('')).toContain('to be sent again'), 10_000);
    const closed = announcer.close(100);
    clock.tick(100);
    await closed;
    expect(deliveries).toHaveLength(1);
    expect(saidLost()).toMatchObject([{ code: 'SHUTDOWN' }]);
    expect(clock.armed).toBe(0);
  });
});
