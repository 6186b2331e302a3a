/** The finished, versioned document about one call: what post-processing, and whoever the webhook belongs to, gets. */
import * as z from 'zod';
import { isShallow } from '../lib/index.ts';
import { analysisSchema } from './analysis.ts';
import { costSchema } from './cost.ts';
import { callFactsSchema, groundingSchema, messageSchema, soundSchema, spokenBySchema, usageSchema } from './entry.ts';
import { lineSchema } from './line.ts';
import { outcomeSchema } from './outcome.ts';

const moment = z.iso.datetime();
const values = z.record(z.string(), z.unknown()).refine((value) => isShallow(value), 'is nested too deep');
/** Since the call was answered; negative for what came before. */
const atMs = z.int();

export const callRecordSchema = z.object({
  version: z.literal(1),
  ...callFactsSchema.shape,
  /** What spoke in place of `model` and `voice`, each from when on; absent where nothing else did. */
  alternatives: z.array(spokenBySchema.extend({ atMs })).optional(),
  startedAt: moment,
  /** null: nobody answered, or the stream never came. */
  answeredAt: moment.nullable(),
  endedAt: moment,
  /** From the answer to the end; 0 when it was never answered. */
  durationMs: z.int().nonnegative(),
  outcome: outcomeSchema,
  /** In the order in which they began. */
  lines: z.array(lineSchema),
  /** All keys pressed, in order; each secret one is a `•`. */
  digits: z.string(),
  toolCalls: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      args: values,
      calledAtMs: atMs,
      /** null: the process died before there was one. */
      answer: values.nullable(),
      answeredAtMs: atMs.nullable(),
    }),
  ),
  /** What the agent was asked to pass on; absent where nothing was. */
  messages: z.array(messageSchema.extend({ atMs })).optional(),
  /** What was looked up for the agent's answers, and where it was found; absent where nothing was. */
  grounding: z.array(groundingSchema.extend({ atMs })).optional(),
  /** Totals of the call. */
  usage: usageSchema,
  /** Absent until post-processing reckons it, and where no price is known. */
  cost: costSchema.optional(),
  /** From the caller's last voice to the agent's first sound. Percentiles are null when nothing was measured. */
  responses: z.object({
    turns: z.array(z.object({ turn: z.int(), atMs, responseMs: z.number().nonnegative() })),
    p50Ms: z.number().nullable(),
    p95Ms: z.number().nullable(),
  }),
  sound: soundSchema.nullable(),
  /** What broke and was mended. */
  events: z.array(z.object({ atMs, code: z.string(), detail: z.string() })),
  /** Absent until post-processing has done it, and where the agent wants none. */
  analysis: analysisSchema.optional(),
  /** Kinds of personal data that were blacked out; absent where nobody looked for any. */
  redacted: z.array(z.string()).optional(),
  /** What this record is known to lack; all zero is a whole one. */
  missing: z.object({
    /** Turns of the agent that sounded and came without text. */
    untranscribedTurns: z.int().nonnegative(),
    /** Lines of the journal that could not be read. */
    damagedLines: z.int().nonnegative(),
    /** Entries that the disk did not take and memory could not hold. */
    lostEntries: z.int().nonnegative(),
  }),
});

export type CallRecord = Readonly<z.infer<typeof callRecordSchema>>;
