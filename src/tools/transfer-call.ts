/** The tool by which the model has the caller put through to somebody else: what it says of it is heard first. */
import { argumentCheck } from './arguments.ts';
import { notNow, unlessCallerSpeaks } from './leaving.ts';
import type { Destination, Tool, ToolResult, WarmTransfer } from './tool.ts';

export interface TransferCallSpec {
  readonly kind: 'transferCall';
  readonly name: string;
  readonly description: string;
  /** By their names. */
  readonly destinations: Readonly<Record<string, DestinationSpec>>;
}

/** As the agent's file has it. */
interface DestinationSpec
  extends Omit<Destination, 'name' | 'warm'>,
    Omit<WarmTransfer, 'summary' | 'accept' | 'prompt'> {
  readonly description: string;
  readonly warm?: boolean | undefined;
  readonly accept?: WarmTransfer['accept'] | undefined;
  readonly prompt?: string | undefined;
}

/** It only asks, and is answered at once. */
const DEADLINE_MS = 1_000;
/** Twenty-five seconds of speech, for which the caller waits. */
const MAX_SUMMARY_CHARACTERS = 400;
const PROMPT = 'Press 1 to take the call.';

export function createTransferCall({ name, description, destinations }: TransferCallSpec): Tool {
  const list = Object.entries(destinations).map(([to, { description: about }]) => `${to}: ${about}`);
  const warm = Object.keys(destinations).filter((to) => destinations[to]?.warm);
  const to = { type: 'string', enum: Object.keys(destinations), description: list.join('\n') };
  const summary = {
    type: 'string',
    maxLength: MAX_SUMMARY_CHARACTERS,
    description: `Said to whoever answers, before they take the call: who is calling, and for what, in two sentences. For ${warm.join(', ')}.`,
  };
  const properties = { to, ...(warm.length > 0 && { summary }) };
  const parameters = { type: 'object', properties, required: ['to'] };
  const check = argumentCheck(parameters);
  return {
    declaration: { name, description, parameters },
    deadlineMs: DEADLINE_MS,
    // The caller may have spoken since, or be back: then the same call means another try.
    sideEffect: false,
    mayRepeat: true,
    check: (args) => check(args) ?? (lacksSummary(args, warm) ? 'summary: is missing: they hear it first' : undefined),
    run: async ({ to: chosen, summary: said }, _context, _signal, call) => {
      const wanted = destinationOf(String(chosen), destinations[String(chosen)]!, String(said));
      return told(wanted, call.leave(wanted));
    },
  };
}

const lacksSummary = ({ to, summary }: Readonly<Record<string, unknown>>, warm: readonly string[]): boolean =>
  warm.includes(String(to)) && (typeof summary !== 'string' || summary.trim() === '');

function destinationOf(name: string, spec: DestinationSpec, summary: string): Destination {
  const {
    to,
    timeoutSeconds,
    callerId,
    refer,
    warm,
    accept = 'key',
    prompt = PROMPT,
    holdMusic,
    voice,
    language,
  } = spec;
  return {
    name,
    to,
    timeoutSeconds,
    ...(callerId !== undefined && { callerId }),
    ...(refer && { refer }),
    ...(warm && { warm: { accept, summary, prompt, holdMusic, voice, language } }),
  };
}

function told({ name, warm }: Destination, leaving: { readonly speaking: boolean } | undefined): ToolResult {
  if (leaving === undefined) return notNow();
  const words = leaving.speaking
    ? `The caller is put through to ${name} when your last words are heard. If you have told them, say nothing more.`
    : `Tell the caller in one short sentence that you put them through to ${name}; it is done when that is heard.`;
  const wait = warm ? ' They wait while that person is asked.' : '';
  const back = 'If nobody takes the call, they come back to you.';
  return { status: 'ok', retryable: false, message: `${words}${wait} ${back} ${unlessCallerSpeaks('transfer them')}` };
}
