/** Calls over HTTP, for whoever has the key: placed, looked at, and ended. */
import { STATUS_CODES } from 'node:http';
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { asFailure, type Clock, describeIssues, Failure, type FailureCode } from '../lib/index.ts';
import { requireKey } from './api-key.ts';
import { placeCall } from './api-schemas.ts';
import type { CallsDoor } from './calls-door.ts';
import { type FailureDeps, report, statusOf } from './failures.ts';
import { type Answer, type Answers, Once } from './once.ts';
import { openApi } from './openapi.ts';
import { TokenBucket } from './token-bucket.ts';

/** Twenty variables of 400 characters, some of them written as six, and a greeting. */
const MAX_BODY = '64kb';
/** By default Twilio begins one call a second for an account, and queues what comes faster. */
const RATE = { burst: 10, perSecond: 1 } as const;
/** https://www.twilio.com/docs/glossary/what-is-a-sid: nothing that could lead to another file or route. */
const CALL_ID = /^CA[0-9a-fA-F]{32}$/;
/** What is answered again, too: the call may have been placed, or the provider has said that it never will be. */
const REMEMBERED: ReadonlySet<FailureCode> = new Set(['PROVIDER_REST', 'PROVIDER_REFUSED', 'INTERNAL']);

export interface CallsApiDeps extends FailureDeps {
  readonly clock: Clock;
  /** undefined: the routes are off. */
  readonly apiKey: string | undefined;
  readonly door: CallsDoor;
  readonly answers: Answers;
}

export function callsApi(deps: CallsApiDeps): Router {
  const { apiKey, clock, door } = deps;
  const once = new Once(deps.answers);
  const bucket = new TokenBucket(clock, RATE);
  const router = new Router();
  const mayAsk = requireKey(apiKey);
  const tells = tellFailures(deps);

  const place = async (order: Parameters<CallsDoor['place']>[0]): Promise<Answer> => {
    const waitMs = bucket.takeMs();
    if (waitMs > 0) throw new TooFast(waitMs);
    try {
      return { status: 201, body: await door.place(order) };
    } catch (error) {
      const failure = asFailure(error, 'INTERNAL');
      if (!REMEMBERED.has(failure.code)) throw failure;
      report(deps, failure);
      return { status: statusOf(failure), body: bodyOf(failure) };
    }
  };

  router.post('/calls', tells, mayAsk, jsonText(), async (ctx) => {
    const order = readBody(ctx);
    const key = ctx.get('idempotency-key');
    const { status, body } = key === '' ? await place(order) : await once.run(key, order, () => place(order));
    ctx.status = status;
    ctx.body = body;
    if (status === 201) ctx.set('Location', `/calls/${idOf(body)}`);
  });
  router.get('/calls', tells, mayAsk, async (ctx) => {
    ctx.body = { calls: await door.list() };
  });
  router.get('/calls/:id', tells, mayAsk, async (ctx) => {
    const call = await door.look(callIdIn(ctx));
    if (call === undefined) throw unknownCall();
    ctx.body = call;
  });
  router.delete('/calls/:id', tells, mayAsk, async (ctx) => {
    if (!(await door.hangUp(callIdIn(ctx)))) throw unknownCall();
    ctx.status = 204;
  });
  const document = openApi();
  router.get('/openapi.json', (ctx) => {
    ctx.body = document;
  });
  return router;
}

class TooFast extends Failure {
  readonly waitMs: number;

  constructor(waitMs: number) {
    super('API_RATE_LIMITED', `calls are placed no faster than ${RATE.perSecond} a second, ${RATE.burst} at once`);
    this.waitMs = waitMs;
  }
}

/** With words for whoever wrote the client; a defect of ours is told in the log alone. */
function tellFailures(deps: FailureDeps): Middleware {
  return async (ctx, next) => {
    // What is told of calls is nobody else's business.
    ctx.set('Cache-Control', 'no-store');
    try {
      await next();
    } catch (error) {
      const failure = asFailure(error, 'INTERNAL');
      report(deps, failure);
      ctx.status = statusOf(failure);
      ctx.body = bodyOf(failure);
      if (failure instanceof TooFast) ctx.set('Retry-After', String(Math.ceil(failure.waitMs / 1_000)));
      else if (failure.retryable && ctx.status >= 409) ctx.set('Retry-After', '1');
    }
  };
}

const bodyOf = ({ code, message }: Failure): { error: FailureCode; message: string } => ({
  error: code,
  message: code === 'INTERNAL' ? 'a defect of this service; its log has more' : message,
});

/** Read as text: what is no JSON is told in our words. */
function jsonText(): Middleware {
  return bodyParser({
    enableTypes: ['text'],
    extendTypes: { text: ['application/json'] },
    textLimit: MAX_BODY,
    onError: (cause) => {
      const status = 'status' in cause ? Number(cause.status) : 400;
      throw new Failure('API_BAD_REQUEST', `the body cannot be read: ${STATUS_CODES[status] ?? 'no such body'}`);
    },
  });
}

function readBody(ctx: Context): ReturnType<typeof placeCall.parse> {
  if (ctx.request.is('application/json') !== 'application/json') {
    throw new Failure('API_BAD_REQUEST', 'the body must be JSON: Content-Type: application/json');
  }
  let body: unknown;
  try {
    body = JSON.parse(ctx.request.rawBody ?? '');
  } catch {
    throw new Failure('API_BAD_REQUEST', 'the body is no JSON');
  }
  const result = placeCall.safeParse(body);
  if (result.success) return result.data;
  throw new Failure('API_BAD_REQUEST', describeIssues(result.error.issues));
}

function callIdIn(ctx: Context & { params?: { id?: string } }): string {
  const id = ctx.params?.id ?? '';
  if (!CALL_ID.test(id)) throw unknownCall();
  return id;
}

const unknownCall = (): Failure => new Failure('CALL_UNKNOWN', 'nobody here knows a call of this id');

const idOf = (body: unknown): string =>
  typeof body === 'object' && body !== null && 'id' in body ? String(body.id) : '';
