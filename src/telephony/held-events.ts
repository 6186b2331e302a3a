/** What a stream hears while its call has not taken it yet: kept in order, and within a bound. */
import type { StreamHandlers } from './stream.ts';

/** Six seconds of 20 ms frames: more than the call has time for. */
const MAX_EVENTS = 300;

type Listener = Omit<StreamHandlers, 'soundLost' | 'ended'>;

interface Held {
  readonly isSound: boolean;
  readonly tell: (listener: Listener) => void;
}

export class HeldEvents implements Listener {
  readonly #events: Held[] = [];

  audio(lent: Uint8Array, timestampMs: number | undefined, missedFrames: number): void {
    const payload = lent.slice();
    this.#hold({ isSound: true, tell: (listener) => listener.audio(payload, timestampMs, missedFrames) });
  }

  digit(digit: string): void {
    this.#hold({ isSound: false, tell: (listener) => listener.digit(digit) });
  }

  markReached(name: string): void {
    this.#hold({ isSound: false, tell: (listener) => listener.markReached(name) });
  }

  giveTo(listener: Listener, isOver: () => boolean): void {
    for (const { tell } of this.#events) if (!isOver()) tell(listener);
  }

  /** Beyond the bound the oldest sound goes; where only keys came, which no phone does, it is the newest, at -1. */
  #hold(event: Held): void {
    this.#events.push(event);
    if (this.#events.length <= MAX_EVENTS) return;
    this.#events.splice(
      this.#events.findIndex(({ isSound }) => isSound),
      1,
    );
  }
}
