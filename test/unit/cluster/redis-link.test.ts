/** When a link to Redis that is mute is broken, so that it is made anew. */
import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { RedisLink } from '../../../src/cluster/redis-link.ts';
import type { Redis } from '../../../src/redis/index.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';

function muteLink() {
  const clock = new ManualClock();
  let broken = 0;
  const redis = Object.assign(new EventEmitter(), { status: 'ready', disconnect: () => void broken++ });
  const link = new RedisLink({
    redis: redis as unknown as Redis,
    clock,
    logger: createLogger({ level: 'silent' }),
    metrics: createMetrics(),
  });
  const ask = () => expect(link.ask(() => new Promise(() => undefined))).rejects.toThrow('did not answer in time');
  return { clock, ask, broken: () => broken };
}

test('all that is asked in one busy moment is one miss: the link stays', async () => {
  const { clock, ask, broken } = muteLink();
  const asks = [ask(), ask(), ask()];
  await clock.advance(500);
  asks.push(ask());
  await clock.advance(1_000);
  await Promise.all(asks);
  expect(broken()).toBe(0);
  expect(clock.armed).toBe(0);
});

test('a second miss in a row, of what was asked after the first one, breaks the link', async () => {
  const { clock, ask, broken } = muteLink();
  for (const brokenThen of [0, 1, 1, 2]) {
    const asked = ask();
    await clock.advance(1_000);
    await asked;
    expect(broken()).toBe(brokenThen);
  }
});
