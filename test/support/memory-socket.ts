/** Two ends of a WebSocket without a network: each end looks like a `ws` WebSocket; delivery goes through the clock. */
import { EventEmitter } from 'node:events';
import type { Clock, WebSocketLike } from '../../src/lib/index.ts';

export class MemorySocket extends EventEmitter implements WebSocketLike {
  bufferedAmount = 0;
  readonly sent: string[] = [];
  /** Frames leave as binary, as the Live service sends its JSON. */
  binary = false;
  #peer: MemorySocket | undefined;
  #open = true;
  /** What came while the reader paused, for `bufferedAmount` of the other end. */
  #unread: [data: Buffer, binary: boolean][] | undefined;
  readonly #clock: Clock;
  readonly #delayMs: number;

  private constructor(clock: Clock, delayMs: number) {
    super();
    this.#clock = clock;
    this.#delayMs = delayMs;
  }

  /** A connected pair; each message takes `delayMs` to arrive, and order is kept. */
  static pair(clock: Clock, delayMs = 0): [MemorySocket, MemorySocket] {
    const a = new MemorySocket(clock, delayMs);
    const b = new MemorySocket(clock, delayMs);
    a.#peer = b;
    b.#peer = a;
    return [a, b];
  }

  send(data: string | Uint8Array): void {
    if (!this.#open) return;
    this.sent.push(typeof data === 'string' ? data : Buffer.from(data).toString());
    this.#clock.after(this.#delayMs, () => {
      if (this.#peer !== undefined) this.#peer.#arrive(Buffer.from(data), this.binary);
    });
  }

  /** From now on this end reads nothing, and so answers neither a ping nor a close. */
  pause(): void {
    this.#unread ??= [];
  }

  resume(): void {
    const unread = this.#unread;
    if (unread === undefined) return;
    this.#unread = undefined;
    if (this.#peer !== undefined) this.#peer.bufferedAmount = 0;
    for (const [data, binary] of unread) this.emitIfOpen('message', data, binary);
  }

  get #unheard(): boolean {
    return this.#peer !== undefined && this.#peer.#unread !== undefined;
  }

  #arrive(data: Buffer, binary: boolean): void {
    if (this.#unread === undefined) {
      this.emitIfOpen('message', data, binary);
    } else {
      this.#unread.push([data, binary]);
      if (this.#peer !== undefined) this.#peer.bufferedAmount += data.length;
    }
  }

  ping(): void {
    if (!this.#unheard) this.#clock.after(2 * this.#delayMs, () => this.emitIfOpen('pong'));
  }

  close(code = 1005, reason = ''): void {
    if (!this.#open || this.#unheard) return;
    this.#clock.after(this.#delayMs, () => {
      this.#peer?.finish(code, reason);
      this.finish(code, reason);
    });
  }

  terminate(): void {
    this.finish(1006, '');
    if (!this.#unheard) this.#clock.after(this.#delayMs, () => this.#peer?.finish(1006, ''));
  }

  emitIfOpen(event: string, ...args: unknown[]): void {
    if (this.#open) this.emit(event, ...args);
  }

  finish(code: number, reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.emit('close', code, Buffer.from(reason));
  }
}
