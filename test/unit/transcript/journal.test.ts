import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Failure } from '../../../src/lib/index.ts';
import { readJournal } from '../../../src/transcript/index.ts';
import { openJournal } from '../../../src/transcript/journal.ts';
import { began, said } from './given.ts';
import { killedAfter } from './killed.ts';

let folder: string;
let path: string;
let failures: [code: string, unwritten: number][];
const handlers = { failed: ({ code }: Failure, unwritten: number) => failures.push([code, unwritten]) };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callbridge-journal-'));
  path = join(folder, 'CA1.jsonl');
  failures = [];
});
afterEach(() => rm(folder, { recursive: true }));

describe('a journal', () => {
  test('is on disk entry by entry, before anything is closed, for its owner only', async () => {
    const journal = openJournal(path, handlers);
    journal.append(began());
    journal.append(said('caller', 'hi'));
    expect((await readJournal(path)).entries).toEqual([began(), said('caller', 'hi')]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await journal.finish();
    journal.append(said('caller', 'too late'));
    expect((await readJournal(path)).entries).toHaveLength(2);
    expect(failures).toEqual([]);
  });

  test('is carried on where it was left', async () => {
    for (const entry of [began(), said('caller', 'hi')]) {
      const journal = openJournal(path, handlers);
      journal.append(entry);
      await journal.finish();
    }
    expect((await readJournal(path)).entries).toEqual([began(), said('caller', 'hi')]);
  });

  test.runIf(process.platform === 'linux')('keeps in memory what a full disk does not take, and says so', async () => {
    await symlink('/dev/full', path);
    const journal = openJournal(path, handlers);
    journal.append(began());
    journal.append(said('caller', 'hi'));
    expect(journal.unwritten).toEqual([began(), said('caller', 'hi')]);
    expect(failures).toEqual([
      ['JOURNAL_WRITE', 1],
      ['JOURNAL_WRITE', 2],
    ]);
    await journal.finish();
    expect(journal.unwritten).toHaveLength(2);
  });

  test('writes what it kept as soon as the disk takes it again, in order', async () => {
    const away = join(folder, 'not', 'there', 'CA1.jsonl');
    const journal = openJournal(away, handlers);
    journal.append(began());
    await mkdir(join(folder, 'not', 'there'), { recursive: true });
    journal.append(said('caller', 'hi'));
    expect(journal.unwritten).toEqual([]);
    await journal.finish();
    expect((await readJournal(away)).entries).toEqual([began(), said('caller', 'hi')]);
  });

  test('gives up the oldest but the first when memory is full too, and counts it', () => {
    const journal = openJournal(join(folder, 'never', 'CA1.jsonl'), handlers);
    journal.append(began());
    for (let i = 0; i < 5_001; i++) journal.append(said('caller', `${i}`, i));
    expect(journal.unwritten).toHaveLength(5_000);
    expect(journal.unwritten[0]).toEqual(began());
    expect(journal.unwritten[1]).toEqual(said('caller', '2', 2));
    expect(journal.lost).toBe(2);
  });

  test('that vanished while the call went on is written afresh, and says so', async () => {
    const journal = openJournal(path, handlers);
    journal.append(began());
    await rm(folder, { recursive: true });
    journal.append(said('caller', 'hi'));
    await journal.finish();
    expect(journal).toMatchObject({ rewritten: true, lost: 0, unwritten: [] });
    const { entries } = await readJournal(path);
    expect(entries).toEqual([
      began(),
      said('caller', 'hi'),
      expect.objectContaining({ type: 'event', code: 'JOURNAL_WRITE' }),
    ]);
    expect(failures).toEqual([]);
  });

  test('that vanished lacks what memory did not hold either, and counts it', async () => {
    const journal = openJournal(path, handlers);
    journal.append(began());
    for (let i = 0; i < 5_001; i++) journal.append(said('caller', `${i}`, i));
    expect(journal).toMatchObject({ unwritten: [], lost: 0 });
    await rm(path);
    await journal.finish();
    expect(journal.lost).toBe(2);
    const { entries } = await readJournal(path);
    expect(entries.slice(0, 2)).toEqual([began(), said('caller', '2', 2)]);
  });

  test.runIf(process.platform === 'linux')(
    'ends the line of which a full disk took a part, and damages none',
    async () => {
      const script = new URL('./full-disk-writer.ts', import.meta.url);
      const said = await killedAfter(script, [path], (text) => text.includes('done'));
      expect(said).toBe('3 unwritten\n0 unwritten\ndone\n');
      const { entries, damagedLines } = await readJournal(path);
      expect(damagedLines).toBe(0);
      expect(entries.map((entry) => (entry.type === 'line' ? entry.line.startMs : entry.type))).toEqual([
        'began',
        1,
        2,
        3,
        4,
      ]);
    },
  );
});

describe('reading', () => {
  test('takes a torn last line for what it is, and counts damage elsewhere', async () => {
    const whole = `${JSON.stringify(began())}\n`;
    await writeFile(path, `${whole}{"type":"li`);
    expect(await readJournal(path)).toEqual({ entries: [began()], damagedLines: 0, empty: false });
    await writeFile(
      path,
      `${whole}{"type":"li\n\0\0\n{"type":"unknown","at":1}\n${JSON.stringify(said('caller', 'hi'))}`,
    );
    expect(await readJournal(path)).toEqual({
      entries: [began(), said('caller', 'hi')],
      damagedLines: 3,
      empty: false,
    });
  });

  test('of each beginning of a journal gives its whole entries, and no damage', async () => {
    const entries = [began(), said('caller', 'Grüße — 你好'), said('agent', 'bye')];
    const bytes = Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    const ends = entries.map((_, i) =>
      Buffer.byteLength(
        entries
          .slice(0, i + 1)
          .map((e) => JSON.stringify(e))
          .join('\n'),
      ),
    );
    for (let length = 0; length <= bytes.length; length++) {
      await writeFile(path, bytes.subarray(0, length));
      const whole = ends.filter((end) => end <= length).length;
      expect(await readJournal(path)).toEqual({
        entries: entries.slice(0, whole),
        damagedLines: 0,
        empty: length === 0,
      });
    }
    expect(await readFile(path)).toEqual(bytes);
  });
});
