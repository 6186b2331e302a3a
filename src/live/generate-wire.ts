/** What generateContent answers, as far as it is read: https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse. */
import { z } from 'zod';
import { isShallow } from '../lib/index.ts';
import { byModality } from './by-modality.ts';
import type { LiveUsage } from './handlers.ts';

const count = z.int().nonnegative().default(0);
const details = z.array(z.looseObject({ modality: z.string(), tokenCount: count })).default([]);

export const generateAnswer = z.looseObject({
  candidates: z
    .array(
      z.looseObject({
        content: z
          .looseObject({
            parts: z.array(z.looseObject({ text: z.string().optional(), thought: z.boolean().optional() })).default([]),
          })
          .optional(),
        finishReason: z.string().optional(),
      }),
    )
    .default([]),
  promptFeedback: z.looseObject({ blockReason: z.string().optional() }).optional(),
  usageMetadata: z
    .looseObject({
      promptTokenCount: count,
      candidatesTokenCount: count,
      thoughtsTokenCount: count,
      toolUsePromptTokenCount: count,
      cachedContentTokenCount: count,
      totalTokenCount: count,
      promptTokensDetails: details,
      candidatesTokensDetails: details,
    })
    .prefault({}),
});
type GenerateAnswer = z.output<typeof generateAnswer>;

export const googleError = z.looseObject({ error: z.looseObject({ message: z.string().default('') }) });

/** `refused`: it will not, however often it is asked. `useless`: it came out wrong, and may come out right the next time. */
export type Content =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'refused' | 'useless'; readonly why: string };

/** What a model stops for that lies in what it was asked about. */
const REFUSALS = new Set([
  'SAFETY',
  'RECITATION',
  'LANGUAGE',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'SPII',
  'IMAGE_SAFETY',
]);
const MAX_REASON_CHARACTERS = 40;

export function contentOf({ candidates: [candidate], promptFeedback }: GenerateAnswer): Content {
  const blocked = promptFeedback?.blockReason;
  if (blocked !== undefined) return { kind: 'refused', why: `the model refused the request: ${word(blocked)}` };
  if (candidate === undefined) return { kind: 'useless', why: 'the model gave no answer' };
  const { finishReason = 'STOP', content } = candidate;
  if (REFUSALS.has(finishReason)) return { kind: 'refused', why: `the model broke off: ${finishReason}` };
  if (finishReason !== 'STOP') return { kind: 'useless', why: `the model broke off: ${word(finishReason)}` };
  const said = content?.parts.filter(({ thought }) => thought !== true).map(({ text }) => text ?? '') ?? [];
  const value = parsed(said.join(''));
  return value === undefined || !isShallow(value)
    ? { kind: 'useless', why: 'the model did not answer in JSON' }
    : { kind: 'json', value };
}

export function generateUsage({ usageMetadata: usage }: GenerateAnswer): LiveUsage {
  return {
    promptTokens: usage.promptTokenCount,
    responseTokens: usage.candidatesTokenCount,
    thoughtsTokens: usage.thoughtsTokenCount,
    toolUseTokens: usage.toolUsePromptTokenCount,
    cachedTokens: usage.cachedContentTokenCount,
    totalTokens: usage.totalTokenCount,
    promptByModality: byModality(usage.promptTokensDetails),
    responseByModality: byModality(usage.candidatesTokensDetails),
  };
}

/** The service's own word, or what stands in its place. */
function word(reason: string): string {
  return reason.replace(/[^A-Z_]/g, '?').slice(0, MAX_REASON_CHARACTERS);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
