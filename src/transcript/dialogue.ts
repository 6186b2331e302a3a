/** The newest part of the dialogue, with which a fresh Live session is told what was said so far. */
import type { Line, Speaker } from './line.ts';

export interface SaidTurn {
  readonly speaker: Speaker;
  readonly text: string;
}

/** About 5000 tokens: a sixth of the smallest context window, and some twenty minutes of talk. */
const MAX_CHARS = 20_000;

export class Dialogue {
  readonly #lines: Line[] = [];
  #chars = 0;

  add(line: Line): void {
    if (line.heardText === '') return;
    this.#lines.push(line);
    this.#chars += line.heardText.length;
    while (this.#chars > MAX_CHARS && this.#lines.length > 1) this.#chars -= this.#lines.shift()!.heardText.length;
  }

  /** In the order of speaking; lines of late transcriptions come in late. */
  turns(): SaidTurn[] {
    return this.#lines.toSorted((a, b) => a.startMs - b.startMs).map(saidTurn);
  }
}

function saidTurn({ speaker, kind, heardText }: Line): SaidTurn {
  const text = heardText.length > MAX_CHARS ? heardText.slice(-MAX_CHARS) : heardText;
  return { speaker, text: kind === 'digits' ? `(keys pressed: ${text})` : text };
}
