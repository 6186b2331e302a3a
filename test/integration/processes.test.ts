/** `serve --processes 2`: several processes behind one port are one service. Real processes, a real Redis wherever there is one. */
import { once } from 'node:events';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { CallResult, CallScript, PhoneEvent } from '../../src/simulator/index.ts';
import type { CallRecord } from '../../src/transcript/index.ts';
import { givenMcpHttp } from '../support/mcp-http.ts';
import { callbridge } from '../support/processes.ts';
import { freePort } from '../support/redis.ts';
import { onTheirOwn, type Replica, type Replicas, recordsIn } from '../support/replicas.ts';
import { SHIPPED } from '../support/shipped.ts';

/** Calls of some seconds, and processes that start; on a busy machine several times that. */
const LONG = 90_000;
const HEAR = { hear: 'agent', withinMs: 20_000 } as const;
const QUIET = { hearSilence: { ms: 700 }, withinMs: 20_000 };
const HANG_UP = { hangUp: true, withinMs: 1_000 } as const;
/** Two seconds of real speech. */
const ask = {
  say: { wav: join(import.meta.dirname, '../../fixtures/audio/jfk-8k.wav'), fromMs: 5_300, toMs: 7_300 },
  withinMs: 10_000,
};
/** Two words of the agent's, and in between time for what is to happen. */
const longScript: CallScript = [
  ...[HEAR, QUIET, { wait: 1_200, withinMs: 1_000 }, { wait: 6_000, withinMs: 1_000 }],
  ...[ask, HEAR, QUIET, HANG_UP],
];

/** What the service has logged, a line an object. */
const logOf = ({ process }: Replica): Record<string, unknown>[] =>
  process
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));

/** The process ids that served under a number, oldest first. */
const pidsOf = (replica: Replica, number: number): number[] =>
  logOf(replica)
    .filter(({ msg, process }) => msg === 'a process serves' && process === number)
    .map(({ pid }) => Number(pid));

