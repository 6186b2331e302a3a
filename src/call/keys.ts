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
    this.#cancel();
    const ends = key === terminator;
    this.#options.pressed(secret && !ends ? HIDDEN : key);
    // By itself it is a key like any other.
    if (!ends || this.#entering === '') this.#entering += key;
    if (ends || this.#entering.length >= maxDigits) this.#finish();
    else this.#cancel = this.#options.clock.after(interDigitMs, () => this.#finish());
  }

  /** The call is over. */
  close(): void {
    this.#cancel();
  }

  #finish(): void {
    const { secret, terminator } = this.#settings;
    const entered = this.#entering;
    this.#entering = '';
    this.#entered = entered === terminator ? '' : entered;
    this.#options.entered(secret && this.#entered !== '' ? secretOrder(entered.length) : order(entered));
  }
}

const order = (keys: string): string => `[The caller pressed ${keys} on the telephone.]`;

function secretOrder(count: number): string {
  const keys = count === 1 ? '1 key' : `${count} keys`;
  return `[The caller pressed ${keys} on the telephone. Which ones is a secret: your tools know them, and nobody is to say them aloud.]`;
}
