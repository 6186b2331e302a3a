import { mkdtemp, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Failure, systemIds } from '../../../src/lib/index.ts';
import { type CallRecord, createOutbox, type Outbox, type Owners, openOwners } from '../../../src/transcript/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { began, said } from './given.ts';
import { killedAfter } from './killed.ts';

let folder: string;
let clock: ManualClock;
let owners: Owners;
let published: CallRecord[];
let publish: (record: CallRecord) => Promise<void>;
let logged: [level: string, message: string][];
let delaysMs: number[];
let journalErrors: number;
let outbox: Outbox;

function openOutbox(ownedBy: Owners): Outbox {
  const log = (level: string) => (fields: { delayMs?: number }, message: string) => {
    logged.push([level, message]);
    if (fields.delayMs !== undefined) delaysMs.push(fields.delayMs);
  };
  return createOutbox({
    folder: join(folder, 'journals'),
    owners: ownedBy,
    publish: (record) => publish(record),
    clock,
    ids: systemIds,
    logger: { info: log('info'), warn: log('warn'), error: log('error') },
    metrics: { journalErrors: { inc: () => journalErrors++ } },
  });
}
const openAnotherOwner = () => openOwners({ folder: join(folder, 'owners'), clock, ids: systemIds });
const eventually = <T>(what: () => T) => expect.poll(what, { interval: 5, timeout: 15_000 });
const journals = async (): Promise<string[]> => {
  const names = await readdir(join(folder, 'journals'), { recursive: true });
  return names.filter((name) => name.endsWith('.jsonl'));
};
const ownJournal = (callId: string) => join(folder, 'journals', owners.id, `${callId}.jsonl`);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callbridge-outbox-'));
  clock = new ManualClock();
  published = [];
  publish = async (record) => {
    published.push(record);
  };
  logged = [];
  delaysMs = [];
  journalErrors = 0;
  owners = openAnotherOwner();
  outbox = openOutbox(owners);
});
afterEach(async () => {
  outbox.close();
  owners.close();
  expect(clock.armed).toBe(0);
  await rm(folder, { recursive: true });
});

function endedCall(callId: string): void {
  const journal = outbox.open(callId);
  journal.append(began(callId));
  journal.append(said('caller', 'hi'));
  journal.append({ type: 'ended', at: clock.nowMs(), outcome: { kind: 'completed' } });
  outbox.settle(callId);
}

