/** A process whose disk fills up in the middle of a line, and is freed later: its limit on the size of files stands for that. */
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { openJournal } from '../../../src/transcript/journal.ts';
import { began, said } from './given.ts';
import { say } from './killed.ts';

const path = process.argv[2]!;
const limitFiles = (size: number | 'unlimited') =>
  execFileSync('prlimit', ['--pid', `${process.pid}`, `--fsize=${size}:`]);

const journal = openJournal(path, { failed: () => undefined });
journal.append(began());
limitFiles(statSync(path).size + 20);
for (const startMs of [1, 2, 3]) journal.append(said('caller', 'hi', startMs));
say(`${journal.unwritten.length} unwritten`);
limitFiles('unlimited');
journal.append(said('caller', 'hi', 4));
await journal.finish();
say(`${journal.unwritten.length} unwritten`);
say('done');
setInterval(() => undefined, 60_000);
