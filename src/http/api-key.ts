/** Who may ask for calls, and look at the queue: whoever brings the key, as `Authorization: Bearer …` (RFC 6750). */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Middleware } from 'koa';
import { Failure } from '../lib/index.ts';

/** RFC 6750 §2.1, with a bound; whatever is longer is no key of ours. */
const BEARER = /^Bearer +([\x21-\x7e]{1,512}) *$/i;
/** RFC 7617: a name, a colon and a password, in base64. */
const BASIC = /^Basic +([A-Za-z0-9+/]{1,1024}={0,2}) *$/i;

/**
 * `key` undefined: there is nothing to be had here, whoever asks. `byPassword`: also as the password of `Authorization: Basic …`, whatever
 * the name, which is all that people can bring with a browser.
 */
export function requireKey(key: string | undefined, { byPassword = false } = {}): Middleware {
  const expected = key === undefined ? undefined : digest(key);
  return async (ctx, next) => {
    if (expected === undefined) {
      throw new Failure('API_OFF', 'CALLBRIDGE_API_KEY is not set: neither calls nor the queue can be had over HTTP');
    }
    const brought = ctx.get('authorization');
    const given = BEARER.exec(brought)?.[1] ?? (byPassword ? passwordIn(brought) : undefined);
    // Digests have one length, and tell nothing of how much of the key was right.
    if (given === undefined || !timingSafeEqual(digest(given), expected)) {
      ctx.set('WWW-Authenticate', `${byPassword ? 'Basic' : 'Bearer'} realm="callbridge"`);
      const why = given === undefined ? 'the Authorization header brings none' : 'it is another one';
      throw new Failure('API_UNAUTHORIZED', `CALLBRIDGE_API_KEY is wanted as "Authorization: Bearer <key>": ${why}`);
    }
    await next();
  };
}

function passwordIn(authorization: string): string | undefined {
  const [, encoded] = BASIC.exec(authorization) ?? [];
  return encoded && /:(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8'))?.[1];
}

const digest = (key: string): Buffer => createHash('sha256').update(key).digest();
