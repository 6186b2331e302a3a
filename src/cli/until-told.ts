/** Waits for the signal that ends a process; a second one ends it at once. */
import type { Logger } from '../telemetry/index.ts';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** `atOnce`: what is to be done before it ends at once. */
export function untilTold(logger: Logger, atOnce: () => void = () => undefined): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let told = false;
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        if (told) {
          logger.warn({ signal }, 'told twice: leaving at once');
          atOnce();
          process.exit(1);
        }
        told = true;
        // Whoever sits at a terminal waits for it.
        if (signal === 'SIGINT') logger.info('leaving when all that runs is done: Ctrl+C again leaves at once');
        resolve(signal);
      });
    }
  });
}

/**
 * For a process that is told to stop in another way. A terminal, and systemd, send their signals to it as well: it would hear
 * everything twice.
 */
export function ignoreSignals(): void {
  for (const signal of SIGNALS) process.on(signal, () => undefined);
}
