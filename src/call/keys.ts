/** The keys that the caller presses, put together to what they mean by them: a choice, a number, a code. */
import type { Cancel, Clock } from '../lib/index.ts';

export interface KeySettings {
  /** So long after a key the next one belongs to something else. */
  readonly interDigitMs: number;
  /** The key that ends what is entered, and is no part of it. */
  readonly terminator?: string | undefined;
  readonly maxDigits: number;
  /** Nobody but the agent's tools gets to know what was entered. */
  readonly secret: boolean;
}

/** A key by itself means something: a choice from a menu. */
const EACH_ALONE: KeySettings = { interDigitMs: 0, maxDigits: 1, secret: false };
/** Who is asked to finish with a key presses it also when all is known to be entered: later than this it stands for itself. */
const LATE_TERMINATOR_MS = 5_000;
/** Stands for a secret key in the transcript. */
const HIDDEN = '•';

export interface KeysOptions {
  readonly clock: Clock;
  /** undefined: each key is told by itself. */
  readonly settings: KeySettings | undefined;
  /** One key, as the transcript may have it. */
  readonly pressed: (key: string) => void;
  /** What the model is told of all of them. */
  readonly entered: (text: string) => void;
}

export class Keys {
  readonly #options: KeysOptions;
  readonly #settings: KeySettings;
  #entering = '';
  #entered = '';
  /** Until then a terminator belongs to what was entered last, and says nothing new. */
  #lateUntilMs = Number.NEGATIVE_INFINITY;
  #cancel: Cancel = () => undefined;

  constructor(options: KeysOptions) {
    this.#options = options;
    this.#settings = options.settings ?? EACH_ALONE;
  }

  /** What was entered last, also when it is secret; empty before. */
  get entered(): string {
    return this.#entered;
  }

  press(key: string): void {
    const { interDigitMs, terminator, maxDigits, secret } = this.#settings;
    const { clock, pressed } = this.#options;
    this.#cancel();
    const ends = key === terminator;
    pressed(secret && !ends ? HIDDEN : key);
    if (ends) {
      this.#terminated(key);
      return;
    }
    this.#entering += key;
    if (this.#entering.length >= maxDigits) this.#finishUnterminated();
    else this.#cancel = clock.after(interDigitMs, () => this.#finishUnterminated());
  }

  /** The call is over. */
  close(): void {
    this.#cancel();
  }

  #terminated(key: string): void {
    const { clock, entered } = this.#options;
    const isLate = clock.nowMs() < this.#lateUntilMs;
    this.#lateUntilMs = Number.NEGATIVE_INFINITY;
    if (this.#entering !== '') this.#finish();
    // By itself it is a key like any other.
    else if (!isLate) entered(order(key));
  }

  #finishUnterminated(): void {
    this.#lateUntilMs = this.#options.clock.nowMs() + LATE_TERMINATOR_MS;
    this.#finish();
  }

  #finish(): void {
    const entered = this.#entering;
    this.#entering = '';
    this.#entered = entered;
    this.#options.entered(this.#settings.secret ? secretOrder(entered.length) : order(entered));
  }
}

const order = (keys: string): string => `[The caller pressed ${keys} on the telephone.]`;

function secretOrder(count: number): string {
  const keys = count === 1 ? '1 key' : `${count} keys`;
  return `[The caller pressed ${keys} on the telephone. Which ones is a secret: your tools know them, and nobody is to say them aloud.]`;
}
