/** Running calls in Redis when it, or a process, stands still, dies, or forgets. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defineCallScripts } from '../../../src/cluster/call-scripts.ts';
import type { StoreTimes } from '../../../src/cluster/index.ts';
import { type Clock, Failure, systemClock } from '../../../src/lib/index.ts';
import { connectRedis } from '../../../src/redis/index.ts';
import type { CallRecord, Entry } from '../../../src/transcript/index.ts';
import { spawnChild } from '../../support/children.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { findRedisServer, freePort, startRedisServer, type TestRedis } from '../../support/redis.ts';
import { type RedisStores, redisStores } from '../../support/redis-stores.ts';
import { QUICK_TIMES, type StoreProcess } from '../../support/store-processes.ts';
import { said } from '../transcript/given.ts';
import { PATIENT_TIMES } from './patient-times.ts';

const eventually = <T>(what: () => T | Promise<T>) => expect.poll(what, { interval: 10, timeout: 15_000 });
const details = (entries: readonly Entry[]): string[] =>
  entries.flatMap((entry) => (entry.type === 'event' ? [entry.detail] : []));
const lineOf = (entry: Entry): string => `${JSON.stringify(entry)}\n`;
const ENDED = lineOf({ type: 'ended', at: 3_000, outcome: { kind: 'completed' } });
const upTo = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i + 1}`);

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
  let children: ChildProcess[];

  beforeEach(() => {
    published = [];
    children = [];
  });
  afterEach(async () => {
    for (const child of children) {
      const exited = once(child, 'exit');
      if (child.kill('SIGKILL')) await exited;
    }
  });

  const start = (times: StoreTimes = QUICK_TIMES, clock: Clock = systemClock, disk?: string): Promise<StoreProcess> => {
    const publish = async (record: CallRecord): Promise<void> => {
      published.push(record);
    };
    return own.start({ clock, times, publish }, disk);
  };
  const errors = async (process: StoreProcess): Promise<number> =>
    Number(/callbridge_store_errors_total (\d+)/.exec(await process.metrics.text())?.[1]);
  /** The one journal on this disk. */
  const journalOf = async (disk: string): Promise<string> => {
    const journals = join(own.folder, disk, 'journals');
    const names = await readdir(journals, { recursive: true });
    return join(journals, names.find((name) => name.endsWith('.jsonl')) ?? 'none');
  };
  const redisEntries = async (callId: string): Promise<string[]> => {
    const connection = connectRedis(own.redis.url, {});
    const entries = await connection.lrange(`callbridge:entries:${callId}`, 0, -1);
    connection.disconnect();
    return entries;
  };
  /** Redis answers nothing that writes, and does it all, in order, once it is let go. */
  const heldUp = async (): Promise<() => Promise<void>> => {
    const admin = connectRedis(own.redis.url, {});
    await admin.client('PAUSE', 60_000, 'WRITE');
    return async () => {
      await admin.client('UNPAUSE');
      admin.disconnect();
    };
  };
  /** A holder in a process of its own. */
  const startChild = async (): Promise<{ child: ChildProcess; says(word: string): Promise<void>; said(): string }> => {
    const hooks = new URL('../transcript/typescript-hooks.mjs', import.meta.url).href;
    const script = new URL('./store-holder.ts', import.meta.url).pathname;
    const child = spawnChild(process.execPath, ['--import', hooks, script, join(own.folder, 'child'), own.redis.url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    let said = '';
    child.stdout!.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const says = (word: string) => eventually(() => said.split('\n')).toContain(word);
    await says('holding');
    // `began`, `answered`, and what it says: in Redis, as nobody could know of it otherwise.
    await eventually(async () => (await redisEntries('CA1')).length).toBe(52);
    return { child, says, said: () => said };
  };

  test('what is said while Redis is away arrives when it is back, also when it comes back empty, and once', async () => {
    const one = await start();
    const { transcript } = await one.begin('CA1');
    const { collector } = transcript;
    const happened = (detail: string) => collector.event(systemClock.nowMs(), 'LIVE_LOST', detail);
    happened('1');
    await eventually(() => one.store.look('CA1')).toMatchObject({ holder: 'here' });
    await own.redis.stop();
    await eventually(() => errors(one)).toBeGreaterThan(0);
    for (const detail of upTo(1_200).slice(1)) happened(detail);
    own.redis = await startRedisServer(binary, port);
    const other = await start();
    await eventually(() => other.store.look('CA1')).toMatchObject({ holder: 'elsewhere' });
    happened('1201');
    await one.store.release('CA1');
    const { entries } = await other.store.take((await facts(other)).facts);
    expect(details(entries)).toEqual(upTo(1_201));
  });
  const facts = async (process: StoreProcess) => {
    const known = await process.store.look('CA1');
    if (known.state !== 'running') throw new Error(`CA1 is ${known.state}`);
    return known;
  };

  test('a call is taken, goes on and ends while Redis is away', async () => {
    await own.redis.stop();
    const one = await start();
    const { transcript } = await one.begin('CA1');
    expect(await one.store.look('CA1')).toMatchObject({ holder: 'here' });
    transcript.collector.end({ kind: 'completed' }, systemClock.nowMs());
    transcript.close();
    await one.store.end('CA1', 'hangUp');
    await eventually(() => published).toMatchObject([{ outcome: { kind: 'completed' } }]);
    expect(await one.store.look('CA1')).toEqual({ state: 'ended', answer: 'hangUp' });
    own.redis = await startRedisServer(binary, port);
    const other = await start();
    await eventually(() => other.store.look('CA1')).toEqual({ state: 'ended', answer: 'hangUp' });
  });

  test('a call that has ended, and of which more is still to be known, has ended also in a Redis that comes back empty', async () => {
    const one = await start();
    const { transcript } = await one.begin('CA1');
    const { collector } = transcript;
    collector.toolCalled({ id: 'c1', name: 'book', args: {} });
    collector.end({ kind: 'callerGone' }, systemClock.nowMs());
    await one.store.end('CA1', 'hangUp');
    await eventually(async () => (await redisEntries('CA1')).length).toBe(4);
    await own.redis.stop();
    await eventually(() => errors(one)).toBeGreaterThan(0);
    own.redis = await startRedisServer(binary, port);
    await eventually(async () => (await redisEntries('CA1')).length).toBe(4);
    const other = await start();
    await eventually(() => other.store.look('CA1')).toEqual({ state: 'ended', answer: 'hangUp' });
    collector.toolAnswered({ id: 'c1', name: 'book', answer: { status: 'ok' } });
    await eventually(async () => (await redisEntries('CA1')).length).toBe(5);
    expect(await other.store.look('CA1')).toEqual({ state: 'ended', answer: 'hangUp' });
    transcript.close();
    await eventually(() => published).toMatchObject([{ toolCalls: [{ answer: { status: 'ok' } }] }]);
  });

  test('the ended call of a process that dies with its disk before its record is published gets one all the same', async () => {
    const publish = () => new Promise<never>(() => undefined);
    const dead = await own.start({ clock: systemClock, times: QUICK_TIMES, publish }, 'dead');
    const { transcript } = await dead.begin('CA1');
    transcript.collector.end({ kind: 'callerGone' }, systemClock.nowMs());
    transcript.close();
    await dead.store.end('CA1', 'hangUp');
    dead.die();
    const survivor = await start();
    await eventually(() => published).toMatchObject([{ outcome: { kind: 'callerGone' } }]);
    expect(survivor.told).toEqual([]);
    expect(await survivor.store.look('CA1')).toEqual({ state: 'ended', answer: 'hangUp' });
  });

  test('a process killed with its call leaves all that it had written, and one survivor hears of it', async () => {
    const survivor = await start(PATIENT_TIMES);
    const { child } = await startChild();
    await eventually(async () => survivor.store.look('CA1')).toMatchObject({ holder: 'elsewhere' });
    child.kill('SIGKILL');
    await eventually(() => survivor.told).toEqual(['orphaned CA1']);
    const { earlier } = await survivor.begin('CA1');
    expect(details(earlier)).toEqual(upTo(50));
  });

  test('a process that stood still while its call was taken makes no record of it when it wakes, and lets go', async () => {
    const survivor = await start(PATIENT_TIMES);
    const { child, says, said } = await startChild();
    await eventually(async () => survivor.store.look('CA1')).toMatchObject({ holder: 'elsewhere' });
    child.kill('SIGSTOP');
    await eventually(() => survivor.told).toEqual(['orphaned CA1']);
    const { transcript } = await survivor.begin('CA1');
    child.kill('SIGCONT');
    await says('ended');
    expect(said()).not.toContain('published');
    transcript.collector.end({ kind: 'completed' }, systemClock.nowMs());
    transcript.close();
    await survivor.store.end('CA1', 'hangUp');
    await eventually(() => published).toMatchObject([{ outcome: { kind: 'completed' } }]);
    expect(survivor.told).toEqual(['orphaned CA1']);
  });

  test('a process whose call is taken while it lives hears of it soon, and its journal is gone', async () => {
    const [one, other] = [await start(), await start()];
    await one.begin('CA1');
    await other.begin('CA1');
    await eventually(() => one.told).toEqual(['taken CA1']);
    expect(one.outbox.entries('CA1')).toEqual([]);
    await eventually(() => one.store.look('CA1')).toMatchObject({ holder: 'elsewhere' });
    expect(other.told).toEqual([]);
  });

  test.each([
    ['is not needed', [], []],
    ['is kept for a person, when that one lacks its last entries', ['unheard of'], [/^corrupt\/CA1\.\d+\.jsonl$/]],
  ])('a journal that a dead process left of a call that goes on in another one %s', async (_how, unheard, kept) => {
    const one = await start();
    const { transcript } = await one.begin('CA1');
    transcript.collector.event(systemClock.nowMs(), 'LIVE_LOST', '1');
    const other = await start();
    await eventually(async () => (await redisEntries('CA1')).length).toBe(3);
    one.die();
    const journals = join(own.folder, '0', 'journals');
    const left = async () => (await readdir(journals, { recursive: true })).filter((name) => name.endsWith('.jsonl'));
    const [journal] = await left();
    const said = one.outbox.entries('CA1').at(-1);
    for (const detail of unheard)
      await appendFile(join(journals, journal!), `${JSON.stringify({ ...said, detail })}\n`);
    await eventually(() => other.told).toEqual(['orphaned CA1']);
    await other.begin('CA1');
    await start(QUICK_TIMES, systemClock, '0');
    await eventually(left).toEqual(kept.map((name) => expect.stringMatching(name)));
    expect(published).toEqual([]);
  });

  test('no record is made of what a process that lives has, and nothing is decided while Redis is away', async () => {
    const [one, other] = [await start(PATIENT_TIMES), await start(PATIENT_TIMES)];
    await one.begin('CA1');
    await eventually(() => other.store.look('CA1')).toMatchObject({ holder: 'elsewhere' });
    const { whereabouts } = other.store;
    const nothing = { entries: [] };
    const fenced = [await whereabouts.isFenced('CA1', nothing), await whereabouts.isFenced('CA2', nothing)];
    expect(fenced).toEqual(['whole', 'no']);
    expect(await whereabouts.judge('CA2', nothing)).toBe('unknown');
    await own.redis.stop();
    expect(await whereabouts.judge('CA2', nothing)).toBe('open');
    expect(await whereabouts.isFenced('CA1', nothing)).toBe('no');
  });

  test('what a process could not tell before its call was taken is kept for a person', async () => {
    const clock = new ManualClock();
    const one = await start(QUICK_TIMES, clock);
    const { transcript } = await one.begin('CA1');
    await eventually(async () => (await redisEntries('CA1')).length).toBe(2);
    await own.redis.stop();
    transcript.collector.event(clock.nowMs(), 'LIVE_LOST', 'unheard of');
    await eventually(() => {
      clock.tick(QUICK_TIMES.beatMs);
      return errors(one);
    }).toBeGreaterThan(0);
    expect(one.store.away).toBe(true);
    own.redis = await startRedisServer(binary, port);
    await (await start()).begin('CA1');
    await eventually(() => {
      clock.tick(QUICK_TIMES.beatMs);
      return one.told;
    }).toEqual(['taken CA1']);
    const left = () => readdir(join(own.folder, '0', 'journals', 'corrupt')).catch(() => []);
    await eventually(left).toEqual([expect.stringMatching(/^CA1\./)]);
  });

  test('what a process could not tell of a call that ended there, while another one took it, is kept for a person', async () => {
    const clock = new ManualClock();
    let queue = Promise.resolve();
    const one = await own.start({ clock, times: QUICK_TIMES, publish: () => queue });
    const { transcript } = await one.begin('CA1');
    await eventually(async () => (await redisEntries('CA1')).length).toBe(2);
    await own.redis.stop();
    queue = Promise.reject(new Failure('QUEUE_UNAVAILABLE', 'away, as Redis is'));
    queue.catch(() => undefined);
    transcript.collector.digit('7', clock.nowMs());
    transcript.collector.end({ kind: 'callerGone' }, clock.nowMs());
    transcript.close();
    await eventually(() => {
      clock.tick(QUICK_TIMES.beatMs);
      return errors(one);
    }).toBeGreaterThan(0);
    await one.store.end('CA1', 'hangUp');
    own.redis = await startRedisServer(binary, port);
    await (await start()).begin('CA1');
    // While it hears of nobody, it would make the record; the queue is to be back after the others are.
    await eventually(() => {
      clock.tick(QUICK_TIMES.beatMs);
      return one.store.away;
    }).toBe(false);
    queue = Promise.resolve();
    const left = async () =>
      (await readdir(join(own.folder, '0', 'journals'), { recursive: true })).filter((name) => name.endsWith('.jsonl'));
    await eventually(async () => {
      clock.tick(QUICK_TIMES.beatMs);
      return left();
    }).toEqual([expect.stringMatching(/^corrupt\/CA1\./)]);
  });

  test.each([
    ['is not needed', [], []],
    ['is kept for a person, when that one lacks its last line', ['unheard of'], [/^corrupt\/CA1\.\d+\.jsonl$/]],
  ])('an ended journal that a dead process left of a call that another one has %s', async (_how, unheard, kept) => {
    const one = await start();
    await one.begin('CA1');
    await eventually(async () => (await redisEntries('CA1')).length).toBe(2);
    one.die();
    const journal = await journalOf('0');
    for (const text of unheard) await appendFile(journal, lineOf(said('caller', text)));
    await appendFile(journal, ENDED);
    const other = await start(PATIENT_TIMES);
    await other.begin('CA1');
    const again = await start(PATIENT_TIMES, systemClock, '0');
    expect(await again.outbox.idle(15_000)).toBe(true);
    const left = await readdir(join(own.folder, '0', 'journals'), { recursive: true });
    expect(left.filter((name) => name.endsWith('.jsonl'))).toEqual(kept.map((name) => expect.stringMatching(name)));
    expect(published).toEqual([]);
  });

  test('a process that is back at once on its disk knows that it was its earlier life that had a call that ended', async () => {
    const one = await start(PATIENT_TIMES, new ManualClock(), '0');
    await one.begin('CA1');
    await eventually(async () => (await redisEntries('CA1')).length).toBe(2);
    one.die();
    const journal = await journalOf('0');
    await appendFile(journal, lineOf(said('caller', 'the last word')) + ENDED);
    const again = await start(PATIENT_TIMES, systemClock, '0');
    expect(await again.outbox.idle(15_000)).toBe(true);
    expect(published).toMatchObject([{ outcome: { kind: 'completed' }, lines: [{ text: 'the last word' }] }]);
  });

  test('a process that is back at once on its disk goes on with a call of its earlier life, and all that it said', async () => {
    const one = await start(PATIENT_TIMES, systemClock, '0');
    await one.begin('CA1');
    await eventually(async () => (await redisEntries('CA1')).length).toBe(2);
    one.die();
    const last = said('caller', 'the last word', Math.round(systemClock.wallMs()));
    await appendFile(await journalOf('0'), lineOf(last));
    const again = await start(PATIENT_TIMES, systemClock, '0');
    const { earlier } = await again.begin('CA1');
    expect(earlier.at(-1)).toEqual(last);
  });

  test('a process that starts takes nobody for dead who may not have reached a Redis that is just back', async () => {
    const one = await start(PATIENT_TIMES, new ManualClock());
    await one.begin('CA1');
    await eventually(async () => (await redisEntries('CA1')).length).toBe(2);
    const sinceMs = systemClock.nowMs();
    await eventually(() => systemClock.nowMs() - sinceMs).toBeGreaterThan(1.5 * PATIENT_TIMES.leaseMs);
    const clock = new ManualClock();
    const fresh = await start(PATIENT_TIMES, clock);
    // Answers come in order: with the second one, the beat and what it found are known.
    for (let time = 0; time < 5; time++) {
      expect(await fresh.store.look('CA1')).toMatchObject({ holder: 'elsewhere' });
      clock.tick(PATIENT_TIMES.beatMs);
    }
    expect(fresh.told).toEqual([]);
  });

  test('nobody is judged by a time in which the judge stood still too, as when Redis does', async () => {
    const clocks = [new ManualClock(), new ManualClock()] as const;
    const one = await start(PATIENT_TIMES, clocks[0]);
    const other = await start(PATIENT_TIMES, clocks[1]);
    await one.begin('CA1');
    await eventually(() => other.store.look('CA1')).toMatchObject({ holder: 'elsewhere' });
    const stoodStill = async () => {
      const sinceMs = systemClock.nowMs();
      await eventually(() => systemClock.nowMs() - sinceMs).toBeGreaterThan(1.5 * PATIENT_TIMES.leaseMs);
    };
    await stoodStill();
    clocks[1].tick(PATIENT_TIMES.beatMs);
    // Nor is it by the next beats: the other one has a whole lease in which to be back. Answers come in order: with the
    // second one, the beat and what it found are known.
    for (let time = 0; time < 5; time++) {
      clocks[1].tick(PATIENT_TIMES.beatMs);
      expect(await other.store.look('CA1')).toMatchObject({ holder: 'elsewhere' });
    }
    expect(other.told).toEqual([]);
    // Now it has beaten, and the other one had a lease's time to do so and did not.
    await stoodStill();
    clocks[1].tick(PATIENT_TIMES.beatMs);
    clocks[1].tick(PATIENT_TIMES.beatMs);
    await eventually(async () => {
      clocks[1].tick(PATIENT_TIMES.beatMs);
      return other.told;
    }).toEqual(['orphaned CA1']);
  });

  test('a call of which nobody says anything is back soon in a Redis that came back empty', async () => {
    const one = await start();
    const { transcript } = await one.begin('CA1');
    transcript.collector.event(systemClock.nowMs(), 'LIVE_LOST', '1');
    const other = await start();
    await eventually(() => other.store.look('CA1')).toMatchObject({ holder: 'elsewhere' });
    await own.redis.stop();
    own.redis = await startRedisServer(binary, port);
    await eventually(() => other.store.look('CA1')).toMatchObject({ holder: 'elsewhere' });
    expect(details((await other.store.take((await facts(other)).facts)).entries)).toEqual(['1']);
  });

  test('entries that are sent twice are taken once; those of an earlier holder, and those after a gap, are not', async () => {
    const connection = connectRedis(own.redis.url, {});
    const scripts = defineCallScripts(connection);
    const [, first] = (await scripts.take('CA1', 'one', 1, '{}')) as [string, string];
    expect(await scripts.append('CA1', first, 0, '"a"', '"b"')).toEqual(['taken', '2']);
    expect(await scripts.append('CA1', first, 0, '"a"', '"b"', '"c"')).toEqual(['taken', '3']);
    expect(await scripts.append('CA1', first, 5, '"f"')).toEqual(['unknown']);
    const [, second, total, entries] = (await scripts.take('CA1', 'other', 1, '{}')) as string[];
    expect([Number(second) > Number(first), total, entries]).toEqual([true, '3', ['"a"', '"b"', '"c"']]);
    expect(await scripts.append('CA1', first, 3, '"d"')).toEqual(['fenced']);
    expect(await scripts.restore('CA1', 'one', first, '{}', 'all', '"d"')).toEqual(['fenced']);
    expect(await scripts.end('CA1', 'one', first, 'hangUp', 1_000, '{}')).toEqual(['fenced']);
    connection.disconnect();
  });

  test('what a process writes of a call that it took without its past is added to that, however often it is sent', async () => {
    const connection = connectRedis(own.redis.url, {});
    const scripts = defineCallScripts(connection);
    await scripts.take('CA1', 'one', 100, '{}');
    await scripts.append('CA1', 100, 0, '"a"', '"b"');
    for (const own of [['"c"'], ['"c"'], ['"c"', '"d"'], []]) {
      await scripts.restore('CA1', 'other', 200, '{}', 'own', ...own);
    }
    expect(await redisEntries('CA1')).toEqual(['"a"', '"b"', '"c"', '"d"']);
    // As a process that has nothing open does.
    await scripts.restore('CA1', 'other', 200, '{}', 'all');
    expect(await redisEntries('CA1')).toEqual(['"a"', '"b"', '"c"', '"d"']);
    expect(await scripts.append('CA1', 200, 4, '"e"')).toEqual(['taken', '5']);
    await scripts.restore('CA1', 'other', 200, '{}', 'all', '"a"', '"f"');
    expect(await redisEntries('CA1')).toEqual(['"a"', '"f"']);
    connection.disconnect();
  });

  test('a call that a process takes while Redis is late keeps what was written before, and gets what comes then', async () => {
    const [one, other] = [await start(PATIENT_TIMES), await start(PATIENT_TIMES)];
    const { transcript } = await one.begin('CA1');
    transcript.collector.event(systemClock.nowMs(), 'LIVE_LOST', '1');
    await eventually(async () => (await redisEntries('CA1')).length).toBe(3);
    const resume = await heldUp();
    const { transcript: second, earlier } = await other.begin('CA1');
    expect(earlier).toEqual([]);
    await resume();
    const inRedis = async () => details((await redisEntries('CA1')).map((entry) => JSON.parse(entry) as Entry));
    second.collector.event(systemClock.nowMs(), 'LIVE_LOST', '2');
    await eventually(inRedis).toEqual(['1', '2']);
    // More than is kept to be sent: the journal is read instead, which has no more than its own.
    const again = await heldUp();
    for (const detail of upTo(600).slice(2)) second.collector.event(systemClock.nowMs(), 'LIVE_LOST', detail);
    await again();
    await eventually(inRedis).toEqual(upTo(600));
  });

  const DESK = { name: 'desk', to: '+15550177', timeoutSeconds: 20 };

  test.each([
    ['is late', heldUp],
    [
      'is away, and comes back empty',
      async () => {
        await own.redis.stop();
        return async () => {
          own.redis = await startRedisServer(binary, port);
        };
      },
    ],
  ])(
    'a call that is let go while Redis %s is free for others when it is back, with all that was said',
    async (_how, goAway) => {
      for (const [callId, transfer] of [
        ['CA1', DESK],
        ['CA2', undefined],
      ] as const) {
        const [one, other] = [await start(PATIENT_TIMES), await start(PATIENT_TIMES)];
        const { transcript } = await one.begin(callId);
        await eventually(async () => (await redisEntries(callId)).length).toBe(2);
        const back = await goAway();
        transcript.collector.event(systemClock.nowMs(), 'LIVE_LOST', '1');
        transcript.collector.leave(transfer);
        await one.store.release(callId);
        expect(await one.store.look(callId)).toMatchObject({ state: 'running', holder: 'none' });
        await back();
        await eventually(() => other.store.look(callId)).toMatchObject({
          state: 'running',
          holder: 'none',
          ...(transfer && { transfer }),
        });
        expect(details((await other.begin(callId)).earlier)).toContain('1');
        expect(one.told).toEqual([]);
      }
    },
  );

  test('the journal of a call that is let go, and of which Redis has not heard that, is not removed', async () => {
    const one = await start({ ...PATIENT_TIMES, beatMs: 60_000 });
    const { transcript } = await one.begin('CA1');
    await eventually(async () => (await redisEntries('CA1')).length).toBe(2);
    const back = await heldUp();
    transcript.collector.leave(DESK);
    const entries = one.outbox.entries('CA1');
    await one.store.release('CA1');
    await back();
    await eventually(async () => (await redisEntries('CA1')).length).toBe(3);
    expect(await one.store.whereabouts.judge('CA1', { entries })).toBe('open');
  });
});
