/** What can be said of a call once it is over: when its streams were there, and when the caller heard something. */
import { type Pcm, pcm, rmsDbov } from '../../audio/index.ts';
import type { PhoneEvent } from './events.ts';
import { FRAME_MS, SOUND_DBOV } from './handset.ts';

/** In ms since the call was answered, like all times here. */
export interface HeardSound {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface StreamSpan {
  readonly streamSid: string;
  readonly startedMs: number;
  /** Undefined only where more happened than was kept. */
  readonly endedMs: number | undefined;
  /** 1006 when it broke. */
  readonly closeCode: number | undefined;
  /** Twilio's: 31921 when the service closed it, 31903 when it broke, undefined after our own stop. */
  readonly code: number | undefined;
}

/** Speech has closures of 100 ms and more in the midst of words; what is longer is a gap that a listener notices. */
const JOINED_MS = 200;
const FRAME_SAMPLES = FRAME_MS * 8;

/** To 20 ms, with the silences inside speech left out. */
export function heardSounds(heard: Pcm<8000>): readonly HeardSound[] {
  const sounds: { fromMs: number; toMs: number }[] = [];
  for (let at = 0; at < heard.length; at += FRAME_SAMPLES) {
    if (rmsDbov(pcm(heard.subarray(at, at + FRAME_SAMPLES), 8000)) < SOUND_DBOV) continue;
    const fromMs = at / 8;
    const last = sounds.at(-1);
    if (last !== undefined && fromMs - last.toMs < JOINED_MS) last.toMs = fromMs + FRAME_MS;
    else sounds.push({ fromMs, toMs: fromMs + FRAME_MS });
  }
  return sounds;
}

export function streamSpans(events: readonly PhoneEvent[]): readonly StreamSpan[] {
  const ends = events.filter((event) => event.type === 'streamEnded');
  return events.flatMap((event) => {
    if (event.type !== 'streamStarted') return [];
    const { streamSid, atMs: startedMs } = event;
    const end = ends.find((other) => other.streamSid === streamSid);
    return [{ streamSid, startedMs, endedMs: end?.atMs, closeCode: end?.closeCode, code: end?.code }];
  });
}