describe('a call that ends', () => {
  test('is published, and only then is its journal removed', async () => {
    let journalsAtPublish: string[] = [];
    publish = async (record) => {
      journalsAtPublish = await journals();
      published.push(record);
    };
    endedCall('CA1');
    await eventually(journals).toEqual([]);
    expect(journalsAtPublish).toEqual([join(owners.id, 'CA1.jsonl')]);
    expect(published).toMatchObject([{ callId: 'CA1', outcome: { kind: 'completed' }, lines: [{ text: 'hi' }] }]);
  });

  test('is settled once, however often it is told', async () => {
    endedCall('CA1');
    outbox.settle('CA1');
    outbox.settle('CA2');
    await eventually(journals).toEqual([]);
    expect(published).toHaveLength(1);
  });

  test('is published again and again while the queue is away, without end, and nothing is lost', async () => {
    let away = true;
    publish = async (record) => {
      if (away) throw new Failure('QUEUE_UNAVAILABLE', 'away');
      published.push(record);
    };
    endedCall('CA1');
    endedCall('CA2');
    for (let failed = 1; failed <= 20; failed++) {
      await eventually(() => delaysMs.length).toBe(failed);
      expect(await journals()).toHaveLength(2);
      away = failed < 20;
      await clock.advance(delaysMs.at(-1)!);
    }
    await eventually(journals).toEqual([]);
    expect(Math.max(...delaysMs)).toBeGreaterThan(48_000);
    expect(Math.max(...delaysMs)).toBeLessThanOrEqual(72_000);
    expect(published.map(({ callId }) => callId).sort()).toEqual(['CA1', 'CA2']);
    expect(logged.filter(([level]) => level === 'error')).toHaveLength(1);
  });

  test('of which the queue takes nothing does not keep the others waiting', async () => {
    publish = async (record) => {
      if (record.callId === 'CA1') throw new Failure('QUEUE_UNAVAILABLE', 'too big');
      published.push(record);
    };
    endedCall('CA1');
    endedCall('CA2');
    await eventually(() => published.map(({ callId }) => callId)).toEqual(['CA2']);
    await eventually(() => delaysMs.length).toBe(1);
    expect(await journals()).toEqual([join(owners.id, 'CA1.jsonl')]);
  });

  test('whose record no queue can ever take is set aside loudly, and kept', async () => {
    publish = () => Promise.reject(new Failure('RECORD_INVALID', 'of no known form'));
    endedCall('CA1');
    await eventually(journals).toEqual([expect.stringMatching(/^corrupt\/CA1\.\d+\.jsonl$/)]);
    await eventually(() => logged).toEqual([['error', 'journal set aside']]);
    expect(await outbox.idle(0)).toBe(true);
    expect(delaysMs).toEqual([]);
  });

  test.runIf(process.platform === 'linux')('holds no file open while the queue is away', async () => {
    publish = () => Promise.reject(new Failure('QUEUE_UNAVAILABLE', 'away'));
    const openJournals = async (): Promise<string[]> => {
      const files = await readdir('/proc/self/fd');
      const paths = await Promise.all(files.map((file) => readlink(`/proc/self/fd/${file}`).catch(() => '')));
      return paths.filter((path) => path.startsWith(folder) && path.endsWith('.jsonl'));
    };
    for (let call = 1; call <= 20; call++) {
      const journal = outbox.open(`CA${call}`);
      journal.append(began(`CA${call}`));
    }
    expect(await openJournals()).toHaveLength(20);
    publish = () => new Promise(() => undefined);
    for (let call = 1; call <= 20; call++) outbox.settle(`CA${call}`);
    await eventually(openJournals).toEqual([]);
    expect(await journals()).toHaveLength(20);
  });

  test('is published whole although the disk took nothing, and that is loud', async () => {
    await symlink(join(folder, 'nowhere', 'CA1.jsonl'), ownJournal('CA1'));
    endedCall('CA1');
    await eventually(() => published).toMatchObject([
      { callId: 'CA1', lines: [{ text: 'hi' }], outcome: { kind: 'completed' } },
    ]);
    expect(logged.filter(([level]) => level === 'error')[0]).toEqual(['error', 'journal not written, kept in memory']);
    expect(journalErrors).toBeGreaterThanOrEqual(3);
  });

  test('tells when all is published, or that it took too long', async () => {
    expect(await outbox.idle(1_000)).toBe(true);
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    publish = () => released;
    endedCall('CA1');
    const tooLong = outbox.idle(1_000);
    clock.tick(1_000);
    expect(await tooLong).toBe(false);
    const inTime = outbox.idle(1_000);
    release();
    expect(await inTime).toBe(true);
  });

  test('opened twice has one journal; ended, none any more', () => {
    expect(outbox.open('CA1')).toBe(outbox.open('CA1'));
    publish = () => Promise.reject(new Failure('QUEUE_UNAVAILABLE', 'away'));
    endedCall('CA1');
    expect(() => outbox.open('CA1')).toThrow(expect.objectContaining({ code: 'JOURNAL_WRITE' }));
    expect(() => outbox.open('../CA1')).toThrow(expect.objectContaining({ code: 'RECORD_INVALID' }));
  });
});

