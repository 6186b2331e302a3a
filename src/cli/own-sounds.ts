/** What callers hear in place of their agent, by bundled recordings or the agents' own: read once, at start. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { durationMs, readPhoneWav } from '../audio/index.ts';
import type { OwnSound } from '../call/index.ts';
import type { Agent } from '../config/index.ts';
import { APOLOGY_NAME, type Recordings } from '../http/index.ts';
import type { Logger } from '../telemetry/index.ts';

/** `src/cli` and `dist/cli` lie equally deep. */
const SOUNDS = join(import.meta.dirname, '../../sounds');
const APOLOGY_PATH = join(SOUNDS, 'apology.wav');
const APOLOGY_TEXT = 'I am sorry, we are having a technical problem. Please call again in a few minutes. Goodbye.';
const ONE_MOMENT_PATH = join(SOUNDS, 'one-moment.wav');
const ONE_MOMENT_TEXT = 'One moment, please.';

/** A call has 30 s for its last words (FLOW.draining): this leaves ten for the sentence that the agent was in. */
const MAX_ON_STREAM_MS = 20_000;

export interface OwnSounds {
  /** When the agent of this name is gone for good, for the stream; undefined: what follows the stream says it. */
  readonly apologyOf: (agent: string) => OwnSound | undefined;
  /** When its session is away and the caller waits. */
  readonly oneMomentOf: (agent: string) => OwnSound;
  /** What Twilio fetches. */
  readonly recordings: Recordings;
}

/** Throws when a recording is not there, which the configuration was judged by a moment ago. */
export function loadOwnSounds(
  agents: readonly Pick<Agent, 'name' | 'fallback' | 'notice' | 'patience'>[],
  logger: Logger,
): OwnSounds {
  const bundled = readFileSync(APOLOGY_PATH);
  const apology: OwnSound = { samples: readPhoneWav(bundled), text: APOLOGY_TEXT };
  const oneMoment: OwnSound = { samples: readPhoneWav(readFileSync(ONE_MOMENT_PATH)), text: ONE_MOMENT_TEXT };
  const recordings = new Map<string, Buffer>([[APOLOGY_NAME, bundled]]);
  /** Of the agents that have words of their own. */
  const apologies = new Map<string, OwnSound | undefined>();
  const oneMoments = new Map<string, OwnSound>();
  /** By their paths: agents may share one. */
  const files = new Map<string, Buffer>();
  const read = (path: string): Buffer => {
    const bytes = files.get(path) ?? readFileSync(path);
    files.set(path, bytes);
    return bytes;
  };
  for (const { name, fallback, notice, patience } of agents) {
    if (notice?.recording !== undefined) recordings.set(notice.recording.name, read(notice.recording.path));
    const oneMomentPath = patience?.oneMoment?.recordingPath;
    if (oneMomentPath !== undefined) oneMoments.set(name, ownSound(read(oneMomentPath), basename(oneMomentPath)));
    if (fallback?.say !== undefined) apologies.set(name, undefined);
    if (fallback?.recording === undefined) continue;
    const { path } = fallback.recording;
    const bytes = read(path);
    recordings.set(fallback.recording.name, bytes);
    apologies.set(name, onStream(bytes, basename(path), logger.child({ agent: name })));
  }
  return {
    apologyOf: (agent) => (apologies.has(agent) ? apologies.get(agent) : apology),
    oneMomentOf: (agent) => oneMoments.get(agent) ?? oneMoment,
    recordings,
  };
}

/** Other forms, and longer ones, are Twilio's to play once the stream is closed. */
function onStream(bytes: Buffer, file: string, logger: Logger): OwnSound | undefined {
  try {
    const sound = ownSound(bytes, file);
    const lengthMs = durationMs(sound.samples.length, 8000);
    if (lengthMs <= MAX_ON_STREAM_MS) return sound;
    logger.info({ file, lengthMs }, 'recording too long for the stream is played after it');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    logger.info({ file, why }, 'recording of another form than the stream is played after it');
  }
  return undefined;
}

/** Nobody wrote down what it says. */
function ownSound(bytes: Buffer, file: string): OwnSound {
  return { samples: readPhoneWav(bytes, file), text: `[Recording: ${file}]` };
}
