/** How a command says that it cannot go on: a failure's message is for people, anything else is a defect and is thrown. */
import { Failure } from '../lib/index.ts';

/** By what a command is told where to listen. */
interface ListenSettings {
  readonly port: string;
  readonly host: string;
}

const OPTIONS: ListenSettings = { port: '--port', host: '--host' };

/** Exit code 2: what was asked for cannot be done as it was asked. */
export async function orFail(run: () => Promise<void>, settings: ListenSettings = OPTIONS): Promise<void> {
  try {
    await run();
  } catch (error) {
    const message = explain(error, settings);
    if (message === undefined) throw error;
    console.error(message);
    process.exitCode = 2;
  }
}

/** Whether a part of the program was left out of this build, as the simulator is in production. A missing package is not. */
export function isMissingPart(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ERR_MODULE_NOT_FOUND') return false;
  return /^Cannot find module /.test(error.message);
}

/** Whether a package that may be left out is not installed. */
export function isMissingPackage(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND' && !isMissingPart(error);
}

/** What the operating system refused, by its code: what to do about it. */
const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: 'Not allowed: let the user of this process write there, or set DATA_DIR to a folder that it may write.',
  EROFS: 'The file system is read-only: set DATA_DIR to a folder that can be written.',
  ENOTDIR: 'A file stands where a folder should be: set DATA_DIR to a folder.',
  EEXIST: 'A file stands where a folder should be: set DATA_DIR to a folder.',
  ENOSPC: 'The disk is full: free some of it, or set DATA_DIR to another one.',
};
const LISTEN_REMEDIES: Readonly<Record<string, (settings: ListenSettings) => string>> = {
  EADDRINUSE: ({ port }) => `The port is taken: set ${port} to another one, or stop what uses it.`,
  EACCES: ({ port }) => `This user may not listen on that port: set ${port} to one above 1023.`,
  EADDRNOTAVAIL: ({ host }) =>
    `This machine has no such address: set ${host} to one of its own, or to 0.0.0.0 for all.`,
  EAI_AGAIN: ({ host }) => `${host} cannot be looked up: set it to an address of this machine, or to 0.0.0.0 for all.`,
  ENOTFOUND: ({ host }) => `${host} names no machine: set it to an address of this one, or to 0.0.0.0 for all.`,
};

/** undefined: a defect. */
export function explain(error: unknown, settings: ListenSettings = OPTIONS): string | undefined {
  if (error instanceof Failure) return error.message;
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined;
  // The primary binds for its workers, and Node says so.
  const listening = ['listen', 'bind', 'getaddrinfo'].includes(String(error.syscall));
  const code = String(error.code);
  const remedy = listening ? LISTEN_REMEDIES[code]?.(settings) : REMEDIES[code];
  return remedy && `${remedy} (${error.message})`;
}
