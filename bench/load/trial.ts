/** One trial: so many calls through one system for so long, and what that took. */
import { setTimeout as sleep } from 'node:timers/promises';
import { delaysMs } from './delays.ts';
import type { EndpointSeen } from './endpoint-session.ts';
import type { Helper } from './helper.ts';
import type { Beginning, PhoneSeen } from './phone.ts';
import type { Ringing } from './phones.ts';
import { median, percentile } from './statistics.ts';
import type { System } from './systems.ts';
import { cpuMs, mainThreads, residentMb } from './usage.ts';

export interface Spread {
  readonly p50: number | undefined;
  readonly p95: number | undefined;
  readonly p99: number | undefined;
}

export interface Measures {
  /** CPU ms per call and second of it. */
  readonly cpuMs: number;
  /** How much of a core the main thread of its busiest process had, and how much of the time it waited for one that others had. */
  readonly coreShare: number;
  readonly waitShare: number;
  readonly mbPerCall: number;
  readonly upMs: Spread;
  readonly downMs: Spread;
  readonly upFilterMs: number | undefined;
  readonly downFilterMs: number | undefined;
  readonly clearMs: Spread;
  /** From the webhook to the agent's first sound, and from the stream's `start`, for calls whose session had time to get ready. */
  readonly webhookMs: number | undefined;
  readonly readyMs: number | undefined;
  /** From `start`, for calls whose session began with the stream, or a moment before. */
  readonly unreadyMs: number | undefined;
  /** Of what was sent into it, how much did not come out. */
  readonly lostShare: number;
  /** Of the bench's own frames. */
  readonly lateShare: number;
  /** That had no stream, or lost it, or heard nothing. */
  readonly lostCalls: number;
  /** How much of a core the phones had, and the endpoint: at a whole one they are the limit. */
  readonly phonesShare: number;
  readonly endpointShare: number;
}

export interface Trial {
  readonly calls: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

/** A call costs some ms to begin, and more in a process that has just started: faster, that would be a load of its own. */
const CALLS_PER_SECOND = 20;
/** Beside those that talk, a few more come one after the other, to see how long a caller waits for the first sound. */
const MORE_CALLS = 12;
const MORE_PER_SECOND = 4;
/** Compiled and collected, a process that has just started is at rest. */
const REST_MS = 1_000;
/** What takes longer is lost, or belongs to the next turn. */
const DELAY_LIMIT_MS = 4_000;
const SAMPLE_EVERY_MS = 1_000;

export async function runTrial(system: System, endpoint: Helper, phones: Helper, trial: Trial): Promise<Measures> {
  const { calls, seconds, warmUpSeconds } = trial;
  await sleep(REST_MS);
  const idleMb = residentMb(system.pid);
  const { target, sound } = system;
  const ring = (more: Omit<Ringing, 'target' | 'sound'>) =>
    phones.ask<readonly Beginning[]>('ring', { target, sound, ...more } satisfies Ringing);
  await ring({ calls, perSecond: CALLS_PER_SECOND, hurried: false });
  await sleep(warmUpSeconds * 1_000);
  await Promise.all([endpoint.ask('begin'), phones.ask('begin')]);

  const before = look(system, endpoint, phones);
  const resident: number[] = [];
  for (let second = 0; second < seconds; second++) {
    await sleep(SAMPLE_EVERY_MS);
    resident.push(residentMb(system.pid));
  }
  const after = look(system, endpoint, phones);
  const [model, phone] = await Promise.all([endpoint.ask<EndpointSeen>('end'), phones.ask<PhoneSeen>('end')]);
  const lostCalls = await phones.ask<number>('lost');
  const beginnings = await ring({ calls: MORE_CALLS, perSecond: MORE_PER_SECOND, hurried: true });
  await phones.ask('hangUp');

  const spentMs = after.atMs - before.atMs;
  const upDelays = delaysMs(phone.upSent, model.upArrived, DELAY_LIMIT_MS);
  const downDelays = delaysMs(model.downSent, phone.downArrived, DELAY_LIMIT_MS);
  const threads = [...after.threads].map(([pid, { ranMs, waitedMs }]) => {
    const { ranMs: ran = 0, waitedMs: waited = 0 } = before.threads.get(pid) ?? {};
    return { coreShare: (ranMs - ran) / spentMs, waitShare: (waitedMs - waited) / spentMs };
  });
  const busiest = threads.reduce((most, one) => (one.coreShare > most.coreShare ? one : most));
  const sent = phone.upSent.length + model.downSent.length;
  return {
    cpuMs: (after.systemMs - before.systemMs) / calls / (spentMs / 1_000),
    ...busiest,
    mbPerCall: ((median(resident) ?? idleMb) - idleMb) / calls,
    upMs: spreadOf(upDelays),
    downMs: spreadOf(downDelays),
    upFilterMs: median(model.upFilterMs),
    downFilterMs: median(phone.downFilterMs),
    clearMs: spreadOf(delaysMs(model.interrupted, phone.cleared, DELAY_LIMIT_MS)),
    ...firstSounds(beginnings),
    lostShare: sent === 0 ? 0 : Math.max(0, 1 - (upDelays.length + downDelays.length) / sent),
    lateShare: phone.frames === 0 ? 1 : phone.lateFrames / phone.frames,
    lostCalls,
    phonesShare: (after.phonesMs - before.phonesMs) / spentMs,
    endpointShare: (after.endpointMs - before.endpointMs) / spentMs,
  };
}

function look(system: System, endpoint: Helper, phones: Helper) {
  return {
    atMs: performance.now(),
    systemMs: cpuMs(system.pid),
    threads: mainThreads(system.pid),
    phonesMs: cpuMs(phones.pid),
    endpointMs: cpuMs(endpoint.pid),
  };
}

function spreadOf(values: readonly number[]): Spread {
  return { p50: percentile(values, 0.5), p95: percentile(values, 0.95), p99: percentile(values, 0.99) };
}

function firstSounds(beginnings: readonly Beginning[]): Pick<Measures, 'webhookMs' | 'readyMs' | 'unreadyMs'> {
  const since = (from: (one: Beginning) => number | undefined, ready: boolean): number | undefined =>
    median(
      beginnings
        .filter((one) => one.ready === ready)
        .map((one) => {
          const fromMs = from(one);
          return one.heardMs === undefined || fromMs === undefined ? undefined : one.heardMs - fromMs;
        }),
    );
  return {
    webhookMs: since(({ askedMs }) => askedMs, true),
    readyMs: since(({ startedMs }) => startedMs, true),
    unreadyMs: since(({ startedMs }) => startedMs, false),
  };
}
