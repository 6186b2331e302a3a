/** Who may ask for calls: whoever brings the key, as `Authorization: Bearer …` (RFC 6750). */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Middleware } from 'koa';
import { Failure } from '../lib/index.ts';

/** RFC 6750 §2.1, with a bound; whatever is longer is no key of ours. */
const BEARER = /^Bearer +([\x21-\x7e]{1,512}) *$/i;

/** `key` undefined: there is nothing to be had here, whoever asks. */
export function requireKey(key: string | undefined): Middleware {
  const expected = key === undefined ? undefined : digest(key);
  return async (ctx, next) => {
    if (expected === undefined) {
      throw new Failure('API_OFF', 'CALLBRIDGE_API_KEY is not set: calls cannot be placed or looked at over HTTP');
    }
    const [, given] = BEARER.exec(ctx.get('authorization')) ?? [];
    // Digests have one length, and tell nothing of how much of the key was right.
    if (given === undefined || !timingSafeEqual(digest(given), expected)) {
      ctx.set('WWW-Authenticate', 'Bearer realm="callbridge"');
      const why = given === undefined ? 'the Authorization header brings none' : 'it is another one';
      throw new Failure('API_UNAUTHORIZED', `CALLBRIDGE_API_KEY is wanted as "Authorization: Bearer <key>": ${why}`);
    }
    await next();
  };
}

const digest = (key: string): Buffer => createHash('sha256').update(key).digest();
