/** What the model is told of an HTTP answer: the fields that the agent's file names, or why there are none. */
import type { HttpAnswer } from './http-request.ts';
import { failed, unavailable, unknown, unreadable } from './results.ts';
import type { ToolResult } from './tool.ts';

/** One path into the answer, or several, which become a map by their paths. undefined: all of it. */
export type Pick = string | readonly string[] | undefined;

/** Of an answer that refuses: its reason, and not a page. */
const MAX_REASON_BYTES = 2 * 1024;
/** They are about us, and not about what the caller wants. */
const OUR_FAULT = new Set([401, 403, 405, 407, 415]);
const NOT_THERE = new Set([404, 410]);
/** What passes by itself: RFC 9110 §15, RFC 6585. */
export const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);
/** Too many requests, RFC 6585 §4: this one was not looked at. */
export const NOT_SERVED = 429;

/** What was asked for. */
export interface Asked {
  readonly pick: Pick;
  /** Whether something was to be done, beside answering. */
  readonly sideEffect: boolean;
  /** The request does no harm twice. */
  readonly mayRepeat: boolean;
}

/** What the model is told, and what went wrong, where the operator is to know of it. */
export interface Told {
  readonly result: ToolResult;
  readonly fault?: string | undefined;
}

export function toldOf(answer: HttpAnswer, { pick, sideEffect, mayRepeat }: Asked): Told {
  const { status } = answer;
  if (status >= 200 && status < 300) {
    try {
      return { result: done(answer, pick) };
    } catch (error) {
      const fault = error instanceof Error ? error.message : String(error);
      return { result: sideEffect ? unreadable() : failed(), fault };
    }
  }
  if (status < 400) {
    const fault = `the answer was ${status}: redirects are not followed, so give the final URL`;
    // Services answer so, too, when they have done what they were asked for: RFC 9110 §15.4.4.
    return { result: sideEffect ? unknown() : failed(), fault };
  }
  if (OUR_FAULT.has(status)) {
    return { result: failed(), fault: `the answer was ${status}: check the method, the URL and the credentials` };
  }
  if (status >= 500 || PASSING.has(status)) {
    return { result: unavailable(mayRepeat || status === NOT_SERVED), fault: `the answer was ${status}` };
  }
  const reason = reasonOf(answer);
  return {
    result: NOT_THERE.has(status)
      ? { status: 'not_found', retryable: false, message: 'There is no such thing.', ...reason }
      : { status: 'refused', retryable: false, message: 'It was refused.', ...reason },
  };
}

function done(answer: HttpAnswer, pick: Pick): ToolResult {
  const ok = { status: 'ok', retryable: false, message: 'Done.' };
  const { body, contentType } = answer;
  if (body === undefined) return { ...ok, status: 'too_long', message: 'It was done, and its answer is too long.' };
  if (body.length === 0) return ok;
  if (isJson(contentType)) return { ...ok, data: picked(parsed(body), pick) };
  if (contentType.startsWith('text/') && pick === undefined) return { ...ok, data: body.toString().trim() };
  throw new Error(`the answer is ${contentType === '' ? 'of no type' : contentType}: JSON or text is expected`);
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    // The parser's own error would quote the answer.
    throw new Error('the answer is not the JSON that it says it is');
  }
}

/** What a refusing server says in JSON. */
function reasonOf({ body, contentType }: HttpAnswer): { data?: unknown } {
  if (body === undefined || body.length > MAX_REASON_BYTES || !isJson(contentType)) return {};
  try {
    return { data: parsed(body) };
  } catch {
    return {};
  }
}

function isJson(contentType: string): boolean {
  return contentType === 'application/json' || contentType.endsWith('+json');
}

function picked(value: unknown, pick: Pick): unknown {
  if (pick === undefined) return value;
  if (typeof pick === 'string') return at(value, pick);
  return Object.fromEntries(pick.map((path) => [path, at(value, path)]));
}

/** null where there is nothing. */
function at(value: unknown, path: string): unknown {
  let inner: unknown = value;
  for (const key of path.split('.')) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, key)) return null;
    inner = (inner as Record<string, unknown>)[key];
  }
  return inner;
}
