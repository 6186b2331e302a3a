/** What a provider's media protocol is to us: pure functions between its messages and our events and commands. */
import type { IncomingMessage } from 'node:http';

export interface MediaFormat {
  readonly encoding: 'ulaw' | 'alaw';
  readonly rateHz: 8000;
}

/** What a provider's message means. Payloads are the codec's bytes. */
export type StreamEvent =
  | { readonly type: 'connected' }
  | {
      readonly type: 'started';
      readonly streamId: string;
      readonly callId: string;
      readonly format: MediaFormat;
      readonly parameters: Readonly<Record<string, string>>;
    }
  | {
      readonly type: 'audio';
      readonly payload: Uint8Array;
      /** Where the sound belongs, in ms from the stream's start, by the provider's clock. */
      readonly timestampMs: number | undefined;
      /** The frame's number among all frames, and the message's among all messages, where the provider counts them. */
      readonly chunk?: number | undefined;
      readonly sequence?: number | undefined;
    }
  | { readonly type: 'digit'; readonly digit: string }
  | { readonly type: 'markReached'; readonly name: string }
  | { readonly type: 'stopped' };

export type StreamCommand =
  | { readonly type: 'audio'; readonly payload: Uint8Array }
  | { readonly type: 'mark'; readonly name: string }
  | { readonly type: 'clear' };

export interface TelephonyProtocol {
  readonly name: string;
  /** Where its WebSocket comes in, with or without a slash, or the number of a process, at the end. */
  readonly path: string;
  readonly playout: {
    /** How far ahead of real time sound is sent, in ms. */
    readonly leadMs: number;
    readonly maxMessageMs: number;
  };
  /** `number`: of the process, where the path ends with one. Throws Failure STREAM_UNSIGNED. */
  authenticate(request: IncomingMessage, number?: number): void;
  /** undefined: nothing for us; it is counted and ignored. Throws Failure PROVIDER_BAD_MESSAGE, PROVIDER_BAD_FORMAT. */
  decode(message: string): StreamEvent | undefined;
  encode(command: StreamCommand, streamId: string): string;
}
