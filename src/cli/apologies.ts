/** What callers hear when their agent is gone for good: the agents' own recordings and the bundled one, read once, at start. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { durationMs, readPhoneWav } from '../audio/index.ts';
import type { Apology } from '../call/index.ts';
import type { Agent } from '../config/index.ts';
import { APOLOGY_NAME, type Recordings } from '../http/index.ts';
import type { Logger } from '../telemetry/index.ts';

/** `src/cli` and `dist/cli` lie equally deep. */
const APOLOGY_PATH = join(import.meta.dirname, '../../sounds/apology.wav');
const APOLOGY_TEXT = 'I am sorry, we are having a technical problem. Please call again in a few minutes. Goodbye.';

/** A call has 30 s for its last words (FLOW.draining): this leaves ten for the sentence that the agent was in. */
const MAX_ON_STREAM_MS = 20_000;

export interface Apologies {
  /** For the stream, by the agent's name; undefined: what follows the stream says it. */
  readonly of: (agent: string) => Apology | undefined;
  readonly recordings: Recordings;
}

/** Throws when a recording is not there, which the configuration was judged by a moment ago. */
export function loadApologies(
  agents: readonly Pick<Agent, 'name' | 'fallback' | 'notice'>[],
  logger: Logger,
): Apologies {
  const bundled = readFileSync(APOLOGY_PATH);
  const apology: Apology = { samples: readPhoneWav(bundled), text: APOLOGY_TEXT };
  const recordings = new Map<string, Buffer>([[APOLOGY_NAME, bundled]]);
  /** Of the agents that have words of their own. */
  const own = new Map<string, Apology | undefined>();
  /** By their paths: agents may share one. */
  const files = new Map<string, Buffer>();
  const read = (path: string): Buffer => {
    const bytes = files.get(path) ?? readFileSync(path);
    files.set(path, bytes);
    return bytes;
  };
  for (const { name, fallback, notice } of agents) {
    if (notice?.recording !== undefined) recordings.set(notice.recording.name, read(notice.recording.path));
    if (fallback?.say !== undefined) own.set(name, undefined);
    if (fallback?.recording === undefined) continue;
    const { path } = fallback.recording;
    const bytes = read(path);
    recordings.set(fallback.recording.name, bytes);
    own.set(name, onStream(bytes, basename(path), logger.child({ agent: name })));
  }
  return { of: (agent) => (own.has(agent) ? own.get(agent) : apology), recordings };
}

/** Other forms, and longer ones, are Twilio's to play once the stream is closed. */
function onStream(bytes: Buffer, file: string, logger: Logger): Apology | undefined {
  try {
    const samples = readPhoneWav(bytes);
    const lengthMs = durationMs(samples.length, 8000);
    // Nobody wrote down what it says.
    if (lengthMs <= MAX_ON_STREAM_MS) return { samples, text: `[Recording: ${file}]` };
    logger.info({ file, lengthMs }, 'recording too long for the stream is played after it');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    logger.info({ file, why }, 'recording of another form than the stream is played after it');
  }
  return undefined;
}
