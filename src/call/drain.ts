/** How the calls of a process that must stop end, or go on in another one. */
import type { CallStore } from '../cluster/index.ts';
import { asFailure, type Clock } from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import type { CallControl } from '../telephony/index.ts';
import type { Call } from './call.ts';

/** A moment in which nobody speaks comes within a few seconds in most talks; a sentence that is cut is said again. */
const QUIET_MOMENT_MS = 5_000;
const LOOK_MS = 100;
/**
 * A goodbye under way when the grace is over may be said to its end; FLOW.draining allows it no more. So may the words before a
 * transfer, and a side effect comes to its own.
 */
const LAST_WORDS_MS = 30_000;
/** The provider asks what comes next within a second; what reaches us is sent on. */
const ASKED_WITHIN_MS = 3_000;

export interface DrainDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'callsHandedOver'>;
  readonly store: CallStore;
  readonly control: CallControl | undefined;
  readonly streamEndedUrl: string;
  readonly calls: () => readonly { readonly callId: string; readonly call: Call }[];
  /** Whether all calls have left within `limitMs`, and nothing of those that have ended is still under way. */
  readonly idleWithin: (limitMs: number) => Promise<boolean>;
}

/** Whether no call was hung up. */
export async function drainCalls(graceMs: number, deps: DrainDeps): Promise<boolean> {
  const { clock, logger, store, calls, idleWithin } = deps;
  // Before the others look for neighbours: those of one machine are told to stop at the same time.
  store.leaves();
  if (await idleWithin(graceMs)) return true;
  if (calls().length > 0 && (await store.neighbours()) > 0) {
    logger.warn({ calls: calls().length }, 'handing over the calls that outlast the grace time');
    await Promise.all(calls().map(({ callId, call }) => handOver(callId, call, deps)));
    await new Promise<void>((asked) => clock.after(ASKED_WITHIN_MS, asked));
    if (await idleWithin(0)) return true;
  }
  const left = calls();
  for (const { call } of left) call.hangUp('shutdown');
  // Whoever was told that they are put through is not.
  const hungUp = left.filter(({ call }) => call.outcome !== undefined).length;
  if (hungUp > 0) logger.warn({ calls: hungUp }, 'hanging up the calls that outlast the grace time');
  await idleWithin(LAST_WORDS_MS);
  // Who is put through is so now, while the provider, which asks then, is still answered.
  for (const { call } of calls()) call.abandon('SHUTDOWN');
  return hungUp === 0;
}

/** Never rejects. */
async function handOver(callId: string, call: Call, deps: DrainDeps): Promise<void> {
  const { clock, logger, metrics, store, control, streamEndedUrl } = deps;
  await quietMoment(call, clock);
  // Another process has taken it meanwhile, or it only rang here: there is nothing to give away.
  if (isReleased(call)) return;
  if (!call.wasAnswered) return call.abandon('SHUTDOWN');
  call.handOver();
  // A goodbye is said to its end here.
  if (!isReleased(call)) return;
  // Away for keys, the other side comes back by itself, to whoever is asked; led there, it would get them twice.
  const comesByItself = call.keysOut.underWay && !call.hasStream;
  await store.release(callId);
  metrics.callsHandedOver.inc();
  if (comesByItself) return;
  try {
    if ((await control?.redirect(callId, streamEndedUrl)) === 'done') return;
  } catch (error) {
    logger.warn({ callId, err: asFailure(error, 'PROVIDER_REST') }, 'provider not asked to go on elsewhere');
  }
  // Closing the stream has the provider ask as well.
  call.closeStream();
}

const isReleased = (call: Call): boolean => call.phase === 'released';

function quietMoment(call: Call, clock: Clock): Promise<void> {
  const untilMs = clock.nowMs() + QUIET_MOMENT_MS;
  return new Promise((resolve) => {
    const look = (): void => {
      if (!call.betweenTurns && clock.nowMs() < untilMs) return;
      cancel();
      resolve();
    };
    const cancel = clock.every(LOOK_MS, look);
    look();
  });
}
