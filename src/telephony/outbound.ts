/**
 * What leaves for a provider that may read slowly. While it reads, messages go out at once; when it does not, they wait here
 * in their order, and beyond a bound the oldest sound is given up: what is newest is what the caller should hear when the way is
 * free again. Control is never given up, and a clear takes the sound that waits with it.
 */
import type { Cancel, Clock, MessageSocket } from '../lib/index.ts';

/** 6 s of G.711 in base64, a little more than any playout lead: with so much unread in the socket, the rest waits here. */
const MAX_UNREAD_BYTES = 64 * 1024;
/** 18 s more. The network has stood still: what is older would come too late. */
const MAX_WAITING_SOUND_BYTES = 192 * 1024;
/** Only control messages get it this far; the peer does not read at all. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** Sockets do not tell when they are read; the lead hides so long a wait. */
const LOOK_EVERY_MS = 50;

export type Sendable = 'audio' | 'mark' | 'clear';

interface Waiting {
  readonly message: string;
  /** The length of its sound; 0 for control. */
  readonly soundBytes: number;
}

export interface OutboundHandlers {
  /** Sound was given up, the oldest first. */
  lost(soundBytes: number): void;
  /** So much control waits that the peer is not there. */
  stuck(waitingBytes: number): void;
}

export class Outbound {
  readonly #socket: MessageSocket;
  readonly #clock: Clock;
  readonly #handlers: OutboundHandlers;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #waitingSoundBytes = 0;
  #cancelLook: Cancel | undefined;

  constructor(socket: MessageSocket, clock: Clock, handlers: OutboundHandlers) {
    this.#socket = socket;
    this.#clock = clock;
    this.#handlers = handlers;
  }

  send(kind: Sendable, message: string, soundBytes: number): void {
    if (kind === 'clear') this.#forgetSound();
    this.#flush();
    if (this.#waiting.length === 0 && this.#socket.bufferedBytes() <= MAX_UNREAD_BYTES) {
      this.#socket.send(message);
      return;
    }
    this.#waiting.push({ message, soundBytes });
    this.#count(message, soundBytes, 1);
    this.#cancelLook ??= this.#clock.every(LOOK_EVERY_MS, () => this.#flush());
    while (this.#waitingSoundBytes > MAX_WAITING_SOUND_BYTES) this.#loseOldestSound();
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.#handlers.stuck(this.#waitingBytes);
  }

  close(): void {
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    this.#waiting = [];
  }

  #flush(): void {
    while (this.#waiting.length > 0 && this.#socket.bufferedBytes() <= MAX_UNREAD_BYTES) {
      const { message, soundBytes } = this.#waiting.shift()!;
      this.#count(message, soundBytes, -1);
      this.#socket.send(message);
    }
    if (this.#waiting.length > 0) return;
    this.#cancelLook?.();
    this.#cancelLook = undefined;
  }

  #loseOldestSound(): void {
    const index = this.#waiting.findIndex(({ soundBytes }) => soundBytes > 0);
    const [oldest] = this.#waiting.splice(index, 1);
    this.#count(oldest!.message, oldest!.soundBytes, -1);
    this.#handlers.lost(oldest!.soundBytes);
  }

  /** The provider would play none of it. */
  #forgetSound(): void {
    for (const { message, soundBytes } of this.#waiting) if (soundBytes > 0) this.#count(message, soundBytes, -1);
    this.#waiting = this.#waiting.filter(({ soundBytes }) => soundBytes === 0);
  }

  #count(message: string, soundBytes: number, sign: 1 | -1): void {
    this.#waitingBytes += sign * message.length;
    if (soundBytes > 0) this.#waitingSoundBytes += sign * message.length;
  }
}
