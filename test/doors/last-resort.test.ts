/** A defect that nobody caught, in a real process: it says so in one line, and leaves to be started again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type CommandProcess, callbridge } from '../support/processes.ts';

/** Code of its own in the process, as a defect in a library would be: it fails when the signal comes. */
const failing = (code: string): string =>
  `--import=data:text/javascript,${encodeURIComponent(`process.on('SIGUSR2', () => { ${code} })`)}`;

const DEFECTS = [
  ['thrown in a listener', "setTimeout(() => { throw new TypeError('a defect') })", 'uncaughtException'],
  ['of a promise that nobody waits for', "Promise.reject(new TypeError('a defect'))", 'unhandledRejection'],
  [
    'of an emitter without a listener',
    "import('node:events').then(({ EventEmitter }) => setTimeout(() => new EventEmitter().emit('error', new Error('a defect'))))",
    'uncaughtException',
  ],
] as const;

async function startedIn(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  says: RegExp,
): Promise<CommandProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'callbridge-defect-'));
  const command = callbridge(args, { PORT: '0', DATA_DIR: folder, ...env });
  onTestFinished(async () => {
    command.child.kill('SIGKILL');
    await command.exited();
    rmSync(folder, { recursive: true });
  });
  await command.says(says);
  return command;
}

function fatalLines(output: string): Record<string, unknown>[] {
  const lines = output.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 60);
}

test.each(DEFECTS)('a defect %s is one fatal line and exit code 1', async (_, code, origin) => {
  const service = await startedIn(['serve', '--simulate'], { NODE_OPTIONS: failing(code) }, /"msg":"serving"/);
  service.child.kill('SIGUSR2');
  expect(await service.exited()).toBe(1);
  expect(fatalLines(service.output())).toMatchObject([{ service: 'callbridge', origin, err: { message: 'a defect' } }]);
  // Nothing of Node's own report, which is no JSON.
  expect(service.output()).not.toMatch(/^\s+at /m);
});

test('a worker leaves in the same way', async () => {
  const env = { REDIS_URL: 'redis://127.0.0.1:1', NODE_OPTIONS: failing("throw new Error('a defect')") };
  const worker = await startedIn(['worker'], env, /"msg":"waiting for finished calls"/);
  worker.child.kill('SIGUSR2');
  expect(await worker.exited()).toBe(1);
  expect(fatalLines(worker.output())).toHaveLength(1);
});
