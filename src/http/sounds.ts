/** The recordings that Twilio fetches to play them when no agent can speak. */
import { readFile } from 'node:fs/promises';
import type { Middleware } from 'koa';

export const APOLOGY_PATH = '/sounds/apology.wav';

/** Twilio caches what `<Play>` fetches by these headers; the recording only changes with a release. */
const MAX_AGE_SECONDS = 3_600;

export function sound(path: string): Middleware {
  return async (ctx) => {
    ctx.body = await readFile(path);
    ctx.type = 'audio/wav';
    ctx.set('Cache-Control', `public, max-age=${MAX_AGE_SECONDS}`);
  };
}
