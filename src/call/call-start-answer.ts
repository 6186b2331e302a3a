/** What whoever is asked about a ringing call may answer. It comes from outside: bounded, and taken whole or not at all. */
import { z } from 'zod';
import { describeIssues } from '../lib/index.ts';
import { languageTag, voiceName } from './choices.ts';

/** Twenty variables of 400 characters, some of them written as six, and the rest. */
export const MAX_ANSWER_BYTES = 64 * 1024;
/** As those of outbound calls: with its name, each fits into a `<Parameter>` of TwiML. */
const MAX_VARIABLES = 20;
const MAX_VALUE_CHARACTERS = 400;
/** For the log: who sends more keys than these has sent another document. */
const MAX_TOLD_KEYS = 10;
const MAX_KEY_CHARACTERS = 40;

const value = z
  .union([z.string(), z.number(), z.boolean()], { error: 'must be text, a number, true or false' })
  .transform(String)
  .pipe(z.string().max(MAX_VALUE_CHARACTERS, `has more than ${MAX_VALUE_CHARACTERS} characters`));

/** Names are such as may stand in a log, and in what the operator is told. */
const answerSchema = z.object({
  variables: z
    .record(z.string().regex(/^[A-Za-z]\w{0,39}$/, 'is no name of a variable'), value)
    .refine((values) => Object.keys(values).length <= MAX_VARIABLES, `has more than ${MAX_VARIABLES}`)
    .default({}),
  agent: z
    .string()
    .regex(/^[a-z0-9-]{1,100}$/, 'is no name of an agent')
    .optional(),
  voice: voiceName.optional(),
  language: languageTag.optional(),
});

export type CallStartAnswer = Readonly<z.output<typeof answerSchema>>;

/** The message says why, and nothing of what the answer holds. */
export class UselessAnswer extends Error {
  override readonly name = 'UselessAnswer';
}

/** Nothing at all changes nothing. `unknownKeys`: what was passed over. Throws UselessAnswer. */
export function readAnswer(body: string): { readonly answer: CallStartAnswer; readonly unknownKeys: string[] } {
  const given = body.trim() === '' ? {} : parsed(body);
  const result = answerSchema.safeParse(given);
  if (!result.success)
    throw new UselessAnswer(`the answer is not as it should be: ${describeIssues(result.error.issues)}`);
  const unknownKeys = Object.keys(given as object)
    .filter((key) => !Object.hasOwn(answerSchema.shape, key))
    .slice(0, MAX_TOLD_KEYS)
    .map((key) => key.slice(0, MAX_KEY_CHARACTERS));
  return { answer: result.data, unknownKeys };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // The parser's own error would quote the answer.
    throw new UselessAnswer('the answer is no JSON');
  }
}
