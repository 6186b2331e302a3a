/** What one session went through, for tests and for people who watch: events in order, and what the model heard. */
import { type Pcm, pcm } from '../../audio/index.ts';
import type { FunctionResponse } from './client-messages.ts';
import type { Setup } from './setup-message.ts';

export type SessionEvent =
  | { readonly type: 'opened'; readonly setup: Setup; readonly resumed: boolean }
  | { readonly type: 'textReceived'; readonly text: string }
  | { readonly type: 'contextReceived'; readonly role: string; readonly text: string }
  | { readonly type: 'speechStarted' }
  | { readonly type: 'speechEnded'; readonly transcript: string | undefined }
  | { readonly type: 'audioStreamEnded' }
  | { readonly type: 'turnStarted'; readonly says: string | undefined }
  | { readonly type: 'turnEnded'; readonly said: string; readonly how: 'completed' | 'interrupted' | 'lost' }
  | { readonly type: 'toolCalled'; readonly id: string; readonly name: string; readonly args: object }
  /** A call that the scenario wants of a function that setup did not declare: the model does not know it. */
  | { readonly type: 'toolUndeclared'; readonly name: string }
  | { readonly type: 'toolAnswered'; readonly answer: FunctionResponse; readonly accepted: boolean }
  | { readonly type: 'closed'; readonly code: number; readonly reason: string };

export interface SessionRecord {
  readonly id: string;
  readonly events: readonly SessionEvent[];
  /** All sound that was received, at 16 kHz; the first ten minutes of it. */
  readonly heard: Pcm<16000>;
  eventsOf<Type extends SessionEvent['type']>(type: Type): readonly Extract<SessionEvent, { type: Type }>[];
}

/** Ten minutes: longer than any fixture call, and 20 MB. */
const MAX_HEARD_SAMPLES = 10 * 60 * 16_000;
const FIRST_HEARD_SAMPLES = 30 * 16_000;
/** Far more than a fixture call has; the oldest go first, so that a simulator can be left running. */
const MAX_EVENTS = 10_000;

export interface WritableRecord extends SessionRecord {
  add(event: SessionEvent): void;
  addSound(samples: Pcm<16000>): void;
}

export function createSessionRecord(id: string, watch: (event: SessionEvent) => void): WritableRecord {
  const events: SessionEvent[] = [];
  let sound = new Int16Array(FIRST_HEARD_SAMPLES);
  let length = 0;
  return {
    id,
    events,
    get heard() {
      return pcm(sound.subarray(0, length), 16_000);
    },
    eventsOf: <Type extends SessionEvent['type']>(type: Type) =>
      events.filter((event): event is Extract<SessionEvent, { type: Type }> => event.type === type),
    add: (event) => {
      if (events.length === MAX_EVENTS) events.shift();
      events.push(event);
      watch(event);
    },
    addSound: (samples) => {
      const room = samples.subarray(0, MAX_HEARD_SAMPLES - length);
      if (length + room.length > sound.length) {
        const larger = new Int16Array(Math.min(MAX_HEARD_SAMPLES, 2 * (length + room.length)));
        larger.set(sound);
        sound = larger;
      }
      sound.set(room, length);
      length += room.length;
    },
  };
}
