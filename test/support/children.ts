/** Processes that tests start. None of them outlives the process that started it, also one that is killed, as vitest ends its own. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';

/**
 * Waits beside the child for a line, which says that the child has ended. The end of its input comes without one when the process
 * that started both is gone, however that came about.
 */
const WATCH = 'read -r ended || kill -KILL "$1"';

export function spawnChild(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  const child = spawn(command, args, options);
  const { pid } = child;
  if (pid === undefined) return child;
  // Detached: Ctrl+C is not for it.
  const watch = spawn('sh', ['-c', WATCH, 'sh', `${pid}`], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  watch.unref();
  watch.stdin.on('error', () => undefined);
  child.once('exit', () => watch.stdin.end('ended\n'));
  return child;
}
