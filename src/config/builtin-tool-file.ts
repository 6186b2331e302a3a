/** What an operator may write of the tools that come with the service: what the agent can do with the call itself. */
import { z } from 'zod';
import { text, toolName } from './tool-words.ts';

const END_CALL =
  'Ends the phone call. Use it when the caller has said goodbye, or has everything they called for and wants nothing more. ' +
  'Say goodbye first; what you are saying is heard to its end.';

export const endCall = z.strictObject({
  kind: z.literal('endCall'),
  name: toolName.default('end_call'),
  description: text.default(END_CALL).describe('When the model should end the call.'),
});

export type EndCallFile = z.output<typeof endCall>;
