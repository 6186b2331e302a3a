/** Runs a script in a process of its own, and kills it as `kill -9` does once it has said enough. */
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { spawnChild } from '../../support/children.ts';

export async function killedAfter(
  script: URL,
  args: readonly string[],
  enough: (said: string) => boolean,
): Promise<string> {
  const hooks = new URL('./typescript-hooks.mjs', import.meta.url).href;
  const child = spawnChild(process.execPath, ['--import', hooks, script.pathname, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let said = '';
  child.stdout!.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (enough(said)) child.kill('SIGKILL');
  });
  const [, signal] = await exited;
  if (signal !== 'SIGKILL') throw new Error(`the process ended by itself: ${said.slice(-1_000)}`);
  return said;
}

/** For the script: returns once the parent can read it, however soon the end comes after. */
export function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`);
      return;
    } catch (error) {
      // The pipe is full: the parent has yet to read.
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
    }
  }
}
