/** <Gather>: keys that are pressed while something is said, and for a while after it. https://www.twilio.com/docs/voice/twiml/gather */
import { playSound, saySentence } from './announce.ts';
import { type Journey, left, pause, type Step } from './journey.ts';
import type { Verb } from './twiml.ts';

/** Without a key it goes on with the next verb. */
export async function gather(
  verb: Extract<Verb, { verb: 'gather' }>,
  base: string,
  absolute: (address: string) => string,
  journey: Journey,
): Promise<Step> {
  const { handset } = journey;
  let keys = '';
  const detach = handset.attach({
    frame: () => undefined,
    digit(digit) {
      keys += digit;
      // Nobody listens any more.
      handset.playback.clear();
    },
    ended: () => undefined,
  });
  const isPressed = (): boolean => keys.length >= verb.digits;
  for (const each of verb.verbs) {
    if (left(journey) || keys !== '') break;
    if (each.verb === 'say') await saySentence(each.text, journey);
    else if (each.verb === 'play') await playSound(absolute(each.url), journey);
    else if (each.verb === 'pause') await pause(journey, each.lengthMs, isPressed);
  }
  if (!left(journey) && !isPressed()) await pause(journey, verb.timeoutMs, isPressed);
  detach();
  if (left(journey) || keys === '') return 'next';
  const action = verb.action === undefined ? base : absolute(verb.action);
  return { ask: action, extra: { Digits: keys.slice(0, verb.digits), msg: 'Gather End' } };
}
