#!/usr/bin/env node
/** The command line. A command is loaded only when it is asked for: the production image has no simulator, and needs none. */
import { Command } from 'commander';
import { isMissingModule } from './fail.ts';

const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.ts')).serveCommand(),
  worker: async () => (await import('./worker.ts')).workerCommand(),
  call: async () => (await import('./call.ts')).callCommand(),
  simulate: async () => (await import('./simulate.ts')).simulateCommand(),
  demo: async () => (await import('./demo.ts')).demoCommand(),
  doctor: async () => (await import('./doctor.ts')).doctorCommand(),
  models: async () => (await import('./models.ts')).modelsCommand(),
};

async function main(): Promise<void> {
  const program = new Command('callbridge')
    .description('Puts a Gemini Live voice agent on a phone number.')
    .showHelpAfterError()
    .enablePositionalOptions();
  const asked = process.argv[2] ?? '';
  const loads = Object.hasOwn(COMMANDS, asked) ? [COMMANDS[asked]!] : Object.values(COMMANDS);
  for (const load of loads) {
    const command = await load().catch(onlyIfMissing);
    if (command !== undefined) program.addCommand(command);
  }
  await program.parseAsync();
}

/** A command that was left out of this build is not there; anything else that fails to load is a defect. */
function onlyIfMissing(error: unknown): undefined {
  if (isMissingModule(error)) return undefined;
  throw error;
}

await main();
