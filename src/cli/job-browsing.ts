/** The queue that this configuration means, to look into: Redis's when there is one, the embedded spool otherwise. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type ConfigSource, inspectConfig } from '../config/index.ts';
import { type Clock, Failure, type Ids } from '../lib/index.ts';
import { createBullBrowser, createSpoolBrowser, type JobBrowser, RETRY, Spool } from '../postprocess/index.ts';
import { openOwners } from '../transcript/index.ts';

export interface Browsing {
  readonly jobs: JobBrowser;
  /** What was opened, for people. Without a password that the URL may hold. */
  readonly place: string;
  close(): Promise<void>;
}

export interface BrowsingTools {
  readonly clock: Clock;
  readonly ids: Ids;
}

/** Throws CONFIG_INVALID. What is wrong elsewhere in the configuration does not matter here. */
export function openBrowsing(source: ConfigSource, { clock, ids }: BrowsingTools): Browsing {
  const { problems, queue, dirs } = inspectConfig(source);
  const wrong = problems.find(({ place }) => place === 'REDIS_URL');
  if (wrong !== undefined) throw new Failure('CONFIG_INVALID', `${wrong.place}: ${wrong.message}`);
  const { redisUrl } = queue;
  if (redisUrl !== undefined) {
    const jobs = createBullBrowser({ redisUrl, retry: RETRY, clock });
    return { jobs, place: `Redis at ${new URL(redisUrl).host}`, close: () => jobs.close() };
  }
  if (statSync(join(dirs.spool, 'waiting'), { throwIfNoEntry: false }) === undefined) {
    throw new Failure(
      'CONFIG_INVALID',
      `There is no queue in ${dirs.spool}: set DATA_DIR, or REDIS_URL, to what the service has.`,
    );
  }
  let closeOwners = (): void => undefined;
  const open = (): Promise<Spool> => {
    becomeOwnerOf(join(dirs.spool, 'waiting'));
    const owners = openOwners({ folder: join(dirs.data, 'processes'), clock, ids });
    closeOwners = owners.close;
    return Spool.open({ folder: dirs.spool, owners, clock });
  };
  const jobs = createSpoolBrowser({ folder: dirs.spool, open, clock });
  return { jobs, place: `the spool ${dirs.spool}`, close: async () => closeOwners() };
}

/** Files that root makes are for root alone: the service could not read them. */
function becomeOwnerOf(path: string): void {
  const { uid, gid } = statSync(path);
  if (process.getuid?.() !== 0 || uid === 0) return;
  process.setegid?.(gid);
  process.seteuid?.(uid);
}
