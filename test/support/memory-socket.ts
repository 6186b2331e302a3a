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
  #wired = true;
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

  send(data: string): void {
    if (!this.#open) return;
    this.sent.push(data);
    this.#clock.after(this.#delayMs, () => this.#peer?.emitIfOpen('message', Buffer.from(data), this.binary));
  }

  ping(): void {
    if (this.#wired) this.#clock.after(2 * this.#delayMs, () => this.emitIfOpen('pong'));
  }

  close(code = 1005, reason = ''): void {
    if (!this.#open || !this.#wired) return;
    this.#clock.after(this.#delayMs, () => {
      this.#peer?.finish(code, reason);
      this.finish(code, reason);
    });
  }

  terminate(): void {
    this.finish(1006, '');
    if (this.#wired) this.#clock.after(this.#delayMs, () => this.#peer?.finish(1006, ''));
  }

  /** From now on nothing leaves or reaches this end. */
  cutWire(): void {
    this.#wired = false;
  }

  emitIfOpen(event: string, ...args: unknown[]): void {
    if (this.#open && this.#wired) this.emit(event, ...args);
  }

  finish(code: number, reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.emit('close', code, Buffer.from(reason));
  }
}
