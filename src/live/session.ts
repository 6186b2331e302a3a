/** One conversation with Gemini Live, over as many sockets as it takes. */
import { durationMs, type Pcm } from '../audio/index.ts';
import { type Cancel, type Clock, Failure, type Ids } from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import { type LiveHeaders, liveHeaders } from './auth.ts';
import type { Verdict } from './closes.ts';
import { Connection } from './connection.ts';
import { createDelivery, type Delivery } from './delivery.ts';
import { activityMessage, audioMessage, seedMessage, textMessage, toolMessage } from './encode.ts';
import { endpoint } from './endpoint.ts';
import type { LiveHandlers, SeedTurn, ToolAnswer } from './handlers.ts';
import { afterEnd, beginPlan, dialNext, keepHandle, type ResumePlan } from './resumption.ts';
import type { LiveBackend, LiveSettings } from './settings.ts';
import { announcesHistory, setupMessage } from './setup.ts';
import { type Dial, dialWebSocket } from './socket.ts';

export interface LiveSession {
  /** Audio at 16 kHz. Dropped unless the session is ready: the caller of this holds what must not be lost. */
  sendAudio(samples: Pcm<16000>): void;
  /** Text to which the model answers at once, such as the greeting's order or pressed digits. Kept until the session is ready. */
  sendText(text: string): void;
  /** The edges of the caller's speech, with `detection: 'local'` only. Dropped, like audio, unless the session is ready. */
  sendActivity(edge: 'started' | 'ended'): void;
  /** Kept until the session is ready: a resumed one still waits for the answers. */
  answerTools(answers: readonly ToolAnswer[]): void;
  /**
   * Closes the socket that is left, and dials again: with the newest handle, or afresh with the seed when there is none or it
   * is dead; backed off, a bounded number of times. Ends in `ready`, or in `lost` with recoverable false.
   */
  resume(): void;
  /** Ends the session, whatever it is doing; no handler is called afterwards. */
  close(): void;
}

export interface LiveOptions {
  readonly settings: LiveSettings;
  readonly backend: LiveBackend;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly metrics?: Pick<Metrics, 'ignoredMessages' | 'heldAudioDroppedMs'> | undefined;
  readonly handlers: LiveHandlers;
  /** What was said so far; asked for whenever a session begins without a handle. */
  readonly seed: () => readonly SeedTurn[];
  readonly dial?: Dial | undefined;
  /** Share one between all sessions of a Vertex backend, and they share its token. */
  readonly headers?: LiveHeaders | undefined;
  /** Takes up a session that another process began. */
  readonly handle?: string | undefined;
}

/**
 * What was held for the session leaves in one go when it is ready, and over TLS none of it is gone before the last of it is
 * sent. Twenty seconds, the most that may be held, are 1000 frames of 20 ms: 640 B each, 856 B as base64, 936 B as a message,
 * 936 kB in all. Half as much again is for a network that stands still. What comes on top is dropped: the model would answer
 * speech that is long past.
 */
const MAX_UNSENT_BYTES = 1_536 * 1024;
/** Digits and tool answers of the seconds that a resume takes. */
const MAX_HELD_MESSAGES = 32;

/**
 *   opening ──▶ ready ◀── resuming ◀─┐
 *      │         │ └─resume()─▲ │    │ resume(), and by itself until the plan says never
 *      └────▶  lost ────────────┴────┘
 *   close(), and a loss that cannot be recovered, lead to closed from anywhere.
 */
type Life =
  | { readonly phase: 'opening' | 'resuming' | 'lost'; readonly connection: Connection; readonly withHandle: boolean }
  | {
      readonly phase: 'ready';
      readonly connection: Connection;
      readonly withHandle: boolean;
      readonly sinceMs: number;
    }
  | { readonly phase: 'closed' };

/** Begins at once; throws CONFIG_INVALID for a base URL that is none. */
export function openLiveSession(options: LiveOptions): LiveSession {
  return new Session(options);
}

