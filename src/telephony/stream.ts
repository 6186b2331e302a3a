/** The provider's media WebSocket: the one file that owns such a socket, for all providers. */
import {
  asFailure,
  type Clock,
  Failure,
  type FailureCode,
  type MessageSocket,
  unreachable,
  type WebSocketLike,
  wrapWebSocket,
} from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import { type Heartbeat, startHeartbeat } from './heartbeat.ts';
import { HeldEvents } from './held-events.ts';
import { MissedFrames } from './missed-frames.ts';
import { Outbound } from './outbound.ts';
import type { MediaFormat, StreamCommand, StreamEvent, TelephonyProtocol } from './protocol.ts';

/** Why a stream ended: the provider said so; its socket closed, fell silent or spoke nonsense; we closed it. */
export type StreamEnd = 'stopped' | 'lost' | 'closedByUs';

export interface StreamHandlers {
  /**
   * One piece of the caller's voice, in the codec of the stream's format. Copy it to keep it. `missedFrames` of its length
   * came before it, by the provider's counters, and did not arrive.
   */
  audio(payload: Uint8Array, timestampMs: number | undefined, missedFrames: number): void;
  digit(digit: string): void;
  markReached(name: string): void;
  /** Of what was sent and not yet played, the oldest `lengthMs` was given up: the provider reads too slowly. */
  soundLost(lengthMs: number): void;
  /** Once, and nothing after it. */
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
  /** Ends the stream in the provider's orderly way; `ended` follows at once. Idempotent. */
  close(): void;
}

export interface StreamDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'failures' | 'ignoredMessages'>;
}

/** Twilio sends `start` right after the handshake; a socket that has not started costs us nothing else. */
const START_DEADLINE_MS = 5_000;
/** Twilio's own limit on what it asks of us while a call starts is 15 s; a caller hears nothing meanwhile. */
const ADMIT_DEADLINE_MS = 5_000;
/** G.711, the only codec of a stream. */
const BYTES_PER_MS = 8;

/** RFC 6455 §7.4.1; what is not here is a violated policy (1008), such as a stream without its token. */
const CLOSE_CODES: Partial<Record<FailureCode, number>> = {
  // "Data not consistent with the type of the message": a known message that is not what its name promises.
  PROVIDER_BAD_MESSAGE: 1007,
  // "A type of data it cannot accept".
  PROVIDER_BAD_FORMAT: 1003,
  INTERNAL: 1011,
};

type OnStarted = (stream: CallStream) => StreamHandlers | Promise<StreamHandlers>;

type Started = Extract<StreamEvent, { type: 'started' }>;

type Life =
  | { readonly phase: 'waiting' }
  | { readonly phase: 'admitting'; readonly held: HeldEvents }
  | { readonly phase: 'started'; readonly handlers: StreamHandlers }
  | { readonly phase: 'ended'; readonly how: StreamEnd };

/**
 * Takes over an open socket. `onStarted` is called when the stream has started, and answers with who listens; when it
 * throws or rejects, the stream is closed with the failure's code as the reason. What comes before a late answer waits.
 */
export function acceptStream(
  webSocket: WebSocketLike,
  protocol: TelephonyProtocol,
  deps: StreamDeps,
  onStarted: OnStarted,
): void {
  new ProviderStream(webSocket, protocol, deps, onStarted);
}

/**
 * waiting ─start─▶ admitting ─answer─▶ started ─stop, close(), socket closed, failure─▶ ended; an answer given at once
 * skips admitting, and any end may come in any phase.
 */
class ProviderStream {
  readonly #protocol: TelephonyProtocol;
  readonly #deps: StreamDeps;
  readonly #onStarted: OnStarted;
  readonly #socket: MessageSocket;
  #cancelDeadline: () => void;
  readonly #heartbeat: Heartbeat;
  #logger: Logger;
  #life: Life = { phase: 'waiting' };
  #droppedAudioMessages = 0;
  readonly #outbound: Outbound;
  readonly #missed = new MissedFrames();

