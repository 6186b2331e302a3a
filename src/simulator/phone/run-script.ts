/** A caller who follows a script on a handset. */
import type { Handset } from './handset.ts';
import { type CallScript, describeStep, type ScriptStep } from './script.ts';
import { loadSound } from './sound.ts';

/** About as fast as a person presses keys, and well apart for any detector of tones. */
const KEY_EVERY_MS = 300;

/** A step that could not be done in its time, or at all. */
export class ScriptFailure extends Error {
  override readonly name = 'ScriptFailure';
}

/** Ends with the call: a caller who has nothing left to do hangs up. Rejects with ScriptFailure, the call still up. */
export async function runScript(handset: Handset, script: CallScript): Promise<void> {
  const steps = script.map((step) => ({ step, sound: step.say && loadSound(step.say) }));
  for (const [index, { step, sound }] of steps.entries()) {
    handset.tell({ type: 'stepBegan', step: describeStep(step) });
    const done = await perform(handset, step, sound);
    if (done) continue;
    const why = handset.end ? `the call had ended (${handset.end.how})` : `not within ${step.withinMs} ms`;
    throw new ScriptFailure(`step ${index + 1}, the caller ${describeStep(step)}: ${why}`);
  }
  handset.finish({ how: 'callerHungUp' });
}

/** False when the step's time was up or the call over. */
async function perform(handset: Handset, step: ScriptStep, sound: Uint8Array | undefined): Promise<boolean> {
  if (step.hear) return within(handset, step.withinMs, () => handset.audible);
  if (step.hearSilence) {
    const { ms } = step.hearSilence;
    return within(handset, ms + step.withinMs, () => handset.quietMs() >= ms);
  }
  if (sound) {
    const said = handset.say(sound);
    return step.andGoOn ? handset.end === undefined : said;
  }
  if (step.wait !== undefined) return pause(handset, step.wait);
  if (step.press) {
    for (const digit of step.press) {
      if (handset.end) return false;
      handset.press(digit);
      // The service may well hang up on the last key.
      await pause(handset, KEY_EVERY_MS);
    }
    return true;
  }
  if (step.hangUp) {
    if (handset.end) return false;
    handset.finish({ how: 'callerHungUp' });
    return true;
  }
  await within(handset, step.withinMs, () => false);
  return handset.end !== undefined;
}

function pause(handset: Handset, lengthMs: number): Promise<boolean> {
  const untilMs = handset.elapsedMs() + lengthMs;
  return handset.until(() => handset.elapsedMs() >= untilMs);
}

async function within(handset: Handset, limitMs: number, condition: () => boolean): Promise<boolean> {
  const untilMs = handset.elapsedMs() + limitMs;
  let met = false;
  await handset.until(() => {
    met = condition();
    return met || handset.elapsedMs() >= untilMs;
  });
  return met;
}