class Session implements LiveSession {
  readonly #options: LiveOptions;
  readonly #url: string;
  readonly #headers: LiveHeaders;
  readonly #delivery: Delivery;
  readonly #held: string[] = [];
  #plan: ResumePlan;
  #life: Life;
  #cancelWait: Cancel = () => undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#url = endpoint(options.backend).url;
    this.#headers = options.headers ?? liveHeaders(options.backend, options.clock);
    this.#delivery = createDelivery(options.handlers);
    this.#plan = beginPlan(options.handle);
    this.#life = { phase: 'opening', ...this.#connect() };
  }

  sendAudio(samples: Pcm<16000>): void {
    if (this.#life.phase !== 'ready') return;
    const { connection } = this.#life;
    if (connection.unsentBytes() <= MAX_UNSENT_BYTES) connection.send(audioMessage(samples));
    else this.#options.metrics?.heldAudioDroppedMs.inc(durationMs(samples.length, 16_000));
  }

  sendText(text: string): void {
    this.#sendOrHold(textMessage(text, this.#options.settings.features.realtimeText));
  }

  sendActivity(edge: 'started' | 'ended'): void {
    if (this.#life.phase === 'ready') this.#life.connection.send(activityMessage(edge));
  }

  answerTools(answers: readonly ToolAnswer[]): void {
    if (answers.length > 0) this.#sendOrHold(toolMessage(answers));
  }

  resume(): void {
    const { phase } = this.#life;
    if (phase === 'ready') this.#plan = afterEnd(this.#plan, this.#ending(undefined));
    if (phase === 'ready' || phase === 'lost') this.#dialAgain();
  }

  close(): void {
    if (this.#life.phase === 'closed') return;
    const { connection } = this.#life;
    this.#life = { phase: 'closed' };
    this.#cancelWait();
    this.#held.length = 0;
    connection.shut();
  }

  #sendOrHold(message: string): void {
    if (this.#life.phase === 'ready') {
      this.#life.connection.send(message);
    } else if (this.#life.phase !== 'closed') {
      this.#held.push(message);
      if (this.#held.length <= MAX_HELD_MESSAGES) return;
      this.#held.shift();
      this.#options.logger.warn({ maxHeldMessages: MAX_HELD_MESSAGES }, 'live message given up');
    }
  }

  /** Dials as the plan says, with its handle or with what was said. */
  #connect(): { connection: Connection; withHandle: boolean } {
    const { settings, backend, clock, dial = dialWebSocket } = this.#options;
    const { handle } = this.#plan;
    const seed = handle === undefined ? this.#options.seed().filter(({ text }) => text !== '') : [];
    const resume = { handle, seeded: seed.length > 0 };
    const connection = new Connection(
      { url: this.#url, headers: this.#headers, setup: setupMessage(settings, backend, resume), clock, dial },
      {
        ready: (setupMs) => {
          this.#life = { phase: 'ready', connection, withHandle: handle !== undefined, sinceMs: clock.nowMs() };
          this.#delivery.reset();
          if (seed.length > 0) connection.send(seedMessage(seed, announcesHistory(backend, resume)));
          for (const message of this.#held.splice(0)) connection.send(message);
          const how = handle !== undefined ? 'resumed' : seed.length > 0 ? 'reseeded' : 'new';
          this.#options.logger.info({ how, setupMs }, 'live session ready');
          this.#options.handlers.ready({ how, setupMs });
        },
        received: (event) => {
          if (event.type === 'handleOffered') this.#plan = keepHandle(this.#plan, event.handle, event.resumable);
          this.#delivery.deliver(event);
        },
        notUnderstood: (keys) => {
          this.#options.metrics?.ignoredMessages.inc({ side: 'live', kind: 'unknownKey' });
          this.#options.logger.debug({ keys }, 'live message with unknown keys');
        },
        threw: (failure) => this.#options.logger.error({ err: failure }, 'live session failed'),
        ended: (verdict) => this.#ended(verdict),
      },
    );
    return { connection, withHandle: handle !== undefined };
  }

  #ended(verdict: Verdict): void {
    if (this.#life.phase === 'closed') return;
    const { phase, connection, withHandle } = this.#life;
    const { failure, action } = verdict;
    this.#plan = afterEnd(this.#plan, this.#ending(verdict));
    const { next } = this.#plan;
    this.#options.logger.warn({ code: failure.code, reason: failure.message, phase, next }, 'live socket ended');
    if (next === 'never') {
      this.#giveUp(action === 'resume' ? notBroughtBack(failure) : failure);
    } else if (phase === 'resuming') {
      this.#dialAgain();
    } else {
      this.#life = { phase: 'lost', connection, withHandle };
      this.#tellLost(failure, true);
    }
  }

  #dialAgain(): void {
    if (this.#life.phase === 'closed') return;
    if (this.#plan.next === 'never') {
      this.#giveUp(notBroughtBack());
      return;
    }
    const { plan, delayMs } = dialNext(this.#plan, this.#options.ids.fraction());
    this.#plan = plan;
    const { connection, withHandle } = this.#life;
    this.#life = { phase: 'resuming', connection, withHandle };
    connection.shut(() => {
      if (this.#life.phase !== 'resuming') return;
      this.#cancelWait = this.#options.clock.after(delayMs, () => {
        this.#connectAgain();
      });
    });
  }

  #connectAgain(): void {
    try {
      this.#life = { phase: 'resuming', ...this.#connect() };
    } catch (error) {
      const failure = new Failure('INTERNAL', 'the Live session could not be dialled again', { cause: error });
      this.#options.logger.error({ err: failure }, 'live session failed');
      this.#giveUp(failure);
    }
  }

  #giveUp(failure: Failure): void {
    this.close();
    this.#tellLost(failure, false);
  }

  /** Called from timers and from the socket's own events, where nobody would catch what a reader throws. */
  #tellLost(failure: Failure, recoverable: boolean): void {
    try {
      this.#options.handlers.lost(failure, recoverable);
    } catch (error) {
      const thrown = new Failure('INTERNAL', 'a reader of the Live session threw', { cause: error });
      this.#options.logger.error({ err: thrown }, 'live session failed');
      if (recoverable) this.#giveUp(thrown);
    }
  }

  #ending(verdict: Verdict | undefined) {
    const life = this.#life;
    return {
      verdict,
      readyForMs: life.phase === 'ready' ? this.#options.clock.nowMs() - life.sinceMs : undefined,
      withHandle: life.phase !== 'closed' && life.withHandle,
    };
  }
}

function notBroughtBack(cause?: Failure): Failure {
  return new Failure('LIVE_RESUME_FAILED', 'The Live session cannot be brought back', cause && { cause });
}
