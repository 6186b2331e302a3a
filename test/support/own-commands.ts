/** Commands of a test's own, with a folder of their own: both are gone with the test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { type CommandProcess, callbridge } from './processes.ts';
import { freePort } from './redis.ts';

export interface Commands {
  /** Of the test that runs. */
  readonly folder: string;
  start(args: readonly string[], env?: Readonly<Record<string, string>>): CommandProcess;
  /** A service with a simulated model that acts as in the fixture, listening; its data is in `folder`. */
  simulated(
    fixture: string,
    env?: Readonly<Record<string, string>>,
  ): Promise<{ readonly service: CommandProcess; readonly url: string }>;
  /** As the test's end does: before a server is stopped that they use. */
  stop(): Promise<void>;
}

/** For a file of tests. */
export function ownCommands(): Commands {
  let folder = '';
  const running: CommandProcess[] = [];
  const stop = async (): Promise<void> => {
    for (const { child, exited } of running.splice(0)) {
      child.kill('SIGKILL');
      await exited();
    }
  };
  const start: Commands['start'] = (args, env = {}) => {
    const command = callbridge(args, env);
    running.push(command);
    return command;
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'callbridge-cli-'));
  });
  afterEach(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    get folder() {
      return folder;
    },
    start,
    stop,
    async simulated(fixture, env = {}) {
      const port = await freePort();
      const given = { PORT: `${port}`, DATA_DIR: folder, ...env };
      const service = start(['serve', '--simulate', fixture, '--grace', '5'], given);
      await service.says(/"msg":"serving"/);
      return { service, url: `http://localhost:${port}` };
    },
  };
}