const metricsOf = async ({ origin }: Replica): Promise<string> => {
  const response = await fetch(`${origin}/metrics`);
  expect(response.status).toBe(200);
  return response.text();
};
const sumOf = (metrics: string, name: string): number =>
  [...metrics.matchAll(new RegExp(`^callbridge_${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].reduce(
    (sum, [, value]) => sum + Number(value),
    0,
  );

const amongReplicas = (run: (replicas: Replicas) => Promise<void>) =>
  onTheirOwn(
    {
      turns: [
        { on: 'greeting', says: 'Good morning.' },
        { on: 'speech', hears: 'Hm.', says: 'Good bye.' },
      ],
    },
    run,
    { patient: true },
  );

async function twoProcesses(replicas: Replicas, args: readonly string[] = []) {
  const records = replicas.folder();
  const env = { REDIS_URL: await replicas.redis() };
  await replicas.work({ ...env, DATA_DIR: records });
  const service = await replicas.startSeveral({ ...env, DATA_DIR: replicas.folder() }, ['--processes', '2', ...args]);
  replicas.route(service);
  return { service, records };
}

function recordsOf(folder: string, count: number): Promise<readonly CallRecord[]> {
  return vi.waitFor(
    () => {
      const records = recordsIn(folder);
      expect(records).toHaveLength(count);
      return records;
    },
    { timeout: 15_000 },
  );
}

/** One call that lasts; `waiting` resolves in the midst of it. */
function placeLongCall(replicas: Replicas) {
  let waits = (): void => undefined;
  const waiting = new Promise<void>((resolve) => {
    waits = resolve;
  });
  const result = replicas.call({
    script: longScript,
    habits: { brokenStream: { leadsTo: 'action', afterMs: 200 }, refusedStream: 'broken' },
    onEvent: (event: PhoneEvent) => {
      if (event.type === 'stepBegan' && event.step === 'waits 6000 ms') waits();
    },
  });
  return { waiting, result };
}

const MAX_CALLS_UNTIL_PASSED = 40;

const expectWell = ({ scriptFailure, end }: CallResult): void =>
  expect([scriptFailure, end.how]).toEqual([undefined, 'callerHungUp']);

describe.concurrent('two processes behind one port', () => {
  test(
    'give each stream to the process that prepared its call, wherever it came in',
    amongReplicas(async (replicas) => {
      const { service, records } = await twoProcesses(replicas);
      const script: CallScript = [HEAR, QUIET, HANG_UP];
      const results: CallResult[] = [];
      const passedOn = async (): Promise<number> => sumOf(await metricsOf(service), 'streams_passed_on_total');
      // Webhooks and streams reach the processes in turn: that each stream of a round comes to its own is rare.
      do {
        results.push(...(await Promise.all(Array.from({ length: 8 }, () => replicas.call({ script })))));
      } while ((await passedOn()) === 0 && results.length < MAX_CALLS_UNTIL_PASSED);
      for (const result of results) expectWell(result);
      const written = await recordsOf(records, results.length);
      expect(written.map(({ callId }) => callId).sort()).toEqual(results.map(({ callSid }) => callSid).sort());
      for (const { events, outcome } of written) expect([events, outcome]).toEqual([[], { kind: 'callerGone' }]);

      // The session of the ring is the one that the call had.
      expect(replicas.live.sessions).toHaveLength(results.length);
      const announced = logOf(service).filter(({ msg }) => msg === 'call announced');
      expect(announced).toHaveLength(results.length);
      expect(new Set(announced.map(({ process }) => process))).toEqual(new Set([1, 2]));

      const metrics = await metricsOf(service);
      expect(await passedOn()).toBeGreaterThan(0);
      expect(sumOf(metrics, 'calls_total')).toBe(results.length);
      expect(sumOf(metrics, 'calls_active')).toBe(0);
      expect(sumOf(metrics, 'call_slots_limit')).toBe(1_000);

      service.process.child.kill('SIGTERM');
      expect(await service.process.exited(), service.process.output()).toBe(0);
    }),
    LONG,
  );

  test(
    'take up the calls of one that is killed, which is replaced',
    amongReplicas(async (replicas) => {
      const { service, records } = await twoProcesses(replicas);
      const { waiting, result } = placeLongCall(replicas);
      await waiting;
      const before = sumOf(await metricsOf(service), 'streams_passed_on_total');
      const holder = Number(logOf(service).find(({ msg }) => msg === 'call announced')?.['process']);
      process.kill(pidsOf(service, holder)[0]!, 'SIGKILL');
      const done = await result;
      expectWell(done);
      expect(done.streams).toHaveLength(2);
      const [record] = await recordsOf(records, 1);
      expect(record?.events.map(({ code }) => code)).toContain('TAKEN_UP');
      expect(record?.lines.map(({ text }) => text)).toEqual(['Good morning.', 'Hm.', 'Good bye.']);
      await vi.waitFor(() => expect(pidsOf(service, holder)).toHaveLength(2), { timeout: 15_000 });
      // What it had counted is not forgotten.
      expect(sumOf(await metricsOf(service), 'streams_passed_on_total')).toBeGreaterThanOrEqual(before);
    }),
    LONG,
  );

  test(
    'let a call end when told to stop, by a signal to all of them, and end well',
    amongReplicas(async (replicas) => {
      const { service, records } = await twoProcesses(replicas, ['--grace', '60']);
      const { waiting, result } = placeLongCall(replicas);
      await waiting;
      // As a terminal, or systemd, does.
      for (const number of [1, 2]) process.kill(pidsOf(service, number)[0]!, 'SIGTERM');
      service.process.child.kill('SIGTERM');
      expectWell(await result);
      expect(await service.process.exited(), service.process.output()).toBe(0);
      expect(await recordsOf(records, 1)).toMatchObject([{ outcome: { kind: 'callerGone' } }]);
    }),
    LONG,
  );

  test(
    'hang up what outlasts the grace time, as none of them stays to take it',
    amongReplicas(async (replicas) => {
      const { service, records } = await twoProcesses(replicas, ['--grace', '1']);
      const calls = Array.from({ length: 4 }, () => placeLongCall(replicas));
      await Promise.all(calls.map(({ waiting }) => waiting));
      service.process.child.kill('SIGTERM');
      expect(await service.process.exited()).toBe(1);
      await Promise.all(calls.map(({ result }) => result));
      const log = logOf(service);
      const withCalls = log.filter(({ msg, calls }) => msg === 'draining' && calls !== 0);
      expect(withCalls.map(({ process }) => process).sort()).toEqual([1, 2]);
      expect(log.filter(({ msg }) => /handing over|hanging up/.test(String(msg)))).toMatchObject(
        withCalls.map(() => ({ msg: 'hanging up the calls that outlast the grace time' })),
      );
      const ends = (await recordsOf(records, calls.length)).map(({ outcome }) => outcome);
      expect(ends).toEqual(calls.map(() => ({ kind: 'completed', by: 'shutdown' })));
    }),
    LONG,
  );

  test(
    'let a call end when the process that started them is killed',
    amongReplicas(async (replicas) => {
      const { service, records } = await twoProcesses(replicas, ['--grace', '60']);
      const { waiting, result } = placeLongCall(replicas);
      await waiting;
      service.process.child.kill('SIGKILL');
      expectWell(await result);
      expect(await recordsOf(records, 1)).toMatchObject([{ outcome: { kind: 'callerGone' } }]);
      // All of them are gone: nobody has their output any more.
      await service.process.exited();
    }),
    LONG,
  );

  test(
    'leave when the process that started them is killed before they listen',
    amongReplicas(async (replicas) => {
      let goOn = (): void => undefined;
      const killed = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      // The first of them is held up at its start by a server of tools, which takes what comes after the greeting when it may.
      const tables = await givenMcpHttp(() => ({ content: [] }));
      tables.refuse(202, '', killed);
      const config = replicas.folder();
      cpSync(join(SHIPPED, 'config/models.yaml'), join(config, 'models.yaml'));
      mkdirSync(join(config, 'agents'));
      writeFileSync(
        join(config, 'agents/desk.yaml'),
        `default: true
instruction: Be kind.
mcpServers: { tables: { url: "${tables.url}" } }
tools: [{ kind: mcp, name: find_table, server: tables }]
`,
      );
      const { child, exited, output } = callbridge(['serve', '--processes', '2'], {
        PORT: `${await freePort()}`,
        PUBLIC_URL: 'https://callbridge.example',
        TWILIO_AUTH_TOKEN: 'token-1',
        GEMINI_API_KEY: 'key-1',
        REDIS_URL: await replicas.redis(),
        CONFIG_DIR: config,
        DATA_DIR: replicas.folder(),
      });
      await vi.waitFor(() => expect(tables.headers).toHaveLength(2), { timeout: 20_000 });
      const alone = once(child, 'exit');
      child.kill('SIGKILL');
      await alone;
      goOn();
      // All of them are gone: nobody has their output any more.
      await exited();
      expect(output()).toContain('The primary is gone');
    }),
    LONG,
  );
});
