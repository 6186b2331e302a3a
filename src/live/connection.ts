/** One socket of a session, from the credentials to its end. What comes from it after that goes nowhere. */
import { asFailure, type Cancel, type Clock, Failure, unreachable } from '../lib/index.ts';
import type { LiveHeaders } from './auth.ts';
import { judgeClose, judgeFailure, type Verdict } from './closes.ts';
import { type Decoded, decode, type LiveEvent } from './decode.ts';
import type { Dial, LiveSocket } from './socket.ts';

export interface ConnectionOptions {
  readonly url: string;
  readonly headers: LiveHeaders;
  /** The first message. */
  readonly setup: object;
  readonly clock: Clock;
  readonly dial: Dial;
}

export interface ConnectionHandlers {
  /** The service took the setup, `setupMs` after we began. */
  ready(setupMs: number): void;
  received(event: LiveEvent): void;
  /** Keys of a message that we do not know. */
  notUnderstood(keys: readonly string[]): void;
  /** One of these handlers threw. `ended` follows, unless the connection has ended already. */
  threw(failure: Failure): void;
  /** Once, unless `shut` came first. The socket may still be closing: `shut` tells when it is gone. */
  ended(verdict: Verdict): void;
}

/** Measured: a third to half a second. A wrong configuration may hang in silence, and a caller waits meanwhile. */
const SETUP_DEADLINE_MS = 5_000;
/** The closing handshake is one round trip; the service refuses a resume while the old socket is open. */
const CLOSE_DEADLINE_MS = 1_000;

/** How a connection has ended. */
export interface Gone {
  /** What was sent after this moment may not have been heard. */
  readonly unsureSinceMs: number;
  /** Without a closing handshake: the service may still believe in the socket, and refuse the session's handle meanwhile. */
  readonly abnormal: boolean;
}

/** It never carried anything. */
const NEVER_OPENED: Gone = { unsureSinceMs: Number.POSITIVE_INFINITY, abnormal: false };
/** RFC 6455 §7.1.5: no close frame was received. */
const ABNORMAL_CLOSE = 1006;

/**
 *   authenticating ─▶ dialling ─▶ settingUp ─setupComplete─▶ ready
 *         │               │           └────────────┬───────────┤
 *         │               │      shut, bad message, deadline   closed
 *         ▼               ▼                        ▼           ▼
 *        over            over                   closing ─────▶ over
 */
