/**
 * What becomes of a defect that nobody caught: one line that says so, and the end of the process, with a code that has it
 * started again. What this process knows cannot be relied upon any more, so it says no goodbyes and hands nothing over
 * itself: the journals are on disk, and its calls are taken up as those of a killed process are.
 */
import type { Logger } from '../telemetry/index.ts';

/** What is used of Node's `process`. */
export interface ProcessEvents {
  on(event: 'uncaughtException', listener: (error: unknown, origin: string) => void): unknown;
  exit(code: number): void;
}

const EXIT_CODE = 1;

/** A promise that fails unheard ends as an uncaught exception too, which is Node's default: what waited for it will wait for ever. */
export function leaveOnDefects(logger: Logger, events: ProcessEvents = process): void {
  events.on('uncaughtException', (error, origin) => {
    try {
      // pino's own destination writes before it returns.
      logger.fatal({ err: error, origin }, 'a defect that nobody caught: leaving, to be started again');
    } finally {
      events.exit(EXIT_CODE);
    }
  });
}
