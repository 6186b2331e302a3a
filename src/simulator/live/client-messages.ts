// What a Live client may send (https://ai.google.dev/api/live#send-messages), parsed as strictly as the service does it.
import { z } from 'zod';
import { INVALID_ARGUMENT, type Refusal } from './refusals.ts';
import { content, setupMessage, tool } from './setup-message.ts';
import { refusalOf, wireEnum, wireObject, wireStruct } from './wire-object.ts';

/** Either alphabet, padded or not: all are accepted for bytes. */
const BASE64 = /^[\w+/-]*={0,2}$/u;

const blob = wireObject({ mimeType: z.string(), data: z.string().regex(BASE64) });
const signal = wireObject({});

const realtimeInput = wireObject({
  audio: blob.optional(),
  video: blob.optional(),
  text: z.string().optional(),
  audioStreamEnd: z.boolean().optional(),
  activityStart: signal.optional(),
  activityEnd: signal.optional(),
  /** Exists, and is refused with words of its own. */
  mediaChunks: z.array(z.unknown()).optional(),
});
export type RealtimeInput = z.infer<typeof realtimeInput>;

const clientContent = wireObject({ turns: z.array(content).optional(), turnComplete: z.boolean().optional() });
export type ClientContent = z.infer<typeof clientContent>;

const functionResponse = wireObject({
  id: z.string().optional(),
  name: z.string().optional(),
  response: wireStruct.optional(),
  scheduling: wireEnum('SCHEDULING_UNSPECIFIED', ['SILENT', 'WHEN_IDLE', 'INTERRUPT']),
  willContinue: z.boolean().optional(),
});
export type FunctionResponse = z.infer<typeof functionResponse>;

const contextUpdate = wireObject({
  systemInstruction: content.optional(),
  tools: wireObject({ tools: z.array(tool).optional() }).optional(),
});
export type ContextUpdate = z.infer<typeof contextUpdate>;

const clientMessage = wireObject({
  setup: setupMessage.optional(),
  clientContent: clientContent.optional(),
  realtimeInput: realtimeInput.optional(),
  toolResponse: wireObject({ functionResponses: z.array(functionResponse).optional() }).optional(),
  contextUpdate: contextUpdate.optional(),
});
export type ClientMessage = z.infer<typeof clientMessage>;

export type ParsedClientMessage =
  | { readonly ok: true; readonly message: ClientMessage }
  | { readonly ok: false; readonly refusal: Refusal };

/** One frame of a client: a message of exactly one kind, or the close frame that the service answers with. */
export function parseClientMessage(text: string): ParsedClientMessage {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, refusal: { code: 1007, reason: 'Invalid JSON payload received.' } };
  }
  const parsed = clientMessage.safeParse(json);
  if (!parsed.success) return { ok: false, refusal: refusalOf(parsed.error, json) };
  // The kinds are a oneof: none or several of them is no message.
  if (Object.keys(parsed.data).length !== 1) return { ok: false, refusal: INVALID_ARGUMENT };
  return { ok: true, message: parsed.data };
}
