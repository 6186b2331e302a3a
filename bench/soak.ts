/** `npm run bench:soak`: calls come and go for half an hour while everything breaks at random, and nothing may leak or get lost. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/lib/index.ts';
import { balancedNetwork } from '../src/simulator/index.ts';
import { type CallRecord, callRecordSchema } from '../src/transcript/index.ts';
import { findRedisServer, startRedisServer } from '../test/support/redis.ts';
import { startModels } from './models.ts';
import { mulberry32 } from './position.ts';
import { freePort, sleep } from './service.ts';
import { type PlacedCall, placeSoakCall } from './soak/caller.ts';
import { type Holding, holdings } from './soak/holdings.ts';
import { between, blowNumber, rollCall, rollNetworkFault, rollScenario } from './soak/plan.ts';
import { isClean, type Reckoning, reckon } from './soak/reckoning.ts';
import { createReplica, type Replica } from './soak/replica.ts';
import { setStage } from './stage.ts';
import { markdownTable } from './table.ts';
import { startTwilio } from './twilio.ts';
import { startReceiver } from './webhook-receiver.ts';

/** The busiest that two cores bear with the phones and the model beside the service. */
const CALLS = 8;
const MINUTES = 30;
/** From SIGTERM: shorter than a call, so that some are handed over. */
const GRACE_SECONDS = 6;
const LOOK_EVERY_MS = 5_000;
const TELL_EVERY_MS = 30_000;
/** Between two blows, from when the last one's process runs again. */
const BLOW_EVERY_MS: readonly [number, number] = [12_000, 35_000];
const NETWORK_FAULT_EVERY_MS: readonly [number, number] = [20_000, 60_000];
const SCENARIO_EVERY_MS = 500;
/** After this share of the time the first replica and the worker are left alone, so that a leak has time to show. */
const STRUCK_SHARE = 0.25;
/** For calls that are under way, with every rung of every remedy. */
const LAST_CALLS_MS = 120_000;
/** For records that wait for a process's lease, a retry, or the worker. */
const RECORDS_LIMIT_MS = 120_000;
/** For the minute of HOLD_MS in src/transcript/held-journals.ts, and a look at it. */
const HELD_LIMIT_MS = 75_000;
/** A second record, were there one, would come by then; and sockets that are kept alive are gone. */
const SETTLE_MS = 10_000;

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: String(MINUTES) },
    calls: { type: 'string', default: String(CALLS) },
    seed: { type: 'string', default: '1' },
  },
});

