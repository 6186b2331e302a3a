/** What must come out of a fixture call, and how a text is compared with what a fixture says of it. */
import { z } from 'zod';

const milliseconds = z.number().min(0);

const expectedLine = z
  .strictObject({
    speaker: z.enum(['caller', 'agent']),
    /** Exactly what was said. */
    text: z.string().optional(),
    /** What was heard of it: a part of the text, or a regular expression between slashes. */
    heard: z.string().min(1).refine(isPattern, { error: 'not a regular expression' }).optional(),
    /** Whether it was cut short; false unless said. */
    cut: z.boolean().default(false),
  })
  .refine((line) => line.text !== undefined || line.heard !== undefined, {
    error: 'a line has a text, a heard, or both',
  });

const expectedToolCall = z.strictObject({
  name: z.string().min(1),
  /** Of the answer that the model got. */
  status: z.string().min(1),
  /** Whether it was told that this had been done before; false unless said. */
  repeated: z.boolean().default(false),
  /** What is in the answer's data, besides what else there may be. */
  data: z.record(z.string(), z.unknown()).optional(),
  /** From the call to its answer. */
  tookMs: z.strictObject({ atLeast: milliseconds.default(0), atMost: milliseconds }).optional(),
});

export const expectation = z.strictObject({
  outcome: z.enum(['completed', 'callerGone', 'transferred', 'failed']),
  /** All lines of the transcript, in order. */
  lines: z.array(expectedLine),
  /** All tools that the model called, in order. */
  toolCalls: z.array(expectedToolCall).default([]),
  /** Whom the provider was asked to dial, or the caller's telephone system by REFER, in order. */
  dialled: z.array(z.string()).default([]),
  /** What others were told who were called, in order, such as the summary of a warm transfer. */
  told: z.array(z.string()).default([]),
  /** What was found out about the call afterwards: what there is to be in the record's `analysis`. */
  analysis: z
    .strictObject({
      summary: z.string().optional(),
      extract: z.record(z.string(), z.unknown()).optional(),
      success: z.boolean().optional(),
    })
    .optional(),
  /** The codes of the record's events, in order: what went otherwise than straight on. */
  events: z.array(z.string()).default([]),
  /** The keys that the service was told of, in order. */
  digits: z.string().optional(),
  marks: z
    .strictObject({
      /** Whether the service emptied the phone's buffer while something was in it. */
      cleared: z.boolean().default(false),
    })
    .optional(),
  /** What the caller heard. */
  sound: z
    .strictObject({
      /** Frequencies that can be told apart from the rest, in Hz. */
      tonesHz: z.array(z.number().positive()).default([]),
      /** How long the agent was heard in all, its pauses between words included. */
      agentMs: z.strictObject({ atLeast: milliseconds.default(0), atMost: milliseconds }).optional(),
    })
    .optional(),
});

export type Expectation = z.infer<typeof expectation>;
export type ExpectedLine = z.infer<typeof expectedLine>;

/** Whether `text` is as a line's `heard` wants it. */
export function matchesHeard(heard: string, text: string): boolean {
  const source = patternIn(heard);
  return source === undefined ? text.includes(heard) : new RegExp(source, 'u').test(text);
}

function patternIn(heard: string): string | undefined {
  return /^\/(.+)\/$/s.exec(heard)?.[1];
}

function isPattern(heard: string): boolean {
  try {
    matchesHeard(heard, '');
    return true;
  } catch {
    return false;
  }
}
