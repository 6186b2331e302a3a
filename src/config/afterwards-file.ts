/** What an operator may write under `afterwards` in an agent's file: what is done with its calls when they are over. */
import { z } from 'zod';
import { secretEnv, webhookUrl } from './webhook-file.ts';

const text = z.string().trim().min(1);

const REDACTABLE = ['cards', 'ibans', 'emails', 'caller', 'phones'] as const;

const redact = z
  .strictObject({
    what: z
      .array(z.enum(REDACTABLE))
      .default([...REDACTABLE])
      .describe('The kinds of personal data. Default: all of them.'),
    names: z
      .array(text.max(100))
      // Each call's text is searched for all of them.
      .max(500)
      .default([])
      .describe('Names of people, or any other words, to black out as well.'),
    find: z
      .array(z.enum(['names', 'postalAddresses']))
      .default([])
      .describe(
        'What the text model is asked to find, to black it out as well. Nothing leaves before it has answered.',
      ),
    files: z
      .boolean()
      .default(false)
      .describe('Whether it is blacked out in the files of DATA_DIR, too, and not only in what leaves this service.'),
  })
  .describe(
    'Personal data is blacked out before a record leaves: by rules, and where "find" asks for it, by a text model. Without it, nothing is.',
  );

/** Instructions longer than this are no addition to ours, but another task. */
const instruction = text.max(4_000);

const summary = z
  .union(
    [
      z.boolean(),
      z.strictObject({ instruction: instruction.describe('What it should dwell on, how long, in which language.') }),
    ],
    {
      error: 'must be true, false, or a map with an instruction',
    },
  )
  .default(false)
  .describe('What the call was about, in a few sentences.');

const extract = z
  .strictObject({
    schema: z
      .record(z.string(), z.unknown())
      .describe('JSON Schema of what is to be found, of type "object". Descriptions of its fields guide the model.'),
    instruction: instruction.optional().describe('What else there is to know about it.'),
  })
  .describe('Facts of the call, in a form of your own.');

const verdict = z
  .strictObject({
    goals: z
      .array(text.max(500))
      .min(1)
      // Each is judged with a reason of its own, and all reasons must fit into one answer.
      .max(20)
      .describe('What the agent should reach in a call, such as: The caller knows when the table is booked for.'),
  })
  .describe('Whether the call reached its goals.');

const FORMATS = ['json', 'text', 'vtt'] as const;

const EVENTS = ['call.started', 'call.ended', 'call.analyzed'] as const;

export const afterwards = z.strictObject({
  formats: z
    .array(z.enum(FORMATS))
    .default([...FORMATS])
    .describe('The files written of each call.'),
  redact: redact.optional(),
  model: text
    .optional()
    .describe(
      'The text model of config/models.yaml for summary, extract, verdict and redact.find. Default: the first one there.',
    ),
  summary,
  extract: extract.optional(),
  verdict: verdict.optional(),
  webhook: z
    .strictObject({
      url: webhookUrl,
      secretEnv,
      events: z
        .array(z.enum(EVENTS))
        .min(1)
        .default(['call.ended', 'call.analyzed'])
        .describe('What is told. Default: what is known when a call is over, and nothing when it is answered.'),
    })
    .optional()
    .describe('Where the record of each call is delivered, signed.'),
});
