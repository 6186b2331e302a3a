/** The recordings that Twilio fetches to play them when no agent can speak: the service's own, and those of agents. */
import { readFile } from 'node:fs/promises';
import type { Context, Middleware } from 'koa';
import type { Goodbye } from './goodbyes.ts';

export const APOLOGY_NAME = 'apology';
export const SOUND_ROUTE = '/sounds/:name.wav';
export const soundPath = (name: string): string => `/sounds/${name}.wav`;

/** Twilio caches what `<Play>` fetches by these headers; a recording only changes with a start of the service. */
const MAX_AGE_SECONDS = 3_600;

export interface SoundDeps {
  readonly apologyPath: string;
  readonly goodbyeOf: (agent: string) => Goodbye | undefined;
}

/** Names are looked up, never made a path of. */
export function sound({ apologyPath, goodbyeOf }: SoundDeps): Middleware {
  const pathOf = (name: string): string | undefined => {
    if (name === APOLOGY_NAME) return apologyPath;
    const recording = goodbyeOf(name)?.recording;
    return recording?.name === name ? recording.path : undefined;
  };
  return async (ctx: Context & { params?: { name?: string } }) => {
    const path = pathOf(ctx.params?.name ?? '');
    if (path === undefined) return;
    ctx.body = await readFile(path);
    ctx.type = 'audio/wav';
    ctx.set('Cache-Control', `public, max-age=${MAX_AGE_SECONDS}`);
  };
}
