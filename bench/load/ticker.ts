/** Runs work at times of an absolute schedule, so that neither a late timer nor much work makes it drift. */
import { nowMs } from './helper.ts';

/** The shortest wait of a Node timer. */
const TICK_MS = 1;

/** Calls `run` about once a millisecond, with the time. */
export function everyTick(run: (atMs: number) => void): () => void {
  let timer: NodeJS.Timeout;
  const tick = (): void => {
    run(nowMs());
    timer = setTimeout(tick, TICK_MS);
  };
  tick();
  return () => clearTimeout(timer);
}
