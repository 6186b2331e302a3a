/** How loud a call is: the numbers by which an operator tells a bad line from a quiet caller. */
import { dbovOfPower, SILENCE_DBOV } from './dbov.ts';
import { createFramer } from './framer.ts';
import { createSpeechGate, edgeBetween, type SpeechGate } from './gate.ts';
import { durationMs, type Pcm } from './pcm.ts';

export interface LevelSummary {
  /** The loudest sample. */
  readonly peakDbov: number;
  /** The mean power while somebody spoke, pauses of up to 200 ms included, as ITU-T P.56 measures active speech. */
  readonly activeDbov: number;
  /** The mean power of the rest: the line's noise. */
  readonly idleDbov: number;
  /** Samples at either end of the scale. */
  readonly clippedSamples: number;
  /** How much sound the levels are of, in whole blocks of 20 ms. */
  readonly measuredMs: number;
}

export interface LevelMeter<RateHz extends number> {
  /** What this chunk changed for the meter's gate. */
  readonly push: (samples: Pcm<RateHz>) => ReturnType<SpeechGate<RateHz>['push']>;
  readonly summary: () => LevelSummary;
}

const BLOCK_MS = 20;

/** `gate` tells speech from the rest, and is pushed by the meter alone; whoever gives one may read it. */
export function createLevelMeter<RateHz extends number>(
  rateHz: RateHz,
  gate: SpeechGate<RateHz> = createSpeechGate(rateHz),
): LevelMeter<RateHz> {
  const framer = createFramer(rateHz, BLOCK_MS);
  const active = { energy: 0, samples: 0 };
  const idle = { energy: 0, samples: 0 };
  let peak = 0;
  let clippedSamples = 0;

  const measureBlock = (block: Pcm<RateHz>): void => {
    gate.push(block);
    const power = gate.speaking || gate.loud ? active : idle;
    power.energy += gate.energy;
    power.samples += block.length;
  };

  return {
    push: (samples) => {
      for (let i = 0; i < samples.length; i++) {
        const magnitude = Math.abs(samples[i]!);
        if (magnitude > peak) peak = magnitude;
        if (magnitude >= 32_767 && samples[i]! !== -32_767) clippedSamples++;
      }
      const spoke = gate.speaking;
      framer.push(samples, measureBlock);
      return edgeBetween(spoke, gate.speaking);
    },
    summary: () => ({
      peakDbov: dbovOfPower(peak ** 2),
      activeDbov: meanDbov(active),
      idleDbov: meanDbov(idle),
      clippedSamples,
      measuredMs: durationMs(active.samples + idle.samples, rateHz),
    }),
  };
}

function meanDbov({ energy, samples }: { energy: number; samples: number }): number {
  return samples === 0 ? SILENCE_DBOV : dbovOfPower(energy / samples);
}
