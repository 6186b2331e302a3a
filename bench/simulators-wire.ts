/** What the bench and the process of the simulated models say to each other. */
import type { SessionEvent } from '../src/simulator/index.ts';

export interface Order {
  readonly id: number;
  readonly method: 'open' | 'become' | 'befall' | 'network' | 'look' | 'close';
  readonly model: string;
  readonly argument?: unknown;
}

export interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

type WithoutSetup<Event> = Event extends { readonly type: 'opened' } ? Omit<Event, 'setup'> : Event;
/** `atMs` on the clock that all processes of the machine share. */
export type SeenEvent = WithoutSetup<SessionEvent> & { readonly atMs: number };

export interface SeenSession {
  readonly id: string;
  readonly events: readonly SeenEvent[];
  /** 16-bit samples at 16 kHz. */
  readonly heard: Buffer;
}

export interface SeenModel {
  /** Oldest first. */
  readonly sessions: readonly SeenSession[];
  readonly refusals: readonly string[];
  readonly connections: number;
}
