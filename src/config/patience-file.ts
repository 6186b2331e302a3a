/** What an operator may write under `patience`: how long the agent may say nothing, and what its caller hears meanwhile. */
import { z } from 'zod';
import { soundName } from './said-words.ts';

/** Less than a second would not be enough for an answer that comes. */
const rungMs = z.int().min(1_000).max(60_000).default(4_000);

/** The agent's answer waits behind it. */
export const MAX_ONE_MOMENT_SECONDS = 5;

const oneMoment = z
  .union(
    [
      z.literal(false),
      z.strictObject({
        afterMs: z
          .int()
          .min(1_000)
          .max(60_000)
          .default(4_000)
          .describe('Silence of both sides before it is heard, in ms.'),
        play: soundName
          .optional()
          .describe(
            `The name of a WAV file in config/sounds, in place of the recording of this service: at 8 kHz in mono, and up to ${MAX_ONE_MOMENT_SECONDS} s long. There is no say: Twilio's voice cannot be heard while the stream is open.`,
          ),
      }),
    ],
    { error: 'must be false, or a map of afterMs and play' },
  )
  .describe(
    'Named by what is heard: "One moment, please.", said once for the agent while its session is not there yet, or being brought back, and the caller waits for the greeting, an answer or the rest of a sentence. false: the caller waits in silence.',
  );

/** A telephone's silence is long after two seconds, and thought to be the end after ten. */
export const patience = z
  .union(
    [
      z.literal(false),
      z.strictObject({
        answerMs: z
          .int()
          // Most answers begin within 0.6 s; a thinking model, or one with slow tools, needs more.
          .min(1_000)
          .max(60_000)
          .default(4_000)
          .describe("From the end of the caller's turn to the first sound, in ms. Then the agent is nudged."),
        stallMs: z
          .int()
          .min(1_000)
          .max(60_000)
          .default(3_000)
          .describe('How long a sentence may stand still, in ms. Then the agent is nudged.'),
        nudgeMs: rungMs.describe('What a nudge has to help, in ms. Then the session is resumed.'),
        resumeMs: rungMs.describe('What resuming has to help, in ms. Then a new session begins, told what was said.'),
        afreshMs: rungMs.describe('What the new session has to help, in ms. Then the caller hears the apology.'),
        oneMoment: oneMoment.prefault({}),
      }),
    ],
    { error: 'must be false, or a map of answerMs, stallMs, nudgeMs, resumeMs, afreshMs and oneMoment' },
  )
  .describe(
    'How long the agent may say nothing when it is its turn, what each remedy has to help, and what the caller hears meanwhile. false: for ever, and nothing.',
  );
