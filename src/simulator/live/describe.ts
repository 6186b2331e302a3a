/** A session's events for people who watch the simulator: one line each. */
import { unreachable } from '../../lib/index.ts';
import type { SessionEvent } from './session-record.ts';

export function describeSessionEvent(event: SessionEvent): string {
  switch (event.type) {
    case 'opened': {
      const voice = event.setup.generationConfig?.speechConfig?.voiceConfig?.prebuiltVoiceConfig?.voiceName;
      const how = event.resumed ? 'resumed' : 'opened';
      return `${how}: ${event.setup.model ?? ''}${voice === undefined ? '' : `, voice ${voice}`}`;
    }
    case 'textReceived':
      return `← text: ${event.text}`;
    case 'contextReceived':
      return `← context (${event.role}): ${event.text}`;
    case 'speechStarted':
      return '← speech …';
    case 'speechEnded':
      return `← speech: ${event.transcript ?? '(the scenario has no transcript for it)'}`;
    case 'audioStreamEnded':
      return '← end of the audio stream';
    case 'turnStarted':
      return `→ ${event.says ?? '(a sound without words)'}`;
    case 'turnEnded':
      return event.how === 'completed' ? '→ turn complete' : `→ turn ${event.how} after: ${event.said}`;
    case 'toolCalled':
      return `→ calls ${event.name}(${JSON.stringify(event.args)}) as ${event.id}`;
    case 'toolUndeclared':
      return `  not called, because setup does not declare it: ${event.name}`;
    case 'toolAnswered': {
      const { id, response } = event.answer;
      return `← ${id ?? ''} answered${event.accepted ? '' : ' too late'}: ${JSON.stringify(response ?? {})}`;
    }
    case 'closed':
      return `closed: ${event.code} ${event.reason}`.trimEnd();
    default:
      return unreachable(event);
  }
}
