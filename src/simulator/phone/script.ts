/** What a simulated caller does, step by step: the words of the `script` in a fixture call. */
import { z } from 'zod';
import { soundSource } from './sound.ts';

/** Longer than a Live session takes to begin an answer, short enough to give up on a dead one. */
const DEFAULT_WITHIN_MS = 20_000;
/** What Twilio takes in one `<Dial sendDigits>`; a person presses fewer. */
const MAX_DIGITS = 32;

const milliseconds = z.number().min(0).max(600_000);

const stepWords = z.strictObject({
  /** Waits until the agent can be heard; at once when it already is. */
  hear: z.literal('agent').optional(),
  /** Waits until nothing has been heard for so long. */
  hearSilence: z.strictObject({ ms: milliseconds }).optional(),
  say: soundSource.optional(),
  /** With `say`: goes on with the next step while this is being said. */
  andGoOn: z.boolean().optional(),
  wait: milliseconds.optional(),
  /** One key every 300 ms. */
  press: z
    .string()
    .regex(new RegExp(`^[0-9A-D*#]{1,${MAX_DIGITS}}$`), `1 to ${MAX_DIGITS} of 0-9 A-D * #`)
    .optional(),
  hangUp: z.literal(true).optional(),
  /** Waits until the service ends the call. */
  waitForHangUp: z.literal(true).optional(),
  /** How long the step may take beyond what it takes by itself. */
  withinMs: milliseconds.default(DEFAULT_WITHIN_MS),
});

const VERBS = ['hear', 'hearSilence', 'say', 'wait', 'press', 'hangUp', 'waitForHangUp'] as const;

/** `hangUp` and `waitForHangUp` say all in their name, and may stand alone. */
const expanded = (step: unknown): unknown => (step === 'hangUp' || step === 'waitForHangUp' ? { [step]: true } : step);

const scriptStep = z.preprocess(
  expanded,
  stepWords
    .refine((words) => VERBS.filter((verb) => words[verb] !== undefined).length === 1, {
      error: `a step has exactly one of ${VERBS.join(', ')}`,
    })
    .refine((words) => words.andGoOn === undefined || words.say !== undefined, { error: 'andGoOn goes with say only' }),
);

export const callScript = z.array(scriptStep).min(1);

export type ScriptStep = z.infer<typeof scriptStep>;
export type CallScript = readonly ScriptStep[];

/** A step in a few words, for people who follow the call. */
export function describeStep(step: ScriptStep): string {
  if (step.hear) return 'waits to hear the agent';
  if (step.hearSilence) return `waits for ${step.hearSilence.ms} ms of silence`;
  if (step.say) {
    const what = 'wav' in step.say ? step.say.wav.replace(/^.*\//, '') : `a tone of ${step.say.toneHz} Hz`;
    return `says ${what}`;
  }
  if (step.wait !== undefined) return `waits ${step.wait} ms`;
  if (step.press) return `presses ${step.press}`;
  return step.hangUp ? 'hangs up' : 'waits for the service to hang up';
}
