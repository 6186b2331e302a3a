/** A process to be killed: writes a journal without end, and says after each line that it is written. */
import { join } from 'node:path';
import { systemClock, systemIds } from '../../../src/lib/index.ts';
import { createOutbox, openOwners } from '../../../src/transcript/index.ts';
import { began, said } from './given.ts';
import { say } from './killed.ts';

const folder = process.argv[2]!;
const owners = openOwners({ folder: join(folder, 'owners'), clock: systemClock, ids: systemIds });
const outbox = createOutbox({
  folder: join(folder, 'journals'),
  owners,
  publish: () => Promise.resolve(),
  clock: systemClock,
  ids: systemIds,
  logger: { info() {}, warn() {}, error() {} },
  metrics: { journalErrors: { inc() {} } },
});
const journal = outbox.open('CA1');
journal.append(began());
for (let line = 1; ; line++) {
  journal.append(said('caller', `line ${line}`, line));
  say(`${line}`);
}
