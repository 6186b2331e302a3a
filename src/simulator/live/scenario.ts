/** What the simulated model does, written down: which turn it takes on what, what it hears, says and calls, and what breaks. */
import { z } from 'zod';
import { scenarioFault, turnFault } from './faults.ts';

/** 40 ms is the shortest chunk that was seen; a minute in one message would pass no limit of any client. */
const chunkMs = z.number().min(20).max(2_000);

const sound = z.union(
  [
    z.strictObject({ wav: z.string().min(1) }),
    z.strictObject({ toneHz: z.number().min(20).max(11_000), lengthMs: z.number().min(20).max(300_000) }),
  ],
  { error: 'a sound is { wav: <file> } or { toneHz: <number>, lengthMs: <number> }' },
);
export type ScenarioSound = z.infer<typeof sound>;

const delivery = z.union([z.literal('burst'), z.strictObject({ speed: z.number().min(0.1).max(100) })], {
  error: "delivery is 'burst' or { speed: <times real time> }",
});
export type Delivery = z.infer<typeof delivery>;

const call = z.strictObject({
  name: z.string().min(1),
  args: z.record(z.string(), z.unknown()).default({}),
  /** Default: as setup declared the function, else as the model does it by itself. */
  behavior: z.enum(['BLOCKING', 'NON_BLOCKING']).optional(),
});
export type ScenarioCall = z.infer<typeof call>;

export const TRIGGERS = ['greeting', 'text', 'speech', 'digits', 'toolResult'] as const;
export type Trigger = (typeof TRIGGERS)[number];

const turn = z.strictObject({
  /**
   * What the turn answers: the session's first text, a later one, the end of the caller's speech, a text that tells of
   * pressed digits, a tool's answer. Each takes the first turn of its kind that was not yet taken.
   */
  on: z.enum(TRIGGERS),
  /** The transcript of what the caller said; for `speech`. */
  hears: z.string().optional(),
  /** What is spoken, and its transcript. */
  says: z.string().optional(),
  /** What is heard of it. Default: a buzz with the rhythm of the text. */
  sound: sound.optional(),
  /** How fast it is sent. Default: 4.5 times as fast as it is spoken. */
  delivery: delivery.optional(),
  /** Default: lengths that vary as the service's do. */
  chunkMs: chunkMs.optional(),
  /** From what it answers to its first message. Default: as measured. */
  delayMs: z.number().min(0).max(120_000).optional(),
  /** Functions called after what is said. */
  calls: z.array(call).min(1).optional(),
  /** What was looked up for it with Google Search; told when it is generated. */
  grounding: z
    .strictObject({
      queries: z.array(z.string()).default([]),
      sources: z.array(z.strictObject({ title: z.string(), uri: z.string() })).default([]),
    })
    .optional(),
  fault: turnFault.optional(),
});
export type ScenarioTurn = z.infer<typeof turn>;

const fallbackTurn = turn.omit({ on: true, hears: true });
export type FallbackTurn = z.infer<typeof fallbackTurn>;

export const scenarioSchema = z.strictObject({
  /** BCP 47; what the model speaks, for readers and logs. */
  language: z.string().optional(),
  turns: z.array(turn).default([]),
  /** What it says when there is no turn left for what it heard. */
  fallbackTurn: fallbackTurn.default({ says: 'I am sorry, could you say that once more, please?' }),
  faults: z.array(scenarioFault).default([]),
  /**
   * What a text model answers, in JSON, that is asked about the call: each question gets the first that its schema allows, and
   * something made up where none does.
   */
  texts: z.array(z.record(z.string(), z.unknown())).default([]),
  /** A session cannot be resumed while its old socket is open, nor within a second of an abnormal drop. */
  refusesEarlyResume: z.boolean().default(true),
  /** Tells of calls that an interruption cancelled, as documented; 3.8 was never seen to do it. */
  announcesCancelledCalls: z.boolean().default(false),
});
export type Scenario = z.infer<typeof scenarioSchema>;
/** A scenario as it is written, with defaults left out. */
export type ScenarioInput = z.input<typeof scenarioSchema>;

/** For who has none of their own: an agent that greets, listens, and always answers the same. */
export const DEFAULT_SCENARIO: ScenarioInput = {
  language: 'en-US',
  turns: [{ on: 'greeting', says: 'Hello, this is the simulated agent. What can I do for you?' }],
  fallbackTurn: { says: 'I have heard you. I am only simulated, so I say this whatever you ask.' },
};

/** Parses a scenario; throws an Error that names every problem with its place. */
export function parseScenario(value: unknown): Scenario {
  const parsed = scenarioSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Error(`this is no scenario\n${z.prettifyError(parsed.error)}`);
}
