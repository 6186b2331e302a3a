/** How many processes `serve` is, and the one that starts the others and takes no calls itself. */
import { availableParallelism } from 'node:os';
import type { Config } from '../config/index.ts';
import { Failure, systemClock, systemIds } from '../lib/index.ts';
import { forkWorker, Primary } from '../processes/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { untilTold } from './until-told.ts';

/** As many as a stream's path can name; machines with more cores carry more than one service. */
export const MAX_PROCESSES = 64;

/**
 * Processes find each other's calls in Redis, and let in each other's streams by the auth token: with both, all the cores are used.
 * Throws Failure CONFIG_INVALID.
 */
export function processCount(asked: number | undefined, { queue, twilio }: Pick<Config, 'queue' | 'twilio'>): number {
  const lacks =
    queue.redisUrl === undefined
      ? "Redis, where processes find each other's calls: set REDIS_URL"
      : twilio.authToken === undefined
        ? "the auth token, from which the streams' tokens are made: set TWILIO_AUTH_TOKEN"
        : undefined;
  if (lacks === undefined) return asked ?? Math.min(MAX_PROCESSES, availableParallelism());
  if (asked === undefined || asked === 1) return 1;
  throw new Failure('CONFIG_INVALID', `--processes ${asked} needs ${lacks}, or leave --processes out.`);
}

export interface PrimaryPlan {
  readonly count: number;
  readonly graceSeconds: number;
  readonly modelUrl?: string | undefined;
  /** The first of them takes calls. */
  readonly onServing: () => void;
}

/** Resolves with the exit code when all have left. */
export async function runPrimary({ graceSeconds, ...plan }: PrimaryPlan, logger: Logger): Promise<number> {
  const primary = new Primary({ clock: systemClock, ids: systemIds, logger, fork: forkWorker, ...plan });
  void untilTold(logger, () => primary.kill()).then((signal) => {
    logger.info({ signal }, 'told to stop');
    primary.stop(signal, graceSeconds * 1_000);
  });
  primary.start();
  const exitCode = await primary.ended;
  logger.info({ clean: exitCode === 0 }, 'all processes have stopped');
  return exitCode;
}
