/** A tool that asks an HTTP service, as an agent's file describes it. */
import { createHash } from 'node:crypto';
import type { Clock } from '../lib/index.ts';
import { argumentCheck } from './arguments.ts';
import { canonical } from './canonical.ts';
import { declared, type ToolSpec } from './declaration.ts';
import { PASSING, type Pick, type Told, toldOf } from './http-answer.ts';
import {
  codeOf,
  type HttpAnswer,
  type HttpRequest,
  NotAllowed,
  NotSent,
  type Resolve,
  sendHttp,
} from './http-request.ts';
import { badArguments, failed, ToolFault, unavailable } from './results.ts';
import {
  type BodyTemplate,
  bodyValue,
  headerText,
  plainText,
  queryText,
  type Template,
  UnfitArgument,
  urlText,
  type Variables,
} from './template.ts';
import type { OutsideTool, ToolArgs, ToolContext, ToolResult } from './tool.ts';

export interface HttpToolSpec extends ToolSpec {
  readonly kind: 'http';
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Begins with scheme and host as they are, with secrets put in. */
  readonly url: Template;
  readonly query: Readonly<Record<string, Template>>;
  readonly headers: Readonly<Record<string, Template>>;
  readonly body?: BodyTemplate | undefined;
  readonly pick?: Pick;
  /** The header by which the service recognises a repeated request. */
  readonly idempotencyHeader?: string | undefined;
  /** Whether the host may have an address that is not public. */
  readonly allowsPrivate: boolean;
}

export interface HttpToolDeps {
  readonly clock: Clock;
  /** How names are resolved, when not by the system. */
  readonly resolve?: Resolve | undefined;
}

/** More than an answer that is read out ever has; most of what is beyond that would be picked from anyway. */
const MAX_ANSWER_BYTES = 256 * 1024;
/** A caller waits: a passing fault is gone after half a second and a second, or not soon. */
const RETRY_AFTER_MS = [500, 1_000];

export function createHttpTool(spec: HttpToolSpec, { clock, resolve }: HttpToolDeps): OutsideTool {
  const { name, method, businessKey, idempotencyHeader } = spec;
  const sideEffect = spec.sideEffect ?? !(method === 'GET' || method === 'HEAD');
  const mayRepeat = !sideEffect || idempotencyHeader !== undefined;
  const keyOf = (args: ToolArgs, context: ToolContext): string =>
    businessKey === undefined ? canonical(args) : plainText(businessKey, { ...context, args });

  const attempt = async (request: HttpRequest): Promise<Told & { readonly passes: boolean }> => {
    let answer: HttpAnswer;
    try {
      answer = await sendHttp(request, resolve);
    } catch (error) {
      request.signal.throwIfAborted();
      if (error instanceof NotAllowed) return { result: failed(), fault: error.message, passes: false };
      const isSent = !(error instanceof NotSent);
      return { result: unavailable(!isSent || mayRepeat), fault: isSent ? codeOf(error) : error.message, passes: true };
    }
    const told = toldOf(answer, { pick: spec.pick, sideEffect, mayRepeat });
    return { ...told, passes: PASSING.has(answer.status) && !answer.saysWhen };
  };

  const run = async (args: ToolArgs, context: ToolContext, signal: AbortSignal): Promise<ToolResult> => {
    const variables = { ...context, args };
    let request: HttpRequest;
    try {
      request = requestFrom(spec, variables, signal);
      if (idempotencyHeader !== undefined) {
        const key = idempotencyKey(context, name, keyOf(args, context));
        request = { ...request, headers: { ...request.headers, [idempotencyHeader]: key } };
      }
    } catch (error) {
      if (error instanceof UnfitArgument) return badArguments(error.message);
      throw error;
    }
    let told = await attempt(request);
    for (const waitMs of mayRepeat ? RETRY_AFTER_MS : []) {
      if (!told.passes) break;
      await waited(clock, waitMs, signal);
      told = await attempt(request);
    }
    const { result, fault } = told;
    // The host alone: path and query have what callers say, and secrets.
    if (fault !== undefined) throw new ToolFault(`${request.url.host}: ${fault}`, result);
    return result;
  };

  return {
    declaration: declared(spec, spec.description, spec.parameters),
    deadlineMs: spec.deadlineMs,
    sideEffect,
    mayRepeat,
    undoes: spec.undoes,
    businessKey: businessKey && keyOf,
    check: argumentCheck(spec.parameters),
    run,
  };
}

function requestFrom(spec: HttpToolSpec, variables: Variables, signal: AbortSignal): HttpRequest {
  const url = new URL(urlText(spec.url, variables));
  for (const [key, template] of Object.entries(spec.query)) {
    const text = queryText(template, variables);
    if (text !== undefined) url.searchParams.append(key, text);
  }
  const headers: Record<string, string> = { accept: 'application/json, text/*;q=0.5' };
  for (const [key, template] of Object.entries(spec.headers)) {
    const text = headerText(template, variables);
    if (text !== undefined) headers[key.toLowerCase()] = text;
  }
  const body = spec.body && JSON.stringify(bodyValue(spec.body, variables) ?? null);
  if (body !== undefined) {
    headers['content-type'] ??= 'application/json';
    headers['content-length'] = String(Buffer.byteLength(body));
  }
  const { method, allowsPrivate } = spec;
  return { method, url, headers, body, allowsPrivate, maxBytes: MAX_ANSWER_BYTES, signal };
}

/** The same for the same thing in the same phone call until it is undone, whichever process asks; and it says nothing of the caller. */
function idempotencyKey({ call, timesUndone = 0 }: ToolContext, name: string, key: string): string {
  const same = timesUndone === 0 ? [call.id, name, key] : [call.id, name, key, timesUndone];
  return createHash('sha256').update(JSON.stringify(same)).digest('base64url');
}

/** Rejects with the signal's reason when that is raised first. */
function waited(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = (): void => {
      cancel();
      reject(signal.reason);
    };
    const cancel = clock.after(delayMs, () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    signal.addEventListener('abort', stop, { once: true });
  });
}
