/** How a command says that it cannot go on: a failure's message is for people, anything else is a defect and is thrown. */
import { Failure } from '../lib/index.ts';

/** Exit code 2: what was asked for cannot be done as it was asked. */
export async function orFail(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    const message = explain(error);
    if (message === undefined) throw error;
    console.error(message);
    process.exitCode = 2;
  }
}

/** Whether a part of the program was left out of this build, as the simulator is in production. */
export function isMissingModule(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
}

function explain(error: unknown): string | undefined {
  if (error instanceof Failure) return error.message;
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  const { code } = error;
  if (code === 'EADDRINUSE')
    return `The port is taken: ${error.message}. Set PORT to another one, or stop what uses it.`;
  if (code === 'EACCES' || code === 'EROFS')
    return `Not allowed: ${error.message}. Set DATA_DIR to a folder that can be written.`;
  return undefined;
}