  constructor(webSocket: WebSocketLike, protocol: TelephonyProtocol, deps: StreamDeps, onStarted: OnStarted) {
    this.#protocol = protocol;
    this.#deps = deps;
    this.#onStarted = onStarted;
    this.#logger = deps.logger.child({ provider: protocol.name });
    this.#socket = wrapWebSocket(webSocket, {
      message: (text) => this.#receive(text),
      pong: () => this.#heartbeat.sign(),
      closed: () => this.#end('lost', 1000),
    });
    this.#outbound = new Outbound(this.#socket, deps.clock, {
      lost: (soundBytes) => this.#lose(soundBytes),
      stuck: (bytes) => this.#cut(new Failure('PROVIDER_SLOW_READER', `${bytes} bytes wait to be read`)),
    });
    this.#cancelDeadline = deps.clock.after(START_DEADLINE_MS, () =>
      this.#fail(new Failure('STREAM_START_TIMEOUT', `no start within ${START_DEADLINE_MS} ms`)),
    );
    this.#heartbeat = startHeartbeat({
      clock: deps.clock,
      ping: () => this.#socket.ping(),
      dead: (silentMs) => this.#cut(new Failure('STREAM_LOST', `no sign of life for ${Math.round(silentMs)} ms`)),
    });
  }

  #receive(text: string): void {
    this.#heartbeat.sign();
    this.#missed.message();
    if (this.#life.phase === 'ended') return;
    try {
      this.#take(this.#protocol.decode(text));
    } catch (error) {
      // What a listener throws is a fault of ours; it ends this call, and no other with it.
      this.#fail(asFailure(error, 'INTERNAL'));
    }
  }

  #take(event: StreamEvent | undefined): void {
    if (event === undefined) this.#ignore('unknown');
    else if (this.#life.phase === 'started') this.#hand(event, this.#life.handlers);
    else if (this.#life.phase === 'admitting') this.#hand(event, this.#life.held);
    else if (event.type === 'started') this.#start(event);
    else if (event.type !== 'connected') this.#ignore('beforeStart');
  }

  #hand(event: StreamEvent, listener: StreamHandlers | HeldEvents): void {
    switch (event.type) {
      case 'audio':
        listener.audio(event.payload, event.timestampMs, this.#missed.before(event));
        break;
      case 'digit':
        listener.digit(event.digit);
        break;
      case 'markReached':
        listener.markReached(event.name);
        break;
      case 'stopped':
        this.#end('stopped', 1000);
        break;
      case 'connected':
      case 'started':
        this.#ignore('repeated');
        break;
      default:
        unreachable(event);
    }
  }

  #start({ streamId, callId, format, parameters }: Started): void {
    this.#cancelDeadline();
    this.#logger = this.#logger.child({ callId, streamId });
    this.#logger.info({ format }, 'stream started');
    const answer = this.#onStarted({
      streamId,
      callId,
      format,
      parameters,
      provider: this.#protocol.name,
      playout: this.#protocol.playout,
      send: (command) => this.#send(command, streamId),
      close: () => this.#end('closedByUs', 1000),
    });
    if (answer instanceof Promise) this.#await(answer);
    else this.#admit(answer);
  }

  #await(answer: Promise<StreamHandlers>): void {
    if (!this.#isOver()) {
      this.#life = { phase: 'admitting', held: new HeldEvents() };
      this.#cancelDeadline = this.#deps.clock.after(ADMIT_DEADLINE_MS, () =>
        this.#fail(new Failure('INTERNAL', `the call did not take its stream within ${ADMIT_DEADLINE_MS} ms`)),
      );
    }
    answer.then(
      (handlers) => this.#admit(handlers),
      (error: unknown) => this.#fail(asFailure(error, 'INTERNAL')),
    );
  }

  /** Whoever is given the stream may have closed it, and the peer may have gone, before it is said who listens. */
  #admit(handlers: StreamHandlers): void {
    this.#cancelDeadline();
    const life = this.#life;
    if (life.phase === 'ended') {
      this.#tellEnd(handlers, life.how);
      return;
    }
    this.#life = { phase: 'started', handlers };
    if (life.phase !== 'admitting') return;
    try {
      life.held.giveTo(handlers, () => this.#isOver());
    } catch (error) {
      this.#fail(asFailure(error, 'INTERNAL'));
    }
  }

  #isOver(): boolean {
    return this.#life.phase === 'ended';
  }

  #send(command: StreamCommand, streamId: string): void {
    if (this.#life.phase === 'ended') return;
    const soundBytes = command.type === 'audio' ? command.payload.length : 0;
    this.#outbound.send(command.type, this.#protocol.encode(command, streamId), soundBytes);
  }

  #lose(soundBytes: number): void {
    this.#droppedAudioMessages += 1;
    if (this.#droppedAudioMessages === 1) this.#count(new Failure('PROVIDER_SLOW_READER', 'sound is dropped'));
    if (this.#life.phase === 'started') this.#life.handlers.soundLost(soundBytes / BYTES_PER_MS);
  }

  #ignore(kind: 'unknown' | 'beforeStart' | 'repeated'): void {
    this.#deps.metrics.ignoredMessages.inc({ side: 'stream', kind });
    this.#logger.debug({ kind }, 'stream message ignored');
  }

  #count(failure: Failure): void {
    this.#deps.metrics.failures.inc({ code: failure.code, fault: failure.fault });
    this.#logger[failure.fault === 'us' ? 'error' : 'warn']({ err: failure }, 'stream failure');
  }

  #fail(failure: Failure): void {
    if (this.#life.phase === 'ended') return;
    this.#count(failure);
    this.#end('lost', CLOSE_CODES[failure.code] ?? 1008, failure.code);
  }

  /** For a peer that would not take part in a closing handshake. */
  #cut(failure: Failure): void {
    this.#count(failure);
    this.#socket.terminate();
    this.#end('lost', 1000);
  }

  /** The one way out; closing a socket that is already closed does nothing. */
  #end(how: StreamEnd, closeCode: number, closeReason = ''): void {
    const life = this.#life;
    if (life.phase === 'ended') return;
    this.#life = { phase: 'ended', how };
    this.#cancelDeadline();
    this.#heartbeat.stop();
    this.#outbound.close();
    this.#socket.close(closeCode, closeReason);
    this.#logger.info({ how, droppedAudioMessages: this.#droppedAudioMessages }, 'stream ended');
    if (life.phase === 'started') this.#tellEnd(life.handlers, how);
  }

  #tellEnd(handlers: StreamHandlers, how: StreamEnd): void {
    try {
      handlers.ended(how);
    } catch (error) {
      this.#count(asFailure(error, 'INTERNAL'));
    }
  }
}
