/** <Play> and <Say>: what the provider itself lets the caller hear. */
import { g711, tone } from '../../audio/index.ts';
import { TwilioFault } from './fault.ts';
import { type Journey, left, pause } from './journey.ts';
import { phoneSamples } from './sound.ts';

/** About 16 characters a second, as people speak. */
const MS_PER_CHARACTER = 60;
/** The provider's voice has a sound of its own, so that a listener can tell it from the agent's. */
const VOICE = { hz: 350, dbov: -20 };
/** Four minutes of speech, which is as much as Twilio takes in one <Say>: 4,096 characters. */
const MAX_SAY_MS = 4_096 * MS_PER_CHARACTER;

export async function playSound(url: string, journey: Journey): Promise<void> {
  const { http, handset, clock } = journey;
  const { status, body } = await http.get(url);
  handset.tell({ type: 'requested', url, status });
  if (status !== 200) throw new TwilioFault(11200, `${url} answered ${status}`);
  if (left(journey)) return;
  handset.playback.play(ulawOf(body, url));
  handset.tell({ type: 'played', url, lengthMs: handset.playback.endsAtMs() - clock.nowMs() });
  await hearOut(journey);
}

/** A hum as long as the words would take. */
export async function saySentence(text: string, journey: Journey): Promise<void> {
  const lengthMs = Math.min(MAX_SAY_MS, text.length * MS_PER_CHARACTER);
  journey.handset.tell({ type: 'spoken', text });
  if (lengthMs > 0) journey.handset.playback.play(g711('ulaw').encode(tone({ ...VOICE, lengthMs }, 8000)));
  await hearOut(journey);
}

/** Tone and pause of a key, and the two waits. */
const KEY_MS = 250;
const WAITS_MS: Readonly<Record<string, number>> = { w: 500, W: 1_000 };

export async function pressKeys(keys: string, journey: Journey): Promise<void> {
  journey.handset.tell({ type: 'keysSent', keys });
  const lengthMs = [...keys].reduce((sum, key) => sum + (WAITS_MS[key] ?? KEY_MS), 0);
  await pause(journey, lengthMs);
}

/** A caller who is led elsewhere does not hear the rest. */
export async function hearOut({ handset, steering, clock }: Journey): Promise<void> {
  const { signal } = steering;
  // What is cleared meanwhile ends then.
  await handset.until(() => signal.aborted || clock.nowMs() >= handset.playback.endsAtMs());
  if (signal.aborted) handset.playback.clear();
}

function ulawOf(wav: Uint8Array, url: string): Uint8Array {
  try {
    return g711('ulaw').encode(phoneSamples(wav, url));
  } catch (error) {
    throw new TwilioFault(12300, String(error), { cause: error });
  }
}
