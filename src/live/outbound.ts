/** What we say to the service after the setup: on the socket that is ready, or kept until one is, and again where one broke. */
import { durationMs, type Pcm } from '../audio/index.ts';
import type { Clock } from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import type { Connection } from './connection.ts';
import { activityMessage, audioMessage, textMessage, toolMessage } from './encode.ts';
import type { ToolAnswer } from './handlers.ts';
import type { Said } from './said-blocks.ts';
import type { LiveSettings } from './settings.ts';
import { Unconfirmed } from './unconfirmed.ts';

/** Who speaks by a text: we, to the model; or the caller, by the keys. */
export type Whose = 'ours' | 'caller';

export interface OutboundOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'heldAudioDroppedMs'> | undefined;
  /** The connection while the session is ready. */
  readonly ready: () => Connection | undefined;
  /** Of the present route. */
  readonly settings: () => LiveSettings;
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

/** Put into the words of its route when it is sent. */
type Held =
  | { readonly kind: 'text'; readonly text: string; readonly whose: Whose }
  | { readonly kind: 'answers'; readonly answers: readonly ToolAnswer[] };

export class Outbound {
  readonly #options: OutboundOptions;
  readonly #held: Held[] = [];
  readonly #unconfirmed: Unconfirmed;
  #closed = false;

  constructor(options: OutboundOptions) {
    this.#options = options;
    this.#unconfirmed = new Unconfirmed((lengthMs) => options.metrics?.heldAudioDroppedMs.inc(lengthMs));
  }

  audio(samples: Pcm<16000>): void {
    const connection = this.#options.ready();
    if (connection === undefined) return;
    if (connection.unsentBytes() <= MAX_UNSENT_BYTES) this.#say(connection, { kind: 'sound', samples });
    else this.#options.metrics?.heldAudioDroppedMs.inc(durationMs(samples.length, 16_000));
  }

  activity(edge: 'started' | 'ended'): void {
    const connection = this.#options.ready();
    // After a break it may have been told already, with what had to be said again.
    if (connection === undefined || (edge === 'started' && this.#unconfirmed.declared)) return;
    this.#say(connection, { kind: 'activity', edge });
  }

  text(text: string, whose: Whose): void {
    this.#sendOrHold({ kind: 'text', text, whose });
  }

  answers(answers: readonly ToolAnswer[]): void {
    if (answers.length > 0) this.#sendOrHold({ kind: 'answers', answers });
  }

  /**
   * A socket is ready: it hears what the last one may not have heard, and then what was held. A session that is not the one
   * that called the tools is told their answers in words.
   */
  release(connection: Connection, isSameSession: boolean): void {
    const inWords = (answers: readonly ToolAnswer[]): void => {
      for (const { asText } of answers) if (asText !== undefined) connection.send(this.#textMessage(asText));
    };
    for (const said of this.#unconfirmed.takeAgain()) {
      if (said.kind === 'answers' && !isSameSession) inWords(said.answers);
      else this.#say(connection, said);
    }
    for (const held of this.#held.splice(0)) {
      if (held.kind === 'answers' && !isSameSession) inWords(held.answers);
      else this.#send(connection, held);
    }
  }

  /** A socket is gone, and what was sent on it after `unsureSinceMs` may not have been heard. */
  broken(unsureSinceMs: number): void {
    this.#unconfirmed.lost(unsureSinceMs);
  }

  close(): void {
    this.#closed = true;
    this.#held.length = 0;
    this.#unconfirmed.clear();
  }

  #sendOrHold(held: Held): void {
    const connection = this.#options.ready();
    if (connection !== undefined) {
      this.#send(connection, held);
    } else if (!this.#closed) {
      this.#held.push(held);
      if (this.#held.length <= MAX_HELD_MESSAGES) return;
      // A key can be pressed again; an answer that is lost is waited for in vain.
      const oldestText = this.#held.findIndex(({ kind }) => kind === 'text');
      this.#held.splice(Math.max(0, oldestText), 1);
      this.#options.logger.warn({ maxHeldMessages: MAX_HELD_MESSAGES }, 'live message given up');
    }
  }

  #send(connection: Connection, held: Held): void {
    if (held.kind === 'answers') this.#say(connection, held);
    else if (held.whose === 'caller') this.#say(connection, { kind: 'text', text: held.text });
    else connection.send(this.#textMessage(held.text));
  }

  /** What the caller does and the tools answer goes this way, so that none of it is lost with a socket. */
  #say(connection: Connection, said: Said): void {
    this.#unconfirmed.confirmed(connection.heardUpToMs());
    this.#unconfirmed.sent(said, this.#options.clock.nowMs());
    if (said.kind === 'sound') connection.send(audioMessage(said.samples));
    else if (said.kind === 'activity') connection.send(activityMessage(said.edge));
    else if (said.kind === 'answers') connection.send(toolMessage(said.answers, this.#options.settings().functions));
    else connection.send(this.#textMessage(said.text));
  }

  #textMessage(text: string): string {
    return textMessage(text, this.#options.settings().features.realtimeText);
  }
}
