/** A live process that a neighbour took for a dead one: what it has is not lost, and not passed off as something else. */
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Failure, systemIds } from '../../../src/lib/index.ts';
import {
  type CallRecord,
  createOutbox,
  type Outbox,
  type Owners,
  openOwners,
  readJournal,
} from '../../../src/transcript/index.ts';
import { NOWHERE } from '../../../src/transcript/whereabouts.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { began, said } from './given.ts';

let folder: string;
let clock: ManualClock;
let owners: Owners;
let outbox: Outbox;
let published: CallRecord[];
let publish: (record: CallRecord) => Promise<void>;
let logged: [level: string, message: string][];
const eventually = <T>(what: () => T) => expect.poll(what, { interval: 5, timeout: 15_000 });
const journals = async (): Promise<string[]> => {
  const names = await readdir(join(folder, 'journals'), { recursive: true });
  return names.filter((name) => name.endsWith('.jsonl'));
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callbridge-taken-'));
  clock = new ManualClock();
  published = [];
  publish = async (record) => {
    published.push(record);
  };
  logged = [];
  const log = (level: string) => (_fields: object, message: string) => logged.push([level, message]);
  owners = openOwners({ folder: join(folder, 'owners'), clock, ids: systemIds });
  outbox = createOutbox({
    folder: join(folder, 'journals'),
    owners,
    publish: (record) => publish(record),
    clock,
    ids: { ...systemIds, fraction: () => 0.5 },
    logger: { info: log('info'), warn: log('warn'), error: log('error') },
    metrics: { journalErrors: { inc: () => undefined } },
  });
});
afterEach(async () => {
  outbox.close();
  owners.close();
  expect(clock.armed).toBe(0);
  await rm(folder, { recursive: true });
});

describe("a journal that another process took for a dead one's", () => {
  const taken = (callId: string) =>
    rename(join(folder, 'journals', owners.id, `${callId}.jsonl`), join(folder, 'journals', callId));

  test('while the call went on, is published whole all the same, and kept because the queue may have refused it', async () => {
    const journal = outbox.open('CA1');
    journal.append(began());
    journal.append(said('caller', 'before'));
    await taken('CA1');
    await rm(join(folder, 'journals', owners.id), { recursive: true });
    journal.append(said('caller', 'after', 2_000));
    journal.append({ type: 'ended', at: clock.nowMs(), outcome: { kind: 'completed' } });
    outbox.settle('CA1');
    await eventually(journals).toEqual([expect.stringMatching(/^corrupt\/CA1\.\d+\.jsonl$/)]);
    expect(published).toMatchObject([
      {
        outcome: { kind: 'completed' },
        lines: [{ text: 'before' }, { text: 'after' }],
        events: [{ code: 'JOURNAL_WRITE' }],
        missing: { damagedLines: 0, lostEntries: 0 },
      },
    ]);
    const [aside] = await journals();
    expect((await readJournal(join(folder, 'journals', aside!))).entries).toHaveLength(5);
    expect(logged).toContainEqual(['error', 'journal set aside']);
  });

  test('when the call had ended, is left to that process', async () => {
    publish = () => Promise.reject(new Failure('QUEUE_UNAVAILABLE', 'away'));
    outbox.open('CA1').append(began());
    outbox.settle('CA1');
    await eventually(() => logged).toEqual([['error', 'record not published, kept on disk']]);
    await taken('CA1');
    publish = async (record) => {
      published.push(record);
    };
    await clock.advance(2_000);
    await eventually(() => logged.at(-1)).toEqual(['error', expect.stringMatching(/is gone/)]);
    expect(await outbox.idle(0)).toBe(true);
    expect(published).toEqual([]);
  });
});

test('a journal that a dead process left is not taken over while the call goes on here: each half stays whole', async () => {
  // Not on disk before its first entry, so that whichever folder is looked into first, the other journal is found.
  const journal = outbox.open('CA1');
  const dead = openOwners({ folder: join(folder, 'owners'), clock, ids: systemIds });
  dead.close();
  const left = join(folder, 'journals', dead.id);
  await mkdir(left);
  await writeFile(join(left, 'CA1.jsonl'), `${JSON.stringify(began())}\n${JSON.stringify(said('caller', 'before'))}\n`);
  expect(await outbox.adopt('CA1')).toEqual([]);
  journal.append(began());
  journal.append(said('caller', 'after', 2_000));
  await journal.finish();
  const mine = await readJournal(join(folder, 'journals', owners.id, 'CA1.jsonl'));
  expect(mine.entries).toEqual([began(), said('caller', 'after', 2_000)]);
  expect((await readJournal(join(left, 'CA1.jsonl'))).entries).toHaveLength(2);
});

test('a journal that the sweep of this process moves just now is found', async () => {
  const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
  await outbox.recover({ ...NOWHERE });
  for (let round = 0; round < 200; round++) {
    const callId = `CA${round}`;
    // In one step: the sweep of the last round may still go on, and removes folders that it finds empty.
    const left = join(folder, `left-${round}`);
    await mkdir(left);
    await writeFile(join(left, `${callId}.jsonl`), `${JSON.stringify(began())}\n`);
    await rename(left, join(folder, 'journals', `1-${systemIds.uuid()}`));
    clock.tick(1_000);
    for (let turn = 0; turn < round % 10; turn++) await nextTurn();
    expect(await outbox.adopt(callId), `round ${round}`).toHaveLength(1);
    outbox.settle(callId);
  }
});

test('a journal of a call that another process has, and knows less of, is set aside with each entry once', async () => {
  const own = join(folder, 'journals', owners.id);
  await rm(own, { recursive: true });
  const journal = outbox.open('CA1');
  await rm(own, { recursive: true });
  journal.append(began());
  journal.append(said('caller', 'unheard of'));
  expect(journal.unwritten).toHaveLength(2);
  await mkdir(own);
  await outbox.discard('CA1', 'lacking');
  const [aside] = await journals();
  expect(aside).toMatch(/^corrupt\/CA1\./);
  expect((await readJournal(join(folder, 'journals', aside!))).entries).toEqual([
    began(),
    said('caller', 'unheard of'),
  ]);
});

test('a journal that is not needed, and cannot be removed, is said once and not tried again and again', async () => {
  const path = join(folder, 'journals', owners.id, 'CA1.jsonl');
  await outbox.recover({
    ...NOWHERE,
    isFenced: async () => {
      await rm(path);
      // What lies there now is removed by no `rm` of a file.
      await mkdir(path);
      return 'whole';
    },
  });
  outbox.open('CA1').append(began());
  outbox.settle('CA1');
  const idle = outbox.idle(60_000);
  await eventually(() => logged.map(([, message]) => message)).toContain(
    'no record made here: another process took the call',
  );
  expect(await idle).toBe(true);
  expect(logged).toContainEqual(['error', 'journal that is not needed any more not removed']);
  expect(published).toEqual([]);
});