describe('a journal that cannot be read', () => {
  test('is set aside loudly when nobody knows of which call it is', async () => {
    outbox.open('CA1').append(said('caller', 'who am I?'));
    outbox.settle('CA1');
    await eventually(journals).toEqual([expect.stringMatching(/^corrupt\/CA1\.\d+\.jsonl$/)]);
    expect(published).toEqual([]);
    expect(logged).toContainEqual(['error', 'journal set aside']);
  });

  test('in part, is published without that part, and kept', async () => {
    const journal = outbox.open('CA1');
    journal.append(began());
    await writeFile(ownJournal('CA1'), 'garbage\n', { flag: 'a' });
    journal.append(said('caller', 'hi'));
    outbox.settle('CA1');
    await eventually(journals).toEqual([expect.stringMatching(/^corrupt\//)]);
    expect(published).toMatchObject([{ lines: [{ text: 'hi' }], missing: { damagedLines: 1 } }]);
  });
});

describe('after a crash', () => {
  test('journals of a process that ended are finished', async () => {
    const dead = openAnotherOwner();
    const other = openOutbox(dead);
    other.open('CA1').append(began('CA1'));
    other.close();
    dead.close();
    await outbox.recover();
    await eventually(journals).toEqual([]);
    expect(published).toMatchObject([{ callId: 'CA1', outcome: { code: 'PROCESS_DIED' } }]);
    expect(await readdir(join(folder, 'journals'))).toEqual([owners.id]);
  });

  test.for([
    ['before its first line is removed, for it says nothing', '', []],
    ['within its first line is kept, for it says something', '{"type":"began"', [/^corrupt\/CA1\./]],
  ] as const)('a journal whose process was killed %s', async ([, written, kept]) => {
    const dead = openAnotherOwner();
    openOutbox(dead).close();
    await writeFile(join(folder, 'journals', dead.id, 'CA1.jsonl'), written);
    dead.close();
    await outbox.recover();
    await eventually(() => outbox.idle(0)).toBe(true);
    expect(await journals()).toEqual(kept.map((name) => expect.stringMatching(name)));
    expect(journalErrors).toBe(kept.length);
    expect(published).toEqual([]);
  });

  test('journals of calls that live are left alone, here and in other processes', async () => {
    const neighbour = openAnotherOwner();
    const other = openOutbox(neighbour);
    other.open('CA1').append(began('CA1'));
    outbox.open('CA2').append(began('CA2'));
    await outbox.recover();
    expect(await outbox.idle(0)).toBe(true);
    expect(published).toEqual([]);
    expect(await journals()).toHaveLength(2);
    other.close();
    neighbour.close();
  });

  test('a neighbour that dies later is noticed', async () => {
    await outbox.recover();
    const neighbour = openAnotherOwner();
    const other = openOutbox(neighbour);
    other.open('CA1').append(began('CA1'));
    other.close();
    neighbour.close();
    await clock.advance(30_000);
    await eventually(() => published.map(({ callId }) => callId)).toEqual(['CA1']);
  });

  test('a call that goes on here does not lose what another process had of it', async () => {
    const dead = openAnotherOwner();
    const other = openOutbox(dead);
    other.open('CA1').append(began('CA1'));
    other.close();
    dead.close();
    outbox.open('CA1').append(began('CA1'));
    await outbox.recover();
    expect((await journals()).sort()).toEqual(
      [join(owners.id, 'CA1.jsonl'), expect.stringMatching(/^corrupt\/CA1\./)].sort(),
    );
  });

  test.for([1, 7, 100, 1_000])(
    'by kill -9 after %i lines, not one of them is missing',
    { timeout: 60_000 },
    async (enough) => {
      const script = new URL('./journal-writer.ts', import.meta.url);
      const said = await killedAfter(script, [folder], (text) => text.split('\n').length > enough);
      const acknowledged = Number(said.split('\n').at(-2));
      await outbox.recover();
      await eventually(journals).toEqual([]);
      expect(published).toHaveLength(1);
      const { lines, outcome } = published[0]!;
      expect(outcome).toEqual({ kind: 'failed', fault: 'us', code: 'PROCESS_DIED' });
      // One more may have been written than the process lived to tell.
      expect([acknowledged, acknowledged + 1]).toContain(lines.length);
      expect(lines.map(({ text }) => text)).toEqual(lines.map((_, i) => `line ${i + 1}`));
    },
  );
});
