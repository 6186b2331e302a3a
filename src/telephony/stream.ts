/** The provider's media WebSocket: the one file that owns such a socket, for all providers. */
import type { MediaFormat, StreamCommand } from './protocol.ts';

/** Why a stream ended: the provider said so, its socket closed or broke, or we closed it. */
export type StreamEnd = 'stopped' | 'lost' | 'closedByUs';

export interface StreamHandlers {
  /** One piece of the caller's voice, in the codec of the stream's format. Valid during the call only. */
  audio(payload: Uint8Array, timestampMs: number | undefined): void;
  digit(digit: string): void;
  markReached(name: string): void;
  /** Once. */
  ended(how: StreamEnd): void;
}

/** A stream that has started: what the call holds of it. */
export interface CallStream {
  readonly streamId: string;
  readonly callId: string;
  readonly provider: string;
  readonly format: MediaFormat;
  readonly parameters: Readonly<Record<string, string>>;
  readonly playout: { readonly leadMs: number; readonly maxMessageMs: number };
  send(command: StreamCommand): void;
  /** Ends the stream in the provider's orderly way; idempotent. */
  close(): void;
}
