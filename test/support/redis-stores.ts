/** Processes that share running calls by a Redis of the test's own: all are gone with the test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { TestRedis } from './redis.ts';
import { type StoreProcess, type StoreProcessOptions, startStoreProcess } from './store-processes.ts';

export class RedisStores<Redis extends TestRedis> {
  redis: Redis;
  readonly folder: string;
  readonly processes: StoreProcess[] = [];

  constructor(redis: Redis, folder: string) {
    this.redis = redis;
    this.folder = folder;
  }

  /** On a disk of its own, unless it is given the name of one. */
  async start(
    options: Omit<StoreProcessOptions, 'folder' | 'redisUrl'>,
    disk = `${this.processes.length}`,
  ): Promise<StoreProcess> {
    const place = { folder: join(this.folder, disk), redisUrl: this.redis.url };
    const started = await startStoreProcess({ ...options, ...place });
    this.processes.push(started);
    return started;
  }

  async stop(): Promise<void> {
    for (const process of this.processes) {
      process.die();
      await process.bury();
    }
    await this.redis.stop();
    await rm(this.folder, { recursive: true });
  }
}

/** For a group of tests; what is given is that of the test that runs. */
export function redisStores<Redis extends TestRedis>(
  startRedis: () => Promise<Redis>,
  given: (own: RedisStores<Redis>) => void,
): void {
  let own: RedisStores<Redis> | undefined;
  beforeEach(async () => {
    own = new RedisStores(await startRedis(), await mkdtemp(join(tmpdir(), 'callbridge-stores-')));
    given(own);
  });
  afterEach(() => own?.stop());
}
