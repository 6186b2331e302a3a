/**
 * Marks as Twilio echoes them: in order, each when the sound before it has been played, at once when nothing is buffered, and
 * all together on a `clear`, so that an echo alone does not prove that anything was heard.
 */
import type { Cancel, Clock } from '../../lib/index.ts';

export type MarkEcho = 'played' | 'cleared' | 'nothingBuffered';

export interface Marks {
  /** A mark that is reached at `dueMs` on the clock. */
  add(name: string, dueMs: number): void;
  /** The buffer was emptied: echoes all that are outstanding. */
  clear(): void;
  /** The stream is over: echoes nothing any more. */
  drop(): void;
}

export function createMarks(clock: Clock, echo: (name: string, how: MarkEcho) => void): Marks {
  /** In the order received, which is that of their times. Bounded by what the service sends in one call. */
  const outstanding: { readonly name: string; readonly dueMs: number }[] = [];
  let cancelTimer: Cancel = () => undefined;

  const echoDue = (): void => {
    cancelTimer();
    while (outstanding[0] !== undefined && outstanding[0].dueMs <= clock.nowMs()) {
      echo(outstanding.shift()!.name, 'played');
    }
    const next = outstanding[0];
    if (next !== undefined) cancelTimer = clock.after(next.dueMs - clock.nowMs(), echoDue);
  };

  return {
    add(name, dueMs) {
      echoDue();
      if (dueMs <= clock.nowMs()) {
        echo(name, 'nothingBuffered');
      } else {
        outstanding.push({ name, dueMs });
        echoDue();
      }
    },
    clear() {
      echoDue();
      cancelTimer();
      for (const { name } of outstanding.splice(0)) echo(name, 'cleared');
    },
    drop() {
      cancelTimer();
      outstanding.length = 0;
    },
  };
}
