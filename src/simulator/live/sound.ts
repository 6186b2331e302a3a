/** What a turn of the simulated model sounds like: a recording, a tone, or a buzz in the rhythm of its text. */
import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { type Pcm, pcm, readWav, tone } from '../../audio/index.ts';
import type { FallbackTurn, Scenario, ScenarioSound } from './scenario.ts';

const RATE_HZ = 24_000;
/** English as it is read aloud. */
const CHARACTERS_PER_SECOND = 14;
const SAMPLES_PER_CHARACTER = Math.round(RATE_HZ / CHARACTERS_PER_SECOND);
/** As loud as the service's voices, about −20 dBov, so that a tone is neither lost nor clipped on the phone. */
const TONE_DBOV = -20;
/** In the middle of the telephone's band. */
const STUCK_HZ = 1_000;
/** The peak of a letter's buzz that brings a sentence to the same level. */
const BUZZ_PEAK = 9_000;
/** A voice's pitch, of which each letter has its own step. */
const LOWEST_PITCH_HZ = 110;
const PITCH_STEP_HZ = 4;
const PITCH_STEPS = 13;
/** Falling as a voice's do; 4 × 162 Hz still passes a telephone. */
const HARMONICS: readonly number[] = [1, 0.7, 0.5, 0.3];

export function soundOf(turn: FallbackTurn): Pcm<24000> {
  if (turn.sound !== undefined) return made(turn.sound);
  return buzz(turn.says ?? '');
}

/** The scenario with its recordings looked for in `folder`. */
export function resolveSounds(scenario: Scenario, folder: string): Scenario {
  const resolved = <Turn extends FallbackTurn>(turn: Turn): Turn => {
    if (turn.sound === undefined || !('wav' in turn.sound) || isAbsolute(turn.sound.wav)) return turn;
    return { ...turn, sound: { wav: join(folder, turn.sound.wav) } };
  };
  return { ...scenario, turns: scenario.turns.map(resolved), fallbackTurn: resolved(scenario.fallbackTurn) };
}

/** Throws an Error for a recording that cannot be spoken, so that it shows before anyone listens. */
export function checkRecordings({ turns, fallbackTurn }: Scenario): void {
  for (const { sound } of [...turns, fallbackTurn]) {
    if (sound !== undefined && 'wav' in sound) made(sound);
  }
}

/** The same length and shape with hardly an amplitude: a known defect of the service. */
export function nearlySilent(sound: Pcm<24000>): Pcm<24000> {
  return pcm(sound.map(Math.sign), RATE_HZ);
}

/** A tone of the same length: what is left when generation gets stuck. */
export function toneInstead(sound: Pcm<24000>): Pcm<24000> {
  return tone({ hz: STUCK_HZ, lengthMs: sound.length / (RATE_HZ / 1_000), dbov: TONE_DBOV }, RATE_HZ);
}

function made(sound: ScenarioSound): Pcm<24000> {
  if ('toneHz' in sound) return tone({ hz: sound.toneHz, lengthMs: sound.lengthMs, dbov: TONE_DBOV }, RATE_HZ);
  const { rateHz, samples } = readWav(readFileSync(sound.wav), sound.wav);
  if (rateHz !== RATE_HZ) throw new TypeError(`${sound.wav} has ${rateHz} Hz; the model speaks at ${RATE_HZ} Hz`);
  return pcm(samples, RATE_HZ);
}

/** One swell a letter, each on its own pitch, and silence for everything else; the same text always sounds the same. */
function buzz(text: string): Pcm<24000> {
  const samples = new Int16Array(text.length * SAMPLES_PER_CHARACTER);
  for (let at = 0; at < text.length; at++) {
    if (!/\p{L}|\p{N}/u.test(text[at] ?? '')) continue;
    const pitchHz = LOWEST_PITCH_HZ + PITCH_STEP_HZ * (text.charCodeAt(at) % PITCH_STEPS);
    swell(samples.subarray(at * SAMPLES_PER_CHARACTER, (at + 1) * SAMPLES_PER_CHARACTER), pitchHz);
  }
  return pcm(samples, RATE_HZ);
}

function swell(letter: Int16Array, pitchHz: number): void {
  for (let i = 0; i < letter.length; i++) {
    let value = 0;
    HARMONICS.forEach((share, index) => {
      value += share * Math.sin((2 * Math.PI * pitchHz * (index + 1) * i) / RATE_HZ);
    });
    const envelope = Math.sin((Math.PI * i) / letter.length);
    letter[i] = Math.round((BUZZ_PEAK * envelope * value) / HARMONICS.length);
  }
}
