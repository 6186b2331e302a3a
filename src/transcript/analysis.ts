/** What was found out about a call by asking a text model: each part by a question of its own. */
import * as z from 'zod';
import { isShallow } from '../lib/index.ts';
import { usageSchema } from './entry.ts';

const values = z.record(z.string(), z.unknown()).refine((value) => isShallow(value), 'is nested too deep');

const found = <T extends z.ZodType>(result: T) =>
  z.object({
    model: z.string(),
    at: z.iso.datetime(),
    /** null: there is none, and `failure` or `skipped` says why. */
    result: result.nullable(),
    /** By the codes of docs/errors.md, of the version that wrote it. */
    failure: z.object({ code: z.string(), message: z.string() }).nullable(),
    /** Why nothing was asked; absent where something was. */
    skipped: z.enum(['unanswered', 'nothingSaid']).optional(),
    /** Of all answers that were given, also those that were of no use. */
    usage: usageSchema,
  });

export const verdictSchema = z.object({
  /** Some goal was met, and none was missed. */
  success: z.boolean(),
  goals: z.array(z.object({ goal: z.string(), met: z.enum(['yes', 'no', 'notApplicable']), why: z.string() })),
});
export type Verdict = Readonly<z.infer<typeof verdictSchema>>;

export const analysisSchema = z.object({
  summary: found(z.string()).optional(),
  /** In the form of the agent's own schema. */
  extract: found(values).optional(),
  verdict: found(verdictSchema).optional(),
});
export type Analysis = Readonly<z.infer<typeof analysisSchema>>;

export const ANALYSES = ['summary', 'extract', 'verdict'] as const;
export type AnalysisName = (typeof ANALYSES)[number];
