/** What a store of running calls promises, held to each: the disk's, and Redis's on every Redis there is. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Entry } from '../../src/transcript/index.ts';
import { findRedisServer, startJsRedis, startRedisServer } from '../support/redis.ts';
import { diskDriver, redisDriver, type StoreDriver } from '../support/store-processes.ts';
import { callFacts } from '../unit/transcript/given.ts';

const redisServer = findRedisServer();
const drivers: [string, () => Promise<StoreDriver>][] = [
  ['disk', diskDriver],
  ['js-redis-server', () => redisDriver(startJsRedis)],
];
if (redisServer !== undefined) drivers.push(['redis-server', () => redisDriver(() => startRedisServer(redisServer))]);

const texts = (entries: readonly Entry[]): string[] =>
  entries.flatMap((entry) => (entry.type === 'line' ? [entry.line.text] : []));

describe.each(drivers)('on %s', (_name, makeDriver) => {
  let driver: StoreDriver;
  beforeEach(async () => {
    driver = await makeDriver();
  });
  afterEach(() => driver.stop());

  const eventually = <T>(what: () => T | Promise<T>) =>
    expect.poll(
      async () => {
        await driver.pass();
        return what();
      },
      { interval: 5, timeout: 15_000 },
    );
  const press = (call: { transcript: { collector: { digit(digit: string, atMs: number): void } } }, digit: string) => {
    // A tone of its own line: the agent's answer does not end it, the next key far later does.
    call.transcript.collector.digit(digit, driver.clock.nowMs());
  };

  test('a call is unknown until it is taken; then it runs here, and for the others elsewhere', async () => {
    const [one, other] = [await driver.start(), await driver.start()];
    expect(await one.store.look('CA1')).toEqual({ state: 'unknown' });
    const { earlier } = await one.begin('CA1');
    expect(earlier).toEqual([]);
    expect(await one.store.look('CA1')).toEqual({ state: 'running', holder: 'here', facts: callFacts('CA1') });
    await eventually(() => other.store.look('CA1')).toEqual({
      state: 'running',
      holder: 'elsewhere',
      facts: callFacts('CA1'),
    });
  });

  test('the calls of a process that died are told to one survivor, whole, and go on where they are taken', async () => {
    const [dead, one, other] = [await driver.start(), await driver.start(), await driver.start()];
    const call = await dead.begin('CA1');
    call.transcript.collector.greeted();
    call.transcript.collector.handle('handle-1', 'main');
    call.transcript.collector.event(driver.clock.nowMs(), 'LIVE_LOST', 'mended');
    await eventually(() => dead.store.look('CA1')).toMatchObject({ holder: 'here' });
    await eventually(() => one.store.look('CA1')).toMatchObject({ holder: 'elsewhere' });
    await driver.pass();
    dead.die();
    await eventually(() => [...one.told, ...other.told]).toEqual(['orphaned CA1']);
    const [told, untold] = one.told.length > 0 ? [one, other] : [other, one];
    await eventually(() => untold.store.look('CA1')).toMatchObject({ holder: expect.stringMatching(/dead|none/) });

    // Twilio may come back to either.
    const { transcript, earlier } = await untold.begin('CA1');
    expect(earlier.map(({ type }) => type)).toEqual(['began', 'answered', 'greeted', 'handle', 'event']);
    expect(await untold.store.look('CA1')).toMatchObject({ holder: 'here' });
    await eventually(() => told.store.look('CA1')).toMatchObject({ holder: 'elsewhere' });
    transcript.collector.end({ kind: 'completed' }, driver.clock.nowMs());
    transcript.close();
    await untold.store.end('CA1', 'hangUp');
    await eventually(() => driver.records).toMatchObject([
      { callId: 'CA1', outcome: { kind: 'completed' }, events: [{ code: 'LIVE_LOST' }, { code: 'TAKEN_UP' }] },
    ]);
    expect(driver.records).toHaveLength(1);
    expect(told.told).toEqual(['orphaned CA1']);
  });

  test('calls that run are listed for whoever can see them, until they end', async () => {
    const [one, other] = [await driver.start(), await driver.start()];
    const { transcript } = await one.begin('CA1');
    await one.begin('CA2');
    const inRedis = (await one.store.neighbours()) > 0;
    const idsOf = async ({ store }: typeof one) => (await store.running(10)).map(({ callId }) => callId).sort();
    expect(await idsOf(one)).toEqual(['CA1', 'CA2']);
    expect(await one.store.running(1)).toHaveLength(1);
    await eventually(() => idsOf(other)).toEqual(inRedis ? ['CA1', 'CA2'] : []);
    transcript.collector.end({ kind: 'completed' }, driver.clock.nowMs());
    transcript.close();
    await one.store.end('CA1', 'hangUp');
    await eventually(() => idsOf(one)).toEqual(['CA2']);
    await eventually(() => idsOf(other)).toEqual(inRedis ? ['CA2'] : []);
  });

  test('who is told to stop is a neighbour to nobody, and goes on with the calls that it has', async () => {
    const [one, other] = [await driver.start(), await driver.start()];
    await one.begin('CA1');
    const inRedis = (await one.store.neighbours()) > 0;
    await eventually(() => Promise.all([one, other].map(({ store }) => store.neighbours()))).toEqual(
      inRedis ? [1, 1] : [0, 0],
    );
    one.store.leaves();
    await eventually(() => other.store.neighbours()).toBe(0);
    expect(await one.store.neighbours()).toBe(inRedis ? 1 : 0);
    expect(await one.store.look('CA1')).toMatchObject({ state: 'running', holder: 'here' });
    other.store.leaves();
    await eventually(() => one.store.neighbours()).toBe(0);
  });

  test('what is written while a call is still being taken is there for whoever takes it next', async () => {
    const [from, to] = [await driver.start(), await driver.start()];
    const transcript = from.answer('CA1');
    transcript.collector.greeted();
    await eventually(() => to.store.look('CA1')).toMatchObject({ holder: 'elsewhere' });
    transcript.leave();
    await from.store.release('CA1');
    const { earlier } = await to.begin('CA1');
    expect(earlier.map(({ type }) => type)).toEqual(['began', 'answered', 'greeted', 'event']);
  });

  test('a call that loses one process after the other keeps what each of them wrote, in order and once', async () => {
    for (const text of ['1', '2', '3', '4']) {
      const process = await driver.start();
      const { transcript, earlier } = await process.begin('CA1');
      expect(texts(earlier)).toEqual(['1', '2', '3', '4'].slice(0, Number(text) - 1));
      press({ transcript }, text);
      transcript.leave();
      await eventually(() => texts(process.outbox.entries('CA1')).at(-1)).toBe(text);
      await eventually(() => driver.shared(process, 'CA1')).toBe(true);
      process.die();
    }
    const last = await driver.start();
    await eventually(() => last.told).toEqual(['orphaned CA1']);
    const { transcript } = await last.begin('CA1');
    transcript.collector.end({ kind: 'callerGone' }, driver.clock.nowMs());
    transcript.close();
    await eventually(() => driver.records).toMatchObject([{ digits: '1234', outcome: { kind: 'callerGone' } }]);
  });

  test('a call that is let go is taken up by another process, and nobody is called to help', async () => {
    const [from, to] = [await driver.start(), await driver.start()];
    const call = await from.begin('CA1');
    press(call, '7');
    call.transcript.leave();
    await from.store.release('CA1');
    expect(await to.store.look('CA1')).toMatchObject({ state: 'running', holder: 'none' });
    const { earlier } = await to.begin('CA1');
    expect(texts(earlier)).toEqual(['7']);
    from.die();
    await driver.pass();
    expect(to.told).toEqual([]);
    expect(driver.records).toEqual([]);
  });

  const desk = { name: 'desk', to: '+15550177', timeoutSeconds: 20 };

  test('a call that is let go for a transfer is told with it, whoever is asked, until it is taken up again', async () => {
    const [from, to] = [await driver.start(), await driver.start()];
    const { transcript } = await from.begin('CA1');
    transcript.collector.leave(desk);
    await from.store.release('CA1');
    const known = { state: 'running', holder: 'none', transfer: desk };
    expect([await from.store.look('CA1'), await to.store.look('CA1')]).toMatchObject([known, known]);
    await to.begin('CA1');
    expect(await to.store.look('CA1')).toMatchObject({ holder: 'here' });
    await eventually(() => from.store.look('CA1')).toMatchObject({ holder: 'elsewhere' });
    expect(await from.store.look('CA1')).not.toHaveProperty('transfer');
  });

  test('a transfer outlives the process that let its call go for it, and is how the call ends when nobody comes back', async () => {
    const [dead, survivor] = [await driver.start(), await driver.start()];
    const { transcript } = await dead.begin('CA1');
    transcript.collector.leave(desk);
    await dead.store.release('CA1');
    dead.die();
    await driver.pass();
    expect(await survivor.store.look('CA1')).toMatchObject({ state: 'running', transfer: desk });
    await survivor.store.end('CA1', 'hangUp');
    await eventually(() => driver.records).toMatchObject([{ outcome: { kind: 'transferred', to: 'desk' } }]);
  });

  test('a caller who waits until somebody takes their call has longer than any other', async () => {
    const [from] = [await driver.start(), await driver.start()];
    const warm = { accept: 'key', summary: 'Ada calls.', prompt: 'Press 1.' } as const;
    for (const [callId, transfer] of [
      ['CA1', { ...desk, warm }],
      ['CA2', desk],
    ] as const) {
      const { transcript } = await from.begin(callId);
      transcript.collector.leave(transfer);
      await from.store.release(callId);
    }
    await eventually(() => driver.records).toMatchObject([{ callId: 'CA2', outcome: { kind: 'transferred' } }]);
    expect(await from.store.look('CA1')).toMatchObject({ state: 'running', transfer: { warm } });
  });

  test('a call that has ended is remembered with its answer, and not taken again', async () => {
    const process = await driver.start();
    const { transcript } = await process.begin('CA1');
    transcript.collector.end({ kind: 'completed' }, driver.clock.nowMs());
    transcript.close();
    await process.store.end('CA1', 'fallback');
    expect(await process.store.look('CA1')).toEqual({ state: 'ended', answer: 'fallback' });
    await expect(process.store.take(callFacts('CA1'))).rejects.toMatchObject({ code: 'STREAM_DUPLICATE' });
    await eventually(() => driver.records).toHaveLength(1);
  });

  test('a call that nobody takes up leaves one record, of a process that died', async () => {
    const [dead, one, other] = [await driver.start(), await driver.start(), await driver.start()];
    const call = await dead.begin('CA1');
    call.transcript.collector.event(driver.clock.nowMs(), 'LIVE_LOST', 'mended');
    await eventually(() => one.store.look('CA1')).toMatchObject({ holder: 'elsewhere' });
    dead.die();
    await eventually(() => driver.records).toMatchObject([
      { callId: 'CA1', outcome: { code: 'PROCESS_DIED' }, events: [{ code: 'LIVE_LOST' }] },
    ]);
    expect([...one.told, ...other.told]).toEqual(['orphaned CA1']);
  });

  test('a call of the dead that turns out to be over is settled at once', async () => {
    const [dead, survivor] = [await driver.start(), await driver.start()];
    await dead.begin('CA1');
    await eventually(() => survivor.store.look('CA1')).toMatchObject({ holder: 'elsewhere' });
    dead.die();
    await eventually(() => survivor.told).toEqual(['orphaned CA1']);
    await survivor.store.end('CA1', 'hangUp');
    await eventually(() => driver.records).toMatchObject([{ outcome: { code: 'PROCESS_DIED' } }]);
    expect(await survivor.store.look('CA1')).toEqual({ state: 'ended', answer: 'hangUp' });
  });
});