type State =
  | { readonly phase: 'authenticating' }
  | { readonly phase: 'dialling' }
  | { readonly phase: 'settingUp' | 'ready'; readonly socket: LiveSocket }
  | { readonly phase: 'closing'; readonly socket: LiveSocket; readonly told: ((gone: Gone) => void)[] }
  | { readonly phase: 'over'; readonly gone: Gone };

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #handlers: ConnectionHandlers;
  readonly #beganMs: number;
  #state: State = { phase: 'authenticating' };
  /** What the present phase must have undone when it is left: its deadline, or the dialling. */
  #leavePhase: Cancel = () => undefined;

  constructor(options: ConnectionOptions, handlers: ConnectionHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#beganMs = options.clock.nowMs();
    options.headers().then(
      (headers) => this.#dial(headers),
      (error: unknown) => this.#fail(judgeFailure(asFailure(error, 'LIVE_AUTH'))),
    );
  }

  send(message: string | Uint8Array): void {
    if (this.#state.phase === 'ready') this.#state.socket.send(message);
  }

  unsentBytes(): number {
    return this.#state.phase === 'ready' ? this.#state.socket.bufferedBytes() : 0;
  }

  /** All that was sent up to this moment has been heard. */
  heardUpToMs(): number {
    return this.#state.phase === 'ready' ? this.#state.socket.heardUpToMs() : Number.NEGATIVE_INFINITY;
  }

  /** Ends it, whatever it is doing, without telling `ended`; `tell` is called when its socket is no more. */
  shut(tell: (gone: Gone) => void = () => undefined): void {
    const state = this.#state;
    switch (state.phase) {
      case 'authenticating':
      case 'dialling':
        this.#enter({ phase: 'over', gone: NEVER_OPENED });
        tell(NEVER_OPENED);
        break;
      case 'settingUp':
      case 'ready':
        this.#close(state.socket, [tell]);
        break;
      case 'closing':
        state.told.push(tell);
        break;
      case 'over':
        tell(state.gone);
        break;
      default:
        unreachable(state);
    }
  }

  #dial(headers: Readonly<Record<string, string>>): void {
    if (this.#state.phase !== 'authenticating') return;
    this.#enter({ phase: 'dialling' });
    const { url, clock, dial } = this.#options;
    this.#leavePhase = dial(
      { url, headers, clock },
      {
        opened: (socket) => this.#setUp(socket),
        failed: (verdict) => this.#fail(verdict),
        message: (text) => this.#receive(text),
        closed: (code, reason) => this.#closed(code, reason),
      },
    );
  }

  #setUp(socket: LiveSocket): void {
    this.#enter({ phase: 'settingUp', socket });
    this.#leavePhase = this.#options.clock.after(SETUP_DEADLINE_MS, () => {
      const text = `Live did not take the setup within ${SETUP_DEADLINE_MS} ms`;
      this.#fail(judgeFailure(new Failure('LIVE_SETUP_TIMEOUT', text)));
    });
    socket.send(JSON.stringify(this.#options.setup));
  }

  #receive(text: string): void {
    if (this.#state.phase !== 'settingUp' && this.#state.phase !== 'ready') return;
    let message: Decoded;
    try {
      message = decode(text);
    } catch (error) {
      this.#fail(judgeFailure(asFailure(error, 'LIVE_BAD_MESSAGE')));
      return;
    }
    try {
      this.#hand(message);
    } catch (error) {
      // A fault of ours, whatever it says of itself; it ends this session, and no other with it.
      const failure = new Failure('INTERNAL', 'a reader of the Live session threw', { cause: error });
      this.#handlers.threw(failure);
      this.#fail(judgeFailure(failure));
    }
  }

  #hand(message: Decoded): void {
    if (message.unknownKeys.length > 0) this.#handlers.notUnderstood(message.unknownKeys);
    if (this.#state.phase === 'settingUp' && message.setupComplete) {
      this.#enter({ phase: 'ready', socket: this.#state.socket });
      this.#handlers.ready(this.#options.clock.nowMs() - this.#beganMs);
    }
    for (const event of message.events) {
      // The reader of an event may have shut this connection.
      if (this.#state.phase !== 'ready') return;
      this.#handlers.received(event);
    }
  }

  #closed(code: number, reason: string): void {
    const state = this.#state;
    if (!('socket' in state)) return;
    const gone = { unsureSinceMs: state.socket.unsureSinceMs(), abnormal: code === ABNORMAL_CLOSE };
    this.#enter({ phase: 'over', gone });
    if (state.phase === 'closing') for (const tell of state.told) tell(gone);
    else this.#handlers.ended(judgeClose(code, reason));
  }

  /** The one way in which it ends of itself while the socket, if there is one, is open. */
  #fail(verdict: Verdict): void {
    const state = this.#state;
    if (state.phase === 'closing' || state.phase === 'over') return;
    if (state.phase === 'settingUp' || state.phase === 'ready') this.#close(state.socket, []);
    else this.#enter({ phase: 'over', gone: NEVER_OPENED });
    this.#handlers.ended(verdict);
  }

  #close(socket: LiveSocket, told: ((gone: Gone) => void)[]): void {
    this.#enter({ phase: 'closing', socket, told });
    this.#leavePhase = this.#options.clock.after(CLOSE_DEADLINE_MS, () => socket.terminate());
    socket.close(1000, '');
  }

  #enter(state: State): void {
    this.#leavePhase();
    this.#leavePhase = () => undefined;
    this.#state = state;
  }
}
