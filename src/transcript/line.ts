/** One finished piece of a transcript: who said what, when, and how much of it was heard. */
import * as z from 'zod';

export const speakerSchema = z.enum(['caller', 'agent']);
export type Speaker = z.infer<typeof speakerSchema>;

export const lineSchema = z.object({
  speaker: speakerSchema,
  /** Keys pressed on the phone are lines too, so that the dialogue reads in order. */
  kind: z.enum(['speech', 'digits']),
  text: z.string(),
  /** What was played to the caller: shorter than `text` when the agent was cut, else the same. */
  heardText: z.string(),
  cut: z.boolean(),
  /** Milliseconds since the call was answered. */
  startMs: z.int(),
  endMs: z.int(),
});

export type Line = Readonly<z.infer<typeof lineSchema>>;