async function main(): Promise<void> {
  const lastsMs = Number(options.minutes) * 60_000;
  const seed = Number(options.seed);
  const binary = findRedisServer();
  if (binary === undefined) throw new Error('redis-server is not installed');
  const redis = await startRedisServer(binary, await freePort());
  const [models, receiver, twilio] = [startModels(), await startReceiver(), await startTwilio()];
  const stage = await setStage({ models, receiver, twilio, scenario: rollScenario(mulberry32(seed)).scenario });
  console.error(`soak of ${options.minutes} minutes, ${options.calls} calls at once, seed ${seed}, in ${stage.folder}`);
  const publicUrl = `http://localhost:${await freePort()}`;
  const replicaOf = async (name: string, command: 'serve' | 'worker'): Promise<Replica> =>
    createReplica({
      stage,
      name,
      command,
      publicUrl,
      port: await freePort(),
      env: { REDIS_URL: redis.url },
      graceSeconds: GRACE_SECONDS,
    });
  const first = await replicaOf('first', 'serve');
  const second = await replicaOf('second', 'serve');
  const worker = await replicaOf('worker', 'worker');
  const replicas = [first, second, worker];
  for (const replica of replicas) await replica.start();

  const began = performance.now();
  const ends = began + lastsMs;
  const over = (): boolean => performance.now() >= ends;
  const sounds = join(stage.folder, 'spoken');
  mkdirSync(sounds);
  const leave = new AbortController();
  const origins = [first, second].map(({ port }) => `http://127.0.0.1:${port}`);
  const line = {
    url: publicUrl,
    folder: sounds,
    network: balancedNetwork(systemClock, { publicOrigin: publicUrl, origins }),
    switchboard: twilio.switchboard,
    signal: leave.signal,
  };
  const calls: PlacedCall[] = [];
  const counts = new Map<string, number>();
  const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);
  const kills: number[] = [];
  let struck = 0;
  const problems: string[] = [];
  const loop = async (every: () => number, work: () => Promise<unknown>): Promise<void> => {
    while (!over()) {
      await sleep(Math.min(every(), Math.max(0, ends - performance.now())));
      if (over()) return;
      await work().catch((error: unknown) => problems.push(error instanceof Error ? error.message : String(error)));
    }
  };
  const dice = (salt: number) => mulberry32(seed * 1_000 + salt);

  const callers = Array.from({ length: Number(options.calls) }, async (_, index) => {
    const random = dice(100 + index);
    let number = index * 10_000;
    while (!over()) {
      await sleep(between(random, 0, 1_500));
      const plan = rollCall(random);
      for (const { fault } of plan.lineFaults) count(`line: ${fault}`);
      calls.push(await placeSoakCall(line, plan, ++number));
    }
  });
  const blows = dice(1);
  const scenarios = dice(2);
  const networks = dice(3);
  const work = [
    loop(
      () => between(blows, ...BLOW_EVERY_MS),
      async () => {
        const early = performance.now() - began < lastsMs * STRUCK_SHARE;
        const targets = early ? replicas : [second];
        const target = targets[Math.floor(blows() * targets.length)]!;
        const blow = blowNumber(struck++);
        count(`${blow} of ${target.name}`);
        if (blow === 'SIGKILL') kills.push(performance.now());
        await target.strike(blow);
      },
    ),
    loop(
      () => SCENARIO_EVERY_MS,
      async () => {
        const { scenario, faults } = rollScenario(scenarios);
        for (const fault of faults) count(`offered: ${fault}`);
        await stage.model.become(scenario);
      },
    ),
    loop(
      () => between(networks, ...NETWORK_FAULT_EVERY_MS),
      async () => {
        const fault = rollNetworkFault(networks);
        count(`network: ${fault.kind}`);
        await stage.model.network(fault);
      },
    ),
    loop(
      () => LOOK_EVERY_MS,
      () => Promise.all(replicas.map((replica) => replica.look())),
    ),
    loop(
      () => TELL_EVERY_MS,
      async () => {
        const seconds = ((performance.now() - began) / 1_000).toFixed(0);
        const lost = calls.filter(({ how }) => how === 'lost').length;
        const struck = replicas.map(({ name, lives }) => `${name} ${lives.length - 1}`).join(', ');
        console.error(`${seconds.padStart(5)} s  ${calls.length} calls over, ${lost} lost; restarts: ${struck}`);
      },
    ),
  ];
  await Promise.all(work);
  const rushed = setTimeout(() => leave.abort(), LAST_CALLS_MS);
  await Promise.all(callers);
  clearTimeout(rushed);

  const streamed = calls.filter((call) => call.streamed);
  await untilDelivered(streamed, (callId) => receiver.deliveries(callId));
  await Promise.all([sleep(SETTLE_MS), untilNoneHeld(replicas)]);
  await Promise.all(replicas.map((replica) => replica.look()));
  const leftovers = replicas.map((replica) => [replica.name, replica.leftovers()] as const);
  const exits = await Promise.all(replicas.map((replica) => replica.stop()));

  const reckoning = reckon(calls, recordsIn(stage.folder), receiver.reckon, { kills });
  const held = replicas.flatMap((replica) => holdings(replica, ends));
  report(reckoning, held, { counts, leftovers, exits, problems });
  const clean =
    isClean(reckoning) &&
    held.every(({ verdict }) => verdict === 'pass') &&
    problems.length === 0 &&
    exits.every((code) => code === 0) &&
    leftovers.every(([, { journals = 0, spool = 0 }]) => journals + spool === 0) &&
    reckoning.lost.length <= reckoning.answered * LOST_SHARE;
  console.log(clean ? '\npass' : `\nFAIL (what is left lies in ${stage.folder})`);
  if (!clean) process.env['BENCH_KEEP'] = '1';
  const troubled = Object.values(reckoning).flatMap((list) => (Array.isArray(list) ? list : []));
  const told = calls.filter(({ callId }) => troubled.some((line: string) => line.startsWith(callId)));
  writeFileSync(join(stage.folder, 'troubled.json'), JSON.stringify(told, null, 1));
  await stage.close();
  models.close();
  receiver.close();
  await twilio.close();
  await redis.stop();
  process.exitCode = clean ? 0 : 1;
}

