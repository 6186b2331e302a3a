/** What we say to the Live service after the setup, as the text of its messages. */
import { base64OfPcm, type Pcm } from '../audio/index.ts';
import type { SeedTurn, ToolAnswer } from './handlers.ts';
import type { FunctionDeclaration } from './settings.ts';
import type { ClientMessage } from './wire.ts';

// The streams of realtimeInput have no order among each other, so each message carries one of them.

const AUDIO_HEAD = Buffer.from('{"realtimeInput":{"audio":{"mimeType":"audio/pcm;rate=16000","data":"');
const AUDIO_TAIL = Buffer.from('"}}}');

/** Fifty of these a second and call: the one message that is put together by hand, as the bytes that the socket needs. */
export function audioMessage(samples: Pcm<16000>): Uint8Array {
  const data = base64OfPcm(samples);
  const message = Buffer.allocUnsafe(AUDIO_HEAD.length + data.length + AUDIO_TAIL.length);
  AUDIO_HEAD.copy(message);
  message.write(data, AUDIO_HEAD.length, 'latin1');
  AUDIO_TAIL.copy(message, AUDIO_HEAD.length + data.length);
  return message;
}

/** Text that the model answers at once. Models that do not answer realtime text get a turn of the user instead. */
export function textMessage(text: string, realtimeText: boolean): string {
  return realtimeText
    ? message({ realtimeInput: { text } })
    : message({ clientContent: { turns: [{ role: 'user', parts: [{ text }] }], turnComplete: true } });
}

export function activityMessage(edge: 'started' | 'ended'): string {
  return edge === 'started'
    ? message({ realtimeInput: { activityStart: {} } })
    : message({ realtimeInput: { activityEnd: {} } });
}

/** `declared` says when the model speaks of which answer. */
export function toolMessage(answers: readonly ToolAnswer[], declared: readonly FunctionDeclaration[] = []): string {
  return message({
    toolResponse: {
      functionResponses: answers.map(({ id, name, response }) => {
        const scheduling = declared.find((each) => each.name === name)?.scheduling;
        return { ...(id !== '' && { id }), name, response, ...(scheduling && { scheduling }) };
      }),
    },
  });
}

/** What was said before, for a session that does not know it. `last` ends the initial history where one was announced. */
export function seedMessage(turns: readonly SeedTurn[], last: boolean): string {
  return message({
    clientContent: {
      turns: turns.map(({ speaker, text }) => ({ role: speaker === 'caller' ? 'user' : 'model', parts: [{ text }] })),
      turnComplete: last,
    },
  });
}

function message(content: ClientMessage): string {
  return JSON.stringify(content);
}
