/** What Redis answers, in our words. Entries that a newer version wrote, and this one does not know, are left out. */
import * as z from 'zod';
import { type CallFacts, callFactsSchema, type Entry, entrySchema } from '../transcript/index.ts';

const count = z.coerce.number();

export const takenSchema = z.tuple([z.literal('taken'), count, count, z.array(z.string())]);
export const inheritedSchema = z.tuple([
  z.literal('taken'),
  count,
  count,
  z.array(z.string()),
  z.enum(['running', 'ended']),
  z.string(),
  z.string(),
]);
export const writtenSchema = z.union([
  z.tuple([z.literal('taken')]),
  z.tuple([z.literal('taken'), count]),
  z.tuple([z.enum(['unknown', 'fenced'])]),
]);
export const lookedSchema = z.tuple([
  z.enum(['running', 'ended']),
  z.enum(['here', 'elsewhere', 'dead', 'none']),
  z.string(),
  z.string(),
  count,
  z.string(),
  z.string(),
]);
export const renewedSchema = z.tuple([count, count, z.array(z.string())]);
export const factsListSchema = z.array(z.string());
export const sweptSchema = z.tuple([
  z.array(z.tuple([z.string(), z.enum(['running', 'ended']), z.string(), count])),
  z.array(z.string()),
]);

export function entriesOf(stored: readonly string[]): Entry[] {
  return stored.flatMap((json) => entrySchema.safeParse(parsed(json)).data ?? []);
}

/** undefined: of no form that this version knows. */
export function factsFrom(stored: string): CallFacts | undefined {
  return callFactsSchema.safeParse(parsed(stored)).data;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