/** Calls on which several faults fall at once may go unsaved: a cut line that nobody asks about, and a killed process. */
const LOST_SHARE = 0.02;

async function untilDelivered(calls: readonly PlacedCall[], deliveries: (callId: string) => number): Promise<void> {
  const limit = performance.now() + RECORDS_LIMIT_MS;
  while (performance.now() < limit && calls.some(({ callId }) => deliveries(callId) === 0)) await sleep(500);
}

/** What a process that died has left is held for a minute, though another one made the record: its caller might come back here. */
async function untilNoneHeld(replicas: readonly Replica[]): Promise<void> {
  const limit = performance.now() + HELD_LIMIT_MS;
  const isHeld = (): boolean => replicas.some((replica) => (replica.leftovers()['journals'] ?? 0) > 0);
  while (performance.now() < limit && isHeld()) await sleep(500);
}

/** By call, over the folders of all processes. */
function recordsIn(folder: string): Map<string, CallRecord[]> {
  const records = new Map<string, CallRecord[]>();
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!/records\/.*\.json$/.test(path)) continue;
    const record = callRecordSchema.parse(JSON.parse(readFileSync(join(folder, path), 'utf8')));
    records.set(record.callId, [...(records.get(record.callId) ?? []), record]);
  }
  return records;
}

interface Circumstances {
  readonly counts: ReadonlyMap<string, number>;
  readonly leftovers: readonly (readonly [string, Readonly<Record<string, number>>])[];
  readonly exits: readonly (number | null)[];
  readonly problems: readonly string[];
}

function report(
  reckoning: Reckoning,
  held: readonly Holding[],
  { counts, leftovers, exits, problems }: Circumstances,
): void {
  const happened = [...counts].sort(([a], [b]) => a.localeCompare(b)).map(([what, times]) => [what, String(times)]);
  console.log(`\n${markdownTable(['what happened', 'times'], happened)}`);
  const lists = Object.entries(reckoning).map(([name, value]) => [
    WORDS[name as keyof Reckoning],
    Array.isArray(value) ? String(value.length) : String(value),
    Array.isArray(value) ? value.slice(0, 3).join('; ') : '',
  ]);
  console.log(`\n${markdownTable(['calls', '', 'such as'], lists)}`);
  const rows = held.map(({ process, what, first, last, trend, verdict }) => [
    process,
    what,
    first,
    last,
    trend,
    verdict,
  ]);
  console.log(`\n${markdownTable(['process', 'holds', 'at first', 'at last', 'trend', ''], rows)}`);
  const left = leftovers.map(([name, folders], index) => [
    name,
    Object.entries(folders)
      .map(([folder, files]) => `${folder} ${files}`)
      .join(', '),
    String(exits[index]),
  ]);
  console.log(`\n${markdownTable(['process', 'files left', 'exit code'], left)}`);
  for (const problem of problems) console.log(`problem: ${problem}`);
}

const WORDS: Record<keyof Reckoning, string> = {
  placed: 'placed',
  answered: 'answered',
  talked: 'talked to the end, or until the caller hung up',
  told: 'ended with a goodbye',
  lost: 'ended without one',
  withoutRecord: 'without a record',
  twiceRecorded: 'with two records',
  undelivered: 'not delivered',
  deliveredDifferently: 'delivered with different contents',
  damaged: 'with records that lack entries',
  doubledLines: 'with a line twice',
  untold: 'with sound that no line tells of',
};

await main();
