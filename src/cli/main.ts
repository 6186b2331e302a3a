#!/usr/bin/env -S node --max-semi-space-size=4
/** The command line. A command is loaded only when it is asked for: the production image has no simulator, and needs none. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { isMissingPart } from './fail.ts';

const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.ts')).serveCommand(),
  worker: async () => (await import('./worker.ts')).workerCommand(),
  dial: async () => (await import('./dial.ts')).dialCommand(),
  call: async () => (await import('./call.ts')).callCommand(),
  simulate: async () => (await import('./simulate.ts')).simulateCommand(),
  demo: async () => (await import('./demo.ts')).demoCommand(),
  doctor: async () => (await import('./doctor.ts')).doctorCommand(),
  jobs: async () => (await import('./jobs.ts')).jobsCommand(),
  models: async () => (await import('./models.ts')).modelsCommand(),
};

async function main(): Promise<void> {
  const program = new Command('callbridge')
    .description('Puts a Gemini Live voice agent on a phone number.')
    .version(version())
    .showHelpAfterError()
    .enablePositionalOptions();
  const asked = process.argv[2] ?? '';
  const names = Object.hasOwn(COMMANDS, asked) ? [asked] : Object.keys(COMMANDS);
  for (const name of names) {
    const command = await COMMANDS[name]?.().catch(undefinedIfLeftOut);
    if (command !== undefined) program.addCommand(command);
    else if (name === asked)
      program.error(`This build has no ${name}: use the dev image, or a checkout.`, { exitCode: 2 });
  }
  await program.parseAsync();
}

/** A command that was left out of this build is not there; anything else that fails to load is a defect. */
function undefinedIfLeftOut(error: unknown): undefined {
  if (isMissingPart(error)) return undefined;
  throw error;
}

/** `src/cli` and `dist/cli` lie equally deep. */
function version(): string {
  const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return String(JSON.parse(file).version);
}

await main();
