/**
 * How long the Live service takes, as measured on gemini-3.8-live in September and October 2026. Where a trace names
 * the number, it is the complete one of 2 October (frontier-on-cloud/gemini-live-resume-test, results/R0.jsonl).
 */

/** From `setup` to `setupComplete`; R0. */
export const SETUP_MS = 261;
/** The same when resuming; R0. */
export const RESUME_MS = 530;
/** From `setupComplete` to the first resumption handle; R0. */
export const HANDLE_DELAY_MS = 118;
/** The same when resuming; R0. */
export const RESUMED_HANDLE_DELAY_MS = 1;
/** From `setup` to the refusal of a resumption; R0, within the 470–700 ms seen in twelve attempts. */
export const RESUME_REFUSAL_MS = 585;
/** From `setup` to any other refusal: none was timed, and the service judges before it would have answered. */
export const REFUSAL_MS = 100;

/** How long a session stays locked after its socket broke without a close; resuming works after 1 to 1.5 s. */
export const LOCKED_AFTER_DROP_MS = 1_000;
/** How long a handle can be used: the Developer API's two hours, Vertex AI's day. */
export const HANDLE_LIFE_MS = { developer: 2 * 3_600_000, vertex: 24 * 3_600_000 } as const;

/** A socket lives about ten minutes, and is told so 50 s before. */
export const CONNECTION_LIFE_MS = 600_000;
export const GO_AWAY_NOTICE_MS = 50_000;

/** Speech that must have lasted before its start is reported: 139–261 ms seen, less what the gate itself takes. */
export const SPEECH_ONSET_MS = 150;
/** Silence that ends a turn when setup says nothing (ai.google.dev, Live capabilities). */
export const DEFAULT_SILENCE_MS = 800;
/** What the service takes on top of that silence: 1.16 s were seen with the default of 800 ms. */
export const END_OF_SPEECH_EXTRA_MS = 360;

/** From the end of speech as reported to the first sound; R0, the least of 1–620 ms. */
export const ANSWER_TO_SPEECH_MS = 1;
/** From a text to the first sound: not measured; the same work as after a tool's answer. */
export const ANSWER_TO_TEXT_MS = 520;
/** From a tool's answer to the first sound, 520–880 ms. */
export const ANSWER_TO_TOOL_MS = 600;

/** How much faster than it is spoken an answer arrives: typically 4–7 times. */
export const DELIVERY_SPEED = 4.5;
/** The first chunk of an answer is 100–120 ms long. */
export const FIRST_CHUNK_MS = 120;
/** Lengths of the following chunks, one after another: 40–680 ms were seen, in multiples of 20 ms. */
export const CHUNKS_MS: readonly number[] = [240, 400, 160, 680, 40, 320];
/** From the last chunk to `generationComplete`; R0. */
export const GENERATION_COMPLETE_MS = 29;
/** From `interrupted` to the `turnComplete` that follows, 1–5 ms. */
export const INTERRUPTED_TO_COMPLETE_MS = 2;

/** Tokens of a second of sound, in either direction. */
export const TOKENS_PER_SECOND = 25;
/** The usual estimate for text; the service's tokeniser is not public. */
export const CHARACTERS_PER_TOKEN = 4;
