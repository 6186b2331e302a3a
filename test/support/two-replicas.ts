/** Two processes of one service, by what they share. The first stands behind the public address until somebody has it otherwise. */
import type { Replica, Replicas } from './replicas.ts';

export interface TwoReplicas {
  readonly first: Replica;
  readonly second: Replica;
  /** Where records are written. */
  readonly records: string;
}

type Env = Readonly<Record<string, string>>;

export async function onOneDisk(replicas: Replicas, env: Env = {}): Promise<TwoReplicas> {
  const records = replicas.folder();
  const both = { ...env, DATA_DIR: records };
  const first = await replicas.start(both);
  replicas.route(first);
  return { first, second: await replicas.start(both), records };
}

/** Each with a disk of its own, and a worker that writes what they queue. */
export async function overRedis(replicas: Replicas, env: Env = {}): Promise<TwoReplicas> {
  const records = replicas.folder();
  const all = { ...env, REDIS_URL: await replicas.redis() };
  await replicas.work({ ...all, DATA_DIR: records });
  const [first, second] = await Promise.all([
    replicas.start({ ...all, DATA_DIR: replicas.folder() }),
    replicas.start({ ...all, DATA_DIR: replicas.folder() }),
  ]);
  replicas.route(first);
  return { first, second, records };
}
