/** What a journal is made of: one entry for each thing that happened in a call, in the order in which it did. */
import * as z from 'zod';
import { isShallow } from '../lib/index.ts';
import { lineSchema } from './line.ts';
import { outcomeSchema } from './outcome.ts';
import { transferSchema } from './transfer.ts';

const count = z.int().nonnegative();
const tokensByModality = z.record(z.string(), count);

export const outboundFactsSchema = z.object({
  /** For templates, by name. */
  variables: z.record(z.string(), z.string()),
  /** These in place of the agent's own. */
  greeting: z.string().optional(),
  voice: z.string().optional(),
  language: z.string().optional(),
});
export type OutboundFacts = Readonly<z.infer<typeof outboundFactsSchema>>;

/** What whoever was asked about the call, while it rang, made of it. */
export const callStartSchema = z.object({
  /** The agent whose file has them asked; the call's own may be another that they chose. */
  askedBy: z.string(),
  /** For templates, by name; they go before those that an outbound call was given. */
  variables: z.record(z.string(), z.string()),
  voice: z.string().optional(),
  language: z.string().optional(),
});
export type CallStart = Readonly<z.infer<typeof callStartSchema>>;

/** Which model speaks, and with which voice. */
export const spokenBySchema = z.object({ model: z.string(), voice: z.string() });
export type SpokenBy = Readonly<z.infer<typeof spokenBySchema>>;

export const callFactsSchema = z.object({
  callId: z.string(),
  provider: z.string(),
  agent: z.string(),
  /** With which it was to begin. */
  ...spokenBySchema.shape,
  direction: z.enum(['inbound', 'outbound']),
  from: z.string(),
  to: z.string(),
  sipHeaders: z.record(z.string(), z.string()),
  outbound: outboundFactsSchema.optional(),
  /** Absent where nobody was asked, or gave an answer that is good for anything. */
  callStart: callStartSchema.optional(),
});
export type CallFacts = Readonly<z.infer<typeof callFactsSchema>>;

/** Tokens of one report by the service. Each turn bills its whole context again, so that reports add up. */
export const usageSchema = z.object({
  promptTokens: count,
  responseTokens: count,
  thoughtsTokens: count,
  toolUseTokens: count,
  cachedTokens: count,
  totalTokens: count,
  promptByModality: tokensByModality,
  responseByModality: tokensByModality,
});
export type Usage = Readonly<z.infer<typeof usageSchema>>;

const sideSoundSchema = z.object({
  /** Levels in dBov (ITU-T G.100.1): 0 is the loudest square wave, speech on the phone lies about -26. */
  peakDbov: z.number(),
  activeDbov: z.number(),
  idleDbov: z.number(),
  clippedSamples: count,
  measuredMs: z.number().nonnegative(),
  /** Times that sound was missing: in the caller's stream, or in the agent's playout within a turn. */
  gaps: count,
  gapMs: z.number().nonnegative(),
  /** Sound that had to wait for a session, and sound that was given up. */
  heldMs: z.number().nonnegative(),
  droppedMs: z.number().nonnegative(),
});

export const soundSchema = z.object({ caller: sideSoundSchema, agent: sideSoundSchema });
export type Sound = Readonly<z.infer<typeof soundSchema>>;

/** What an answer of the agent rests on. */
export const groundingSchema = z.object({
  queries: z.array(z.string()),
  sources: z.array(z.object({ title: z.string(), uri: z.string() })),
});
export type Grounding = z.infer<typeof groundingSchema>;

/** What the caller wants somebody to be told. */
export const messageSchema = z.object({
  text: z.string(),
  /** Who it is from, and where they can be reached, as they said it. */
  name: z.string().optional(),
  number: z.string().optional(),
});
export type Message = Readonly<z.infer<typeof messageSchema>>;

const values = z.record(z.string(), z.unknown()).refine((value) => isShallow(value), 'is nested too deep');

/** When it was written, in ms since the Unix epoch: the time of what happened, unless the entry has a time of its own. */
const at = z.int().nonnegative().max(Date.parse('9999-12-31T23:59:59.999Z'));

export const entrySchema = z.discriminatedUnion('type', [
  /** First in each journal. Another one follows when another process takes the call up. */
  z.object({ type: z.literal('began'), at, version: z.literal(1), call: callFactsSchema }),
  /** The moment from which a line's times count. */
  z.object({ type: z.literal('answered'), at }),
  /** Of the agent's lines, also which of its turns it is. */
  z.object({ type: z.literal('line'), at, line: lineSchema, turn: z.int().optional() }),
  /** What was heard of a turn when its stream broke. It counts, the last of them, unless the turn's line follows. */
  z.object({ type: z.literal('heard'), at, line: lineSchema, turn: z.int() }),
  /** A turn of the agent that sounded, and of which no text ever came. */
  z.object({ type: z.literal('untranscribed'), at, turn: z.int() }),
  /**
   * A turn of the agent begins to sound: without a line after it, it was under way when its process ended. `own`: words of the
   * service's own, in the agent's place.
   */
  z.object({ type: z.literal('speaking'), at, turn: z.int(), own: z.literal(true).optional() }),
  z.object({ type: z.literal('latency'), at, turn: z.int(), responseMs: z.number().nonnegative() }),
  z.object({ type: z.literal('toolCalled'), at, id: z.string(), name: z.string(), args: values }),
  /** Its session does not wait for the answer any more, for it has cancelled the call or is gone: told as text instead, or to nobody. */
  z.object({
    type: z.literal('toolUnawaited'),
    at,
    id: z.string(),
    name: z.string(),
    told: z.enum(['text', 'nobody']),
  }),
  z.object({ type: z.literal('toolAnswered'), at, id: z.string(), name: z.string(), answer: values }),
  z.object({ type: z.literal('usage'), at, usage: usageSchema }),
  z.object({ type: z.literal('message'), at, message: messageSchema }),
  z.object({ type: z.literal('grounded'), at, grounding: groundingSchema }),
  /** The newest key to the Live session, and the way to it, by which another process can carry it on. Not in the record. */
  z.object({ type: z.literal('handle'), at, handle: z.string(), route: z.string().optional() }),
  /** The session is another model's, or has another voice, than that before it. */
  z.object({ type: z.literal('alternative'), at, ...spokenBySchema.shape }),
  /** The agent was asked for its greeting, which nobody is to hear twice. */
  z.object({ type: z.literal('greeted'), at }),
  /** The agent has noticed that a machine has answered, and is to leave the message, or the call to end. Not in the record. */
  z.object({ type: z.literal('atMachine'), at, message: z.string().optional() }),
  /** Something broke and was mended. */
  z.object({ type: z.literal('event'), at, code: z.string(), detail: z.string() }),
  z.object({ type: z.literal('sound'), at, sound: soundSchema }),
  /** The caller is put through to somebody else. While it is the last entry, that is how the call ends. */
  z.object({ type: z.literal('transferred'), at, transfer: transferSchema }),
  z.object({ type: z.literal('ended'), at, outcome: outcomeSchema }),
]);

export type Entry = Readonly<z.infer<typeof entrySchema>>;
