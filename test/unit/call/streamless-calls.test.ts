/** Calls of which no stream came, as far as is known to the process that makes the record: others may be cut off from Redis. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { UnansweredCalls } from '../../../src/call/index.ts';
import { type Clock, Failure, systemClock } from '../../../src/lib/index.ts';
import { createLogger } from '../../../src/telemetry/index.ts';
import { type CallRecord, endTranscript, type Outcome } from '../../../src/transcript/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { ORDER } from '../../support/outbound-order.ts';
import { findRedisServer, freePort, startRedisServer, type TestRedis } from '../../support/redis.ts';
import { type RedisStores, redisStores } from '../../support/redis-stores.ts';
import { QUICK_TIMES, type StoreProcess } from '../../support/store-processes.ts';
import { callFacts } from '../transcript/given.ts';

const NEVER_CAME: Outcome = { kind: 'failed', fault: 'provider', code: 'STREAM_NEVER_CAME' };
const eventually = <T>(what: () => T | Promise<T>) => expect.poll(what, { interval: 10, timeout: 15_000 });

const redisServer = findRedisServer();
const servers = redisServer === undefined ? [] : [redisServer];

describe.each(servers)('with %s', (binary) => {
  let port: number;
  let own: RedisStores<TestRedis>;
  const startRedis = async (): Promise<TestRedis> => {
    port = await freePort();
    return startRedisServer(binary, port);
  };
  redisStores(startRedis, (given) => {
    own = given;
  });
  let published: CallRecord[];

  beforeEach(() => {
    published = [];
  });

  /** The queue takes a call once, and nothing while it `isAway`. */
  const start = (clock: Clock = systemClock, isAway = () => false): Promise<StoreProcess> =>
    own.start({
      clock,
      times: QUICK_TIMES,
      publish: async (record) => {
        if (isAway()) throw new Failure('QUEUE_UNAVAILABLE', 'away, as Redis is');
        if (!published.some(({ callId }) => callId === record.callId)) published.push(record);
      },
    });
  /** Tells the process that the call was answered, and is over. */
  const told = ({ store, outbox, metrics }: StoreProcess): (() => Promise<void>) => {
    const unanswered = new UnansweredCalls({
      clock: systemClock,
      logger: createLogger({ level: 'silent' }),
      metrics,
      store,
      provider: 'twilio',
      endTranscript: (call, earlier, outcome) => {
        const mirror: typeof store.append = (callId, entry) => store.append(callId, entry);
        endTranscript({ call, clock: systemClock, outbox, earlier, outcome, mirror });
      },
    });
    return () => unanswered.ended('CA1', { ...ORDER, orderedAtMs: systemClock.nowMs() }, NEVER_CAME, false);
  };
  const journals = async (process: number): Promise<string[]> =>
    (await readdir(join(own.folder, `${process}`, 'journals'), { recursive: true })).filter((one) =>
      one.endsWith('.jsonl'),
    );
  /** Lets `clock` go on until the process hears of the others again, or does not any more. */
  const untilAway = (isAway: boolean, { store }: StoreProcess, clock: ManualClock) =>
    eventually(() => {
      clock.tick(QUICK_TIMES.beatMs);
      return store.away;
    }).toBe(isAway);

  test.each([
    ['goes on', false],
    ['has ended', true],
  ])('what a process that is cut off has of a call, which %s there, is kept for people', async (_how, hasEnded) => {
    const clock = new ManualClock();
    let isAway = true;
    const one = await start(clock, () => isAway);
    await own.redis.stop();
    await untilAway(true, one, clock);
    const { transcript } = await one.begin('CA1');
    transcript.collector.callerSaid('A table for two.', clock.nowMs());
    if (hasEnded) {
      transcript.collector.end({ kind: 'callerGone' }, clock.nowMs());
      transcript.close();
      await one.store.end('CA1', 'hangUp');
    }
    own.redis = await startRedisServer(binary, port);
    const other = await start();
    await told(other)();
    await eventually(() => published).toMatchObject([{ callId: 'CA1', outcome: NEVER_CAME, lines: [] }]);
    await untilAway(false, one, clock);
    isAway = false;
    await eventually(() => {
      clock.tick(QUICK_TIMES.beatMs);
      return journals(0);
    }).toEqual([expect.stringMatching(/^corrupt\/CA1\./)]);
    expect(published).toHaveLength(1);
    expect(one.told).toEqual(hasEnded ? [] : ['taken CA1']);
  });

  test('one that Redis hears of while it is let go again has its record when that is told again', async () => {
    const one = await start();
    const tell = told(one);
    await own.redis.stop();
    await expect(tell()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    own.redis = await startRedisServer(binary, port);
    await eventually(() => one.store.away).toBe(false);
    // As it is when Redis is back in the moment between the two.
    await one.store.take(callFacts('CA1'));
    await one.store.release('CA1');
    expect(await one.store.look('CA1')).toMatchObject({ state: 'running', holder: 'none' });
    await tell();
    await eventually(() => published).toMatchObject([{ callId: 'CA1', outcome: NEVER_CAME, lines: [] }]);
  });

  test('no record is made while Redis does not say whether a process has the call, and one when that is told again', async () => {
    const one = await start();
    const tell = told(one);
    await own.redis.stop();
    await expect(tell()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await journals(0)).toEqual([]);
    own.redis = await startRedisServer(binary, port);
    await eventually(() => tell().catch((error: Failure) => error.code)).toBeUndefined();
    await Promise.all([tell(), tell()]);
    await eventually(() => published).toMatchObject([{ callId: 'CA1', outcome: NEVER_CAME }]);
    expect((await one.store.look('CA1')).state).toBe('ended');
    await eventually(() => journals(0)).toEqual([]);
  });
});
