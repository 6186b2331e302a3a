/** The tool by which the model has the caller put through to somebody else: what it says of it is heard first. */
import { argumentCheck } from './arguments.ts';
import { notNow, unlessCallerSpeaks } from './leaving.ts';
import type { Destination, Tool, ToolResult } from './tool.ts';

export interface TransferCallSpec {
  readonly kind: 'transferCall';
  readonly name: string;
  readonly description: string;
  /** By their names. */
  readonly destinations: Readonly<Record<string, Omit<Destination, 'name'> & { readonly description: string }>>;
}

/** It only asks, and is answered at once. */
const DEADLINE_MS = 1_000;

export function createTransferCall({ name, description, destinations }: TransferCallSpec): Tool {
  const list = Object.entries(destinations).map(([to, { description: about }]) => `${to}: ${about}`);
  const to = { type: 'string', enum: Object.keys(destinations), description: list.join('\n') };
  const parameters = { type: 'object', properties: { to }, required: ['to'] };
  return {
    declaration: { name, description, parameters },
    deadlineMs: DEADLINE_MS,
    // The caller may have spoken since, or be back: then the same call means another try.
    sideEffect: false,
    mayRepeat: true,
    check: argumentCheck(parameters),
    run: async ({ to: chosen }, _context, _signal, call) => {
      const { description: _, ...destination } = destinations[String(chosen)]!;
      const wanted = { name: String(chosen), ...destination };
      return told(wanted.name, call.leave(wanted));
    },
  };
}

function told(name: string, leaving: { readonly speaking: boolean } | undefined): ToolResult {
  if (leaving === undefined) return notNow();
  const words = leaving.speaking
    ? `The caller is put through to ${name} when your last words are heard. If you have told them, say nothing more.`
    : `Tell the caller in one short sentence that you put them through to ${name}; it is done when that is heard.`;
  const back = 'If nobody takes the call, they come back to you.';
  return { status: 'ok', retryable: false, message: `${words} ${back} ${unlessCallerSpeaks('transfer them')}` };
}
