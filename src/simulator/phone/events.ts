/** What happens on a simulated call, as it is told and kept: the timeline by which tests and people follow it. */

import type { Unanswered } from './callee.ts';

/** How a call ended, as the caller and Twilio's Debugger would have it. */
export type CallEnd =
  | { readonly how: 'callerHungUp' }
  /** By <Hangup/>, or because no verb was left. */
  | { readonly how: 'serviceHungUp' }
  | { readonly how: 'rejected'; readonly reason: string }
  /** Of a call that the service has placed. */
  | { readonly how: 'notAnswered'; readonly status: Unanswered }
  | { readonly how: 'transferred'; readonly to: string }
  | { readonly how: 'timeLimit' }
  /** With Twilio's error code, such as 31920. */
  | { readonly how: 'failed'; readonly code: number; readonly why: string };

export interface Warning {
  /** Twilio's: 31930, 31950 or 31951. */
  readonly code: number;
  readonly why: string;
}

export type PhoneHappening =
  | { readonly type: 'requested'; readonly url: string; readonly status: number }
  | { readonly type: 'answered' }
  | { readonly type: 'streamStarted'; readonly streamSid: string }
  /** `code` is Twilio's: 31921 when the service closed the socket, 31903 when it broke, undefined after our own stop. */
  | {
      readonly type: 'streamEnded';
      readonly streamSid: string;
      readonly code: number | undefined;
      readonly closeCode: number;
      readonly why: string;
    }
  /** A stream that could not be opened, where the provider goes on nevertheless; `code` is Twilio's. */
  | { readonly type: 'streamRefused'; readonly code: number; readonly why: string }
  /** A second stream beside the first, which a fault wanted, and how the service closed it. */
  | { readonly type: 'doubleEnded'; readonly streamSid: string; readonly closeCode: number; readonly why: string }
  | { readonly type: 'faultBegan'; readonly fault: string }
  /** By the REST API. */
  | { readonly type: 'ledElsewhere'; readonly to: string }
  | { readonly type: 'agentStarted' }
  /** `soundEndedMs` is when the agent's last sound was heard; the event comes once the pause is long enough to tell. */
  | { readonly type: 'agentStopped'; readonly soundEndedMs: number }
  | { readonly type: 'marked'; readonly name: string; readonly how: 'played' | 'cleared' | 'nothingBuffered' }
  | { readonly type: 'cleared'; readonly droppedMs: number }
  | { readonly type: 'warned'; readonly warning: Warning }
  | { readonly type: 'stepBegan'; readonly step: string }
  | { readonly type: 'pressed'; readonly digit: string }
  | { readonly type: 'played'; readonly url: string; readonly lengthMs: number }
  /** By the service, for the caller to hear. */
  | { readonly type: 'keysSent'; readonly keys: string }
  | { readonly type: 'spoken'; readonly text: string }
  /** `status` is Twilio's DialCallStatus. */
  | { readonly type: 'dialled'; readonly to: string; readonly status: string }
  /** The caller's telephone was sent there; `code` is its answer. */
  | { readonly type: 'referred'; readonly to: string; readonly code: number }
  | { readonly type: 'conferenceEntered'; readonly name: string }
  /** Whoever is in it hears the others. */
  | { readonly type: 'conferenceStarted'; readonly name: string }
  | { readonly type: 'recorded'; readonly lengthMs: number }
  | { readonly type: 'ended'; readonly end: CallEnd };

/** `atMs` counts from when the call was answered; before that it is 0. */
export type PhoneEvent = PhoneHappening & { readonly atMs: number };

/** A mark every 200 ms for ten minutes is 3,000; a flood beyond this is told as it comes, but not kept. */
const MAX_KEPT_EVENTS = 10_000;

export interface Timeline {
  readonly events: readonly PhoneEvent[];
  tell(happening: PhoneHappening, atMs: number): void;
}

export function createTimeline(onEvent: (event: PhoneEvent) => void): Timeline {
  const events: PhoneEvent[] = [];
  return {
    events,
    tell(happening, atMs) {
      const event = { ...happening, atMs };
      if (events.length < MAX_KEPT_EVENTS) events.push(event);
      onEvent(event);
    },
  };
}
