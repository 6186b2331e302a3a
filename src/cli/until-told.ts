/** Waits for the signal that ends a process; a second one ends it at once. */
import type { Logger } from '../telemetry/index.ts';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

export function untilTold(logger: Logger): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let told = false;
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        if (told) {
          logger.warn({ signal }, 'told twice: leaving at once');
          process.exit(1);
        }
        told = true;
        resolve(signal);
      });
    }
  });
}
