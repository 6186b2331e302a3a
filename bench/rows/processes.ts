/** Faults of the service's own processes: killed, restarted, drained, and without Redis. */
import { systemClock } from '../../src/lib/index.ts';
import {
  balancedNetwork,
  type PhoneNetwork,
  type ProviderHabitsInput,
  realNetwork,
} from '../../src/simulator/index.ts';
import { findRedisServer, startRedisServer, type TestRedis } from '../../test/support/redis.ts';
import type { Row, Wants } from '../row.ts';
import { freePort, type ServiceProcess, sleep } from '../service.ts';
import { type ServeOptions, type Stage, setStage } from '../stage.ts';
import { INTO_SPEECH_MS, type Moment, QUESTION_MS, scenario, talk } from '../talk.ts';

/** What an orchestrator takes to start a process anew. */
const RESTART_MS = 300;
/** A caller who still speaks when another process has the call: a lease runs out within ten seconds. */
const LONG_MS = 14_000;

interface Replicas {
  readonly stage: Stage;
  readonly redis: Redis;
  /** The process that has the call. */
  holder(): ServiceProcess;
  /** Once more, on the same port and with the same disk. */
  restart(process: ServiceProcess): Promise<void>;
}

interface ProcessRow extends Omit<Row, 'play'> {
  readonly moment: Moment;
  readonly replicas: 1 | 2;
  readonly redis: boolean;
  readonly graceSeconds?: number;
  readonly habits?: ProviderHabitsInput;
  /** How long the caller speaks. */
  readonly questionMs?: number;
  readonly fault?: (replicas: Replicas) => Promise<unknown>;
}

function processRow(row: ProcessRow): Row {
  return {
    ...row,
    spokenOverMs: row.moment === 'asking' ? (row.questionMs ?? QUESTION_MS) - INTO_SPEECH_MS : 0,
    async play({ models, receiver, twilio }) {
      const redis = row.redis ? await startRedis() : undefined;
      const stage = await setStage({ models, receiver, twilio, scenario: scenario() });
      try {
        const publicOrigin = `http://localhost:${await freePort()}`;
        const env = redis === undefined ? {} : { REDIS_URL: redis.url };
        const options = { publicUrl: publicOrigin, env, graceSeconds: row.graceSeconds ?? 5 };
        const names = new Map<number, string>();
        const serve = async (more: ServeOptions & { dataName: string }): Promise<ServiceProcess> => {
          const service = await stage.serve({ ...options, ...more });
          names.set(service.port, more.dataName);
          return service;
        };
        const first = await serve({ dataName: 'first' });
        const all = row.replicas === 1 ? [first] : [first, await serve({ dataName: 'second' })];
        if (row.redis) await stage.serve({ ...options, command: 'worker', dataName: 'worker' });
        const origins = all.map(({ port }) => `http://127.0.0.1:${port}`);
        const network: PhoneNetwork =
          origins.length === 1
            ? realNetwork(systemClock, { publicOrigin, origin: origins[0]! })
            : balancedNetwork(systemClock, { publicOrigin, origins });
        const replicas: Replicas = {
          stage,
          redis: redis ?? NO_REDIS,
          holder: () => all.find((one) => one.log().includes('"to":"talking"')) ?? first,
          async restart({ port }) {
            await sleep(RESTART_MS);
            await serve({ port, dataName: names.get(port)! });
          },
        };
        const { experience } = await talk({
          stage,
          url: publicOrigin,
          moment: row.moment,
          fault: row.fault && (() => row.fault!(replicas)),
          network,
          habits: row.habits,
          questionMs: row.questionMs,
          switchboard: twilio.switchboard,
        });
        return experience;
      } finally {
        await stage.close();
        await redis?.leave();
      }
    },
  };
}

interface Redis {
  readonly url: string;
  /** Killed, or gone already. */
  leave(): Promise<void>;
  /** Once more on its port, and empty. */
  comeBack(): Promise<void>;
}

const NO_REDIS: Redis = { url: '', leave: () => Promise.resolve(), comeBack: () => Promise.resolve() };

async function startRedis(): Promise<Redis> {
  const binary = findRedisServer();
  if (binary === undefined) throw new Error('redis-server is not installed');
  const port = await freePort();
  let server: TestRedis | undefined = await startRedisServer(binary, port);
  return {
    url: server.url,
    async leave() {
      const leaving = server;
      server = undefined;
      await leaving?.stop();
    },
    async comeBack() {
      server = await startRedisServer(binary, port);
    },
  };
}

