/** A Redis that is there, and still loads what it had: calls go on, and each has its record once it has. Real processes. */
import { describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/lib/index.ts';
import { createBullQueue, RETRY } from '../../src/postprocess/index.ts';
import type { CallScript, PhoneEvent, ScenarioInput } from '../../src/simulator/index.ts';
import { createLogger } from '../../src/telemetry/index.ts';
import { type LoadingRedis, startLoadingRedis } from '../support/loading-redis.ts';
import { findRedisServer } from '../support/redis.ts';
import { onTheirOwn, type Replicas, recordsIn } from '../support/replicas.ts';

const GREETING = 'Good morning.';
const model: ScenarioInput = { turns: [{ on: 'greeting', says: GREETING }] };
const script: CallScript = [
  { hear: 'agent', withinMs: 15_000 },
  { hearSilence: { ms: 700 }, withinMs: 20_000 },
  { wait: 2_000, withinMs: 1_000 },
  { hangUp: true, withinMs: 1_000 },
];
const IN_MID_CALL = 'waits 2000 ms';
/** A real call, and processes that start; on a busy machine several times that. */
const LONG = 90_000;
/** The queue is asked again some seconds later, and the worker looks again as late. */
const ARRIVES = { timeout: 40_000 };

const binary = findRedisServer();
const servers = binary === undefined ? [] : [binary];

describe.concurrent.each(servers)('with %s', (server) => {
  const loading = (run: (replicas: Replicas, redis: LoadingRedis) => Promise<void>) =>
    onTheirOwn(
      model,
      async (replicas) => {
        const redis = await startLoadingRedis(server);
        try {
          await run(replicas, redis);
        } finally {
          await redis.stop();
        }
      },
      { patient: true },
    );

  async function expectOneRecord(redis: LoadingRedis, callId: string, records: string): Promise<void> {
    await vi.waitFor(() => expect(recordsIn(records)).toMatchObject([{ callId }]), ARRIVES);
    const [record] = recordsIn(records);
    expect(record).toMatchObject({ outcome: { kind: 'callerGone' }, lines: [{ text: GREETING }] });
    const logger = createLogger({ level: 'silent' });
    const queue = createBullQueue({ redisUrl: redis.url, retry: RETRY, clock: systemClock, logger });
    await vi.waitFor(
      async () => expect(await queue.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, done: 1, dead: 0 }),
      ARRIVES,
    );
    await queue.close();
  }

  test(
    'a service and a worker that start meanwhile say so, take calls, and have their records written afterwards',
    loading(async (replicas, redis) => {
      await redis.restart();
      const [records, REDIS_URL] = [replicas.folder(), redis.url];
      await replicas.work({ REDIS_URL, DATA_DIR: records });
      const serve = await replicas.start({ REDIS_URL, DATA_DIR: replicas.folder() });
      expect(serve.process.output()).toMatch(/it may still load its data.*shared state is away/);
      replicas.route(serve);
      const result = await replicas.call({ script });
      expect([result.scriptFailure, result.end.how]).toEqual([undefined, 'callerHungUp']);
      expect(recordsIn(records)).toEqual([]);
      await redis.load();
      await expectOneRecord(redis, result.callSid, records);
      await serve.process.says(/shared state is back/);
    }),
    LONG,
  );

  test(
    'a call in whose middle Redis is started again, and that ends meanwhile, has its record queued and written once',
    loading(async (replicas, redis) => {
      const [records, REDIS_URL] = [replicas.folder(), redis.url];
      await replicas.work({ REDIS_URL, DATA_DIR: records });
      const serve = await replicas.start({ REDIS_URL, DATA_DIR: replicas.folder() });
      replicas.route(serve);
      let restarted = Promise.resolve();
      const onEvent = (event: PhoneEvent): void => {
        if (event.type === 'stepBegan' && event.step === IN_MID_CALL) restarted = redis.save().then(redis.restart);
      };
      const result = await replicas.call({ script, onEvent });
      await restarted;
      expect([result.scriptFailure, result.end.how, result.streams.length]).toEqual([undefined, 'callerHungUp', 1]);
      await serve.process.says(/record not published, kept on disk/);
      expect(recordsIn(records)).toEqual([]);
      await redis.load();
      await expectOneRecord(redis, result.callSid, records);
    }),
    LONG,
  );
});
