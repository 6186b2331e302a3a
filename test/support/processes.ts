/** The built command line as a user starts it: real processes, real sockets. `npm test` builds it first. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { spawnChild } from './children.ts';
import { SHIPPED } from './shipped.ts';

const MAIN = join(import.meta.dirname, '../../dist/cli/main.js');

export interface CommandProcess {
  readonly child: ChildProcess;
  /** Everything it has printed, both ways. */
  output(): string;
  /** Resolves when it has printed something that fits; rejects when it exits before. */
  says(pattern: RegExp): Promise<void>;
  /** Its exit code, when it has exited and its output is whole. */
  exited(): Promise<number | null>;
}

/** Without any of our own settings but those given, and with the agents that are shipped: what is set where the tests run must not leak in. */
export function callbridge(args: readonly string[], env: Readonly<Record<string, string>> = {}): CommandProcess {
  const inherited = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
  const child = spawnChild(process.execPath, [MAIN, ...args], { cwd: SHIPPED, env: { ...inherited, ...env } });
  let text = '';
  const listeners = new Set<() => void>();
  const heard = (chunk: Buffer): void => {
    text += chunk.toString();
    for (const listener of listeners) listener();
  };
  child.stdout!.on('data', heard);
  child.stderr!.on('data', heard);
  const closed = once(child, 'close').then(([code]) => code as number | null);
  return {
    child,
    output: () => text,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!pattern.test(text)) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        closed.then((code) => reject(new Error(`exited with ${code} before it said ${pattern}:\n${text}`)));
        look();
      }),
    exited: () => closed,
  };
}
