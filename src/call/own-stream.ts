/** The stream that a call has at the moment, and what its end says of the caller: gone, or lost and to be brought back. */
import type { Clock, FailureCode } from '../lib/index.ts';
import type { CallStream, StreamEnd, StreamHandlers } from '../telephony/index.ts';
import type { AgentVoice } from './agent-voice.ts';
import type { CallerSide } from './hear-caller.ts';

export interface OwnStreamOptions {
  readonly clock: Clock;
  /** Whether the other processes cannot be heard of: one of them may have the call by now, and have had our stream stopped. */
  readonly cutOff: () => boolean;
  readonly lost: (code: FailureCode, how: string) => void;
  readonly callerGone: () => void;
}

export class OwnStream {
  readonly #options: OwnStreamOptions;
  #stream: CallStream | undefined;
  #recalledUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: OwnStreamOptions) {
    this.#options = options;
  }

  get isThere(): boolean {
    return this.#stream !== undefined;
  }

  attach(stream: CallStream): void {
    this.#stream = stream;
  }

  /** The provider was asked to come back just now: a stream that it stops says nothing of the caller. */
  recalled(forMs: number): void {
    this.#recalledUntilMs = Math.max(this.#recalledUntilMs, this.#options.clock.nowMs() + forMs);
  }

  /** It is not this call's any more, whatever its socket says. */
  leave(code: FailureCode, how: string): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    this.#stream = undefined;
    stream.close();
    this.#options.lost(code, how);
  }

  close(): void {
    this.#stream?.close();
  }

  /** Who gets what comes from it. */
  handlers(
    stream: CallStream,
    caller: Pick<CallerSide, 'audio' | 'digit'>,
    voice: Pick<AgentVoice, 'markReached' | 'soundLost'>,
  ): StreamHandlers {
    return {
      audio: (payload, timestampMs, missedFrames) => caller.audio(payload, { timestampMs, missedFrames }),
      digit: (digit) => caller.digit(digit),
      markReached: (name) => voice.markReached(name),
      soundLost: (lengthMs) => voice.soundLost(lengthMs),
      ended: (how) => this.#ended(stream, how),
    };
  }

  #ended(stream: CallStream, how: StreamEnd): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    const { clock, cutOff, lost, callerGone } = this.#options;
    // We close a stream when the call has ended: there is nothing more to learn from it.
    if (how === 'closedByUs') return;
    if (how !== 'stopped') lost('STREAM_LOST', 'the socket of the stream closed');
    else if (clock.nowMs() < this.#recalledUntilMs) {
      lost('STREAM_LOST', 'the provider left the stream, as it was asked to');
    } else if (cutOff()) {
      lost('STREAM_LOST', 'the stream was stopped, by the caller or for a process that cannot be heard of');
    } else callerGone();
  }
}