const kill = async ({ holder }: Replicas): Promise<void> => {
  const process = holder();
  process.kill('SIGKILL');
  await process.exited;
};

const killAndRestart = async (replicas: Replicas): Promise<void> => {
  const process = replicas.holder();
  process.kill('SIGKILL');
  await process.exited;
  await replicas.restart(process);
};

/** What the caller says into the gap is lost with the line; the rest must be there, and the agent within two seconds of the new stream. */
const TAKEN_UP: Wants = { end: 'alive', promptAfterStream: true };
const ALIVE: Wants = { end: 'alive', wholeAudio: true };
const BEHAVIOURS = {
  action: 'the provider asks the action',
  nextVerb: 'the provider goes on to the next verb',
  secondStream: 'the provider opens a second stream',
  nothing: 'the provider does nothing, the REST API brings the call back',
} as const;
const behaviours = Object.entries(BEHAVIOURS) as [keyof typeof BEHAVIOURS, string][];

export const processRows: readonly Row[] = [
  processRow({
    group: 'processes',
    name: 'no fault: two replicas',
    replicas: 2,
    redis: true,
    moment: 'asking',
    wants: ALIVE,
  }),
  ...behaviours.map(([leadsTo, words]) =>
    processRow({
      group: 'processes',
      name: `kill -9 of the holder, two replicas on Redis: ${words}`,
      replicas: 2,
      redis: true,
      moment: 'asking',
      baseline: 'no fault: two replicas',
      habits: { brokenStream: { leadsTo }, refusedStream: 'broken' },
      questionMs: LONG_MS,
      fault: kill,
      wants: TAKEN_UP,
    }),
  ),
  processRow({
    group: 'processes',
    name: 'kill -9 of the holder in mid-sentence, two replicas on Redis',
    replicas: 2,
    redis: true,
    moment: 'answering',
    habits: { brokenStream: { leadsTo: 'action' }, refusedStream: 'broken' },
    fault: kill,
    wants: { end: 'alive' },
  }),
  ...behaviours.map(([leadsTo, words]) =>
    processRow({
      group: 'processes',
      name: `kill -9 of the only process, which starts again: ${words}`,
      replicas: 1,
      redis: false,
      moment: 'asking',
      baseline: 'no fault: two replicas',
      // Where nobody listens yet, the provider would give up: it comes back when the process does.
      habits: { brokenStream: { leadsTo, afterMs: 7_000 }, refusedStream: 'broken' },
      questionMs: LONG_MS,
      fault: killAndRestart,
      wants: TAKEN_UP,
    }),
  ),
  processRow({
    group: 'processes',
    name: 'SIGTERM: the call ends within the grace time',
    replicas: 2,
    redis: true,
    graceSeconds: 60,
    moment: 'asking',
    baseline: 'no fault: two replicas',
    fault: async ({ holder }) => holder().kill('SIGTERM'),
    imposedMs: 0,
    wants: { ...ALIVE, promptGap: true },
  }),
  processRow({
    group: 'processes',
    name: 'SIGTERM: the call outlasts the grace time, and is handed over',
    replicas: 2,
    redis: true,
    graceSeconds: 1,
    questionMs: LONG_MS,
    moment: 'asking',
    baseline: 'no fault: two replicas',
    fault: async ({ holder }) => holder().kill('SIGTERM'),
    wants: TAKEN_UP,
  }),
  processRow({
    group: 'processes',
    name: 'Redis away in mid-call, back after 3 s',
    replicas: 2,
    redis: true,
    moment: 'asking',
    baseline: 'no fault: two replicas',
    fault: async ({ redis }) => {
      await redis.leave();
      await sleep(3_000);
      await redis.comeBack();
    },
    wants: ALIVE,
  }),
  processRow({
    group: 'processes',
    name: 'Redis away before the call ends, back empty 8 s later',
    replicas: 2,
    redis: true,
    moment: 'thanking',
    fault: async ({ redis }) => {
      await redis.leave();
      await sleep(8_000);
      await redis.comeBack();
    },
    wants: ALIVE,
  }),
];
