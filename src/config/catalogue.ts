/** What config/models.yaml holds: the Live models, text models for what comes after a call, the voices and the languages that agents may name. */
import { z } from 'zod';
import { currency, prices } from './prices-file.ts';

/** Which service offers a model: the Gemini Developer API or Vertex AI. */
export type LiveApi = z.output<typeof liveApi>;
const liveApi = z.enum(['developer', 'vertex']);

const features = z
  .strictObject({
    googleSearch: z.boolean().default(false),
    functionCalling: z.boolean().default(false),
    codeExecution: z.boolean().default(false),
    affectiveDialog: z
      .boolean()
      .default(false)
      .describe('Whether it takes the setting; models that adapt by themselves do not.'),
    proactiveAudio: z
      .boolean()
      .default(false)
      .describe('Whether it takes the setting; models that always decide by themselves do not.'),
    thinking: z.enum(['none', 'level', 'budget']).default('none').describe('How thinking is set, if at all.'),
    realtimeText: z
      .boolean()
      .default(false)
      .describe('Whether text sent as realtimeInput is answered; otherwise text goes as a clientContent turn.'),
  })
  .describe('What an agent may ask of the model. What is left out, the model lacks.');

const model = z.strictObject({
  state: z
    .enum(['current', 'deprecated', 'shutDown'])
    .describe('Agents with a deprecated model start with a warning, with one that is shut down not at all.'),
  purpose: z
    .enum(['dialogue', 'text', 'transcription', 'translation', 'robotics'])
    .default('dialogue')
    .describe('Agents speak by a model for dialogue; one for text looks at their calls afterwards.'),
  shutDownOn: z.iso.date().optional().describe('The day on which it was or will be shut down.'),
  successor: z.string().min(1).optional().describe('The model to use instead.'),
  apis: z.array(liveApi).min(1).describe('Where the model is offered.'),
  contextTokens: z.int().min(1).describe('The context window, in tokens.'),
  thinkingLevels: z
    .array(z.enum(['minimal', 'low', 'medium', 'high']))
    .default([])
    .describe('The levels it takes, where thinking is set by level.'),
  functionBehaviors: z
    .array(z.enum(['BLOCKING', 'NON_BLOCKING']))
    .default(['BLOCKING', 'NON_BLOCKING'])
    .describe('The behaviours that a function may declare; empty where declaring one is refused.'),
  prices: prices.optional(),
  features,
});

const languageTag = z.string().regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a BCP 47 tag, such as "en-US"');

export const catalogueFile = z.strictObject({
  asOf: z.iso
    .date()
    .optional()
    .describe('The day of these facts: what was to be shut down by then is spoken of in the past.'),
  currency,
  models: z
    .record(z.string().min(1), model)
    .describe('Live models, and text models, by name, without "models/" in front.'),
  voices: z.record(z.string().min(1), z.string().min(1)).describe('Prebuilt voices and their character.'),
  languages: z.strictObject({
    developer: z.array(languageTag).min(1),
    vertex: z.array(languageTag).min(1),
  }),
});

/** A Live model as config/models.yaml describes it. */
export type LiveModel = Readonly<z.output<typeof model>> & { readonly name: string };

export interface Catalogue {
  /** The day of the facts, YYYY-MM-DD. */
  readonly asOf?: string | undefined;
  /** Of the models' prices, ISO 4217. */
  readonly currency: string;
  readonly models: readonly LiveModel[];
  /** Character by name. */
  readonly voices: Readonly<Record<string, string>>;
  readonly languages: Readonly<Record<LiveApi, readonly string[]>>;
}

export function catalogueFrom(file: z.output<typeof catalogueFile>): Catalogue {
  const models = Object.entries(file.models).map(([name, facts]) => ({ name, ...facts }));
  return { asOf: file.asOf, currency: file.currency, models, voices: file.voices, languages: file.languages };
}
