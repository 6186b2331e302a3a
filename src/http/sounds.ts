/** The recordings that Twilio fetches to play them when no agent can speak: the service's own, and those of agents. */
import type { Context, Middleware } from 'koa';

/** WAV files in memory, by the names in their addresses: what happens to a disk meanwhile leaves no caller in silence. */
export type Recordings = ReadonlyMap<string, Buffer>;

/** The name of the service's own. */
export const APOLOGY_NAME = 'apology';
export const SOUND_ROUTE = '/sounds/:name.wav';
export const soundPath = (name: string): string => `/sounds/${name}.wav`;

/** Twilio caches what `<Play>` fetches by these headers; a recording only changes with a start of the service. */
const MAX_AGE_SECONDS = 3_600;

/** Names are looked up, never made a path of. */
export function sound({ recordings }: { readonly recordings: Recordings }): Middleware {
  return (ctx: Context & { params?: { name?: string } }) => {
    const recording = recordings.get(ctx.params?.name ?? '');
    if (recording === undefined) return;
    ctx.body = recording;
    ctx.type = 'audio/wav';
    ctx.set('Cache-Control', `public, max-age=${MAX_AGE_SECONDS}`);
  };
}
