/** What we say to the Live service after the setup, as the text of its messages. */
import { bytesOfPcm, type Pcm } from '../audio/index.ts';
import type { SeedTurn, ToolAnswer } from './handlers.ts';
import type { ClientMessage } from './wire.ts';

// The streams of realtimeInput have no order among each other, so each message carries one of them.

/** Fifty of these a second and call: the one message that is put together by hand, so that the sound is copied once. */
export function audioMessage(samples: Pcm<16000>): string {
  const bytes = bytesOfPcm(samples);
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  return `{"realtimeInput":{"audio":{"mimeType":"audio/pcm;rate=16000","data":"${data}"}}}`;
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

export function toolMessage(answers: readonly ToolAnswer[]): string {
  return message({
    toolResponse: {
      functionResponses: answers.map(({ id, name, response, scheduling }) => ({
        ...(id !== '' && { id }),
        name,
        response,
        ...(scheduling && { scheduling }),
      })),
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
