/** What goes in and out of the routes for calls. `/openapi.json` is made of these. */
import { z } from 'zod';
import { languageTag, outboundEndSchema, outboundStateSchema, voiceName } from '../call/index.ts';

/** E.164: a plus and at most 15 digits, the first of which is no zero. */
const phoneNumber = z.string().regex(/^\+[1-9]\d{1,14}$/, 'must be a phone number such as +15551230100');

/** With its name, each fits into a `<Parameter>` of TwiML; all of them stay well below the 64 kB of a document. */
const MAX_VARIABLES = 20;
const MAX_VALUE_CHARACTERS = 400;
/** As long as a `<Parameter>` may be. */
const MAX_GREETING_CHARACTERS = 450;

const variables = z
  .record(
    z.string().regex(/^[A-Za-z]\w{0,39}$/, 'a name has up to 40 letters, digits and _, a letter first'),
    z.string().max(MAX_VALUE_CHARACTERS),
  )
  .refine((values) => Object.keys(values).length <= MAX_VARIABLES, `has more than ${MAX_VARIABLES}`)
  .meta({ description: "Text for {{vars.<name>}} in the agent's file.", maxProperties: MAX_VARIABLES });

export const placeCall = z.strictObject({
  agent: z
    .string()
    .regex(/^[a-z0-9-]{1,100}$/, 'must be the name of an agent')
    .optional()
    .describe('Who speaks, by the name of the file. Default: the default agent, or the only one.'),
  to: phoneNumber.describe('Whom to call, in E.164. It must begin as OUTBOUND_ALLOWED says.'),
  from: phoneNumber
    .optional()
    .describe('The number that calls: one of yours. Default: TWILIO_FROM, or the first that the agent answers.'),
  variables: variables.default({}),
  greeting: z
    .string()
    .trim()
    .min(1)
    .max(MAX_GREETING_CHARACTERS)
    .optional()
    .describe("What to say first, in place of the agent's own greeting."),
  voice: voiceName.optional().describe("A voice of config/models.yaml, in place of the agent's own."),
  language: languageTag.optional().describe("A language of config/models.yaml, in place of the agent's own."),
});

export const callView = z.object({
  id: z.string().describe("The call's id, which is the provider's."),
  state: outboundStateSchema,
  end: outboundEndSchema
    .optional()
    .describe(
      'How an outbound call ended, as the provider has it. "completed" does not say that a person answered; of the others nobody did.',
    ),
  direction: z.enum(['inbound', 'outbound']),
  agent: z.string(),
  from: z.string(),
  to: z.string(),
  record: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('The record of a call that is over, once it is written; also of one that nobody answered.'),
});

export type CallView = z.output<typeof callView>;

export const callList = z.object({ calls: z.array(callView) });

export const apiError = z.object({
  error: z.string().describe('A code of docs/errors.md.'),
  message: z.string().describe('For people.'),
});
