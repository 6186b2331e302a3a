/**
 * What was said, oldest first, without an object for each frame: fifty of those a second and call would live just long enough for
 * the garbage collector to take them for old. Sound lies in blocks, one piece behind the other, and a block that is empty is used
 * again.
 */
import { type Pcm, pcm } from '../audio/index.ts';
import type { ToolAnswer } from './handlers.ts';

export type Said =
  | { readonly kind: 'sound'; readonly samples: Pcm<16000> }
  | { readonly kind: 'activity'; readonly edge: 'started' | 'ended' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'answers'; readonly answers: readonly ToolAnswer[] };

/** A quarter of a second: a longer block is kept for its last frame. */
const BLOCK_SAMPLES = 4_000;
/** A quarter of a second in frames of 8 ms, shorter than any provider's. */
const BLOCK_PIECES = 32;
/** As many as are in use between two confirmations, a second apart. */
const MAX_SPARE = 5;

class Block {
  readonly samples: Int16Array;
  readonly sentAtMs = new Float64Array(BLOCK_PIECES);
  /** Where each piece's samples end. */
  readonly ends = new Int32Array(BLOCK_PIECES);
  /** What is no sound, by its place among the pieces. */
  readonly others = new Map<number, Said>();
  first = 0;
  count = 0;

  constructor(samples: number) {
    this.samples = new Int16Array(samples);
  }

  get used(): number {
    return this.count === 0 ? 0 : this.ends[this.count - 1]!;
  }

  startOf(index: number): number {
    return index === 0 ? 0 : this.ends[index - 1]!;
  }

  empty(): void {
    this.first = 0;
    this.count = 0;
    // An empty map that is cleared makes itself anew.
    if (this.others.size > 0) this.others.clear();
  }
}

export class SaidBlocks {
  #blocks: Block[] = [];
  readonly #spare: Block[] = [];
  #pieces = 0;
  #samples = 0;

  get pieces(): number {
    return this.#pieces;
  }

  /** The sound among them, in samples. */
  get samples(): number {
    return this.#samples;
  }

  /** When the oldest was sent; there must be one. */
  get oldestMs(): number {
    const block = this.#blocks[0]!;
    return block.sentAtMs[block.first]!;
  }

  /** Sound is copied. */
  add(said: Said, sentAtMs: number): void {
    const length = said.kind === 'sound' ? said.samples.length : 0;
    const block = this.#blockFor(length);
    const start = block.used;
    if (said.kind === 'sound') block.samples.set(said.samples, start);
    else block.others.set(block.count, said);
    block.sentAtMs[block.count] = sentAtMs;
    block.ends[block.count] = start + length;
    block.count += 1;
    this.#pieces += 1;
    this.#samples += length;
  }

  /** Forgets the oldest; gives how many samples of sound it had, or what it was. */
  shift(): number | Said {
    const block = this.#blocks[0];
    if (block === undefined) return 0;
    const index = block.first++;
    const length = block.ends[index]! - block.startOf(index);
    const other = block.others.get(index);
    this.#pieces -= 1;
    this.#samples -= length;
    if (block.first === block.count) {
      this.#blocks.shift();
      block.empty();
      if (block.samples.length === BLOCK_SAMPLES && this.#spare.length < MAX_SPARE) this.#spare.push(block);
    }
    return other ?? length;
  }

  /** All of it, which is the caller's from now on. */
  takeAll(): Said[] {
    const blocks = this.#blocks;
    this.#blocks = [];
    this.#pieces = 0;
    this.#samples = 0;
    return blocks.flatMap((block) =>
      Array.from({ length: block.count - block.first }, (_, offset): Said => {
        const index = block.first + offset;
        const samples = block.samples.subarray(block.startOf(index), block.ends[index]);
        return block.others.get(index) ?? { kind: 'sound', samples: pcm(samples, 16_000) };
      }),
    );
  }

  #blockFor(length: number): Block {
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.count < BLOCK_PIECES && last.used + length <= last.samples.length) return last;
    const spare = length <= BLOCK_SAMPLES ? this.#spare.pop() : undefined;
    const block = spare ?? new Block(Math.max(BLOCK_SAMPLES, length));
    this.#blocks.push(block);
    return block;
  }
}
