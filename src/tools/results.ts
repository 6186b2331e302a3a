/** What the model is told when a call did not come to a result of its own: plain words, and whether to try again. */
import { isShallow } from '../lib/index.ts';
import type { ToolArgs, ToolResult } from './tool.ts';

/** About 4,000 tokens, which every later turn of the call is billed for; what is longer cannot be told on the phone anyway. */
export const MAX_RESULT_BYTES = 16 * 1024;
/** Of arguments that are repeated to the model, and of a long word that nothing came of it. */
const MAX_TOLD_CHARACTERS = 1_000;

/** What a tool throws that knows better than `failed` what the model is to be told; the message is for the log. */
export class ToolFault extends Error {
  readonly result: ToolResult;

  constructor(message: string, result: ToolResult) {
    super(message);
    this.name = 'ToolFault';
    this.result = result;
  }
}

export function unknownTool(name: string): ToolResult {
  const message = `There is no tool named ${name}. Tell the caller that you cannot do this, and do not try again.`;
  return { status: 'unknown_tool', retryable: false, message };
}

/** `wrong` says where the arguments break the schema. */
export function badArguments(wrong: string): ToolResult {
  const message = `The arguments are not right: ${wrong}. Ask the caller for what is missing, and call it again with that.`;
  return { status: 'invalid_argument', retryable: true, message };
}

export function failed(): ToolResult {
  const message = 'It could not be done because of a fault. Tell the caller so, and do not try again.';
  return { status: 'failed', retryable: false, message };
}

/** The service could not do it, or nobody knows. */
export function unavailable(mayRepeat: boolean): ToolResult {
  if (!mayRepeat) return unknown();
  const message = 'It is not available just now. Tell the caller; try once more.';
  return { status: 'unavailable', retryable: true, message };
}

export function unknown(): ToolResult {
  const message = 'It broke, and nobody knows whether it was done. Tell the caller so, and do not try again.';
  return { status: 'unknown', retryable: false, message };
}

/** Of a side effect: nobody is to be told that it was not done. */
export function unreadable(): ToolResult {
  return { status: 'unreadable', retryable: false, message: 'It was done. What came of it cannot be read.' };
}

/** What broke may have done its work before. */
export function ofThrown(error: unknown, sideEffect: boolean): ToolResult {
  if (error instanceof ToolFault) return error.result;
  return sideEffect ? unknown() : failed();
}

export function tooLate(mayRepeat: boolean): ToolResult {
  const message = mayRepeat
    ? 'It took too long. Tell the caller; you may try once more.'
    : 'It took too long, and nobody knows whether it was done. Tell the caller so, and do not try again.';
  return { status: 'timeout', retryable: mayRepeat, message };
}

/** The process that ran it is gone. */
export function interrupted(mayRepeat: boolean): ToolResult {
  const message = mayRepeat
    ? 'It was interrupted. Call it again if it is still needed.'
    : 'It was interrupted, and nobody knows whether it was done. Tell the caller so, and do not try again.';
  return { status: 'interrupted', retryable: mayRepeat, message };
}

export function tooManyAtOnce(): ToolResult {
  const message = 'Too many things are being done at once. Wait for their results, and then call it again.';
  return { status: 'too_many', retryable: true, message };
}

export function tooManyInAll(): ToolResult {
  const message = 'No more tools can be used in this call. Tell the caller that you cannot do this.';
  return { status: 'too_many', retryable: false, message };
}

/** Nobody waits for these two; the transcript has them. */
export function cancelled(): ToolResult {
  return { status: 'cancelled', retryable: true, message: 'The model cancelled the call.' };
}

export function aborted(): ToolResult {
  return { status: 'aborted', retryable: false, message: 'The phone call ended before the tool did.' };
}

/** The model is to notice that nothing was done once more. */
export function repeated(result: ToolResult): ToolResult {
  return { ...result, repeated: true };
}

/** It counts as what was done with these arguments, and was asked for with others: neither done, nor to be told as done. */
export function otherwise(args: ToolArgs, result: ToolResult): ToolResult {
  const before = `Nothing was done now. It was used before with ${toldOf(args)}, and counts as the same.`;
  return result.status === 'ok'
    ? {
        ...repeated(result),
        status: 'done_before',
        message: `${before} Tell the caller what was done then; whatever they want otherwise needs another tool.`,
      }
    : { ...repeated(result), message: `${before} Its result then: ${result.message}` };
}

/** An answer as the transcript has it. */
export function resultOf(answer: Readonly<Record<string, unknown>>): ToolResult {
  const { status, retryable, message } = answer;
  return { ...answer, status: String(status), retryable: retryable === true, message: String(message) };
}

/** What `run` gave as JSON can say it. Throws ToolFault. */
export function tellable(result: ToolResult, sideEffect: boolean): ToolResult {
  const text = isShallow(result) ? jsonOf(result) : undefined;
  if (text === undefined) throw new ToolFault('JSON cannot say its result', sideEffect ? unreadable() : failed());
  if (Buffer.byteLength(text) > MAX_RESULT_BYTES) {
    const { status, retryable } = result;
    if (status !== 'ok') return { status, retryable, message: result.message.slice(0, MAX_TOLD_CHARACTERS) };
    const message = 'It was done, and its result is too long to be told. Ask for less, if that is possible.';
    return { status: 'too_long', retryable: false, message };
  }
  return JSON.parse(text) as ToolResult;
}

function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** A result for a session that does not know the call, and would ignore its id without a word. */
export function asText(name: string, args: ToolArgs, result: ToolResult): string {
  const called = `${name} with ${toldOf(args)}`;
  // Some messages want nothing said.
  const then = 'Do as its message says; where that leaves it open, tell the caller what matters of it.';
  return `[Earlier you called ${called}. Its result: ${JSON.stringify(result)} ${then}]`;
}

function toldOf(args: ToolArgs): string {
  return JSON.stringify(args).slice(0, MAX_TOLD_CHARACTERS);
}
