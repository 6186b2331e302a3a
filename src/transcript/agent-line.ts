/** The agent's side of the transcript: each turn becomes a line when it is played out or cut. */
import type { Cancel, Clock } from '../lib/index.ts';
import { tidy } from './caller-line.ts';
import type { SaidTurn } from './dialogue.ts';
import { heardText } from './heard.ts';
import type { Line } from './line.ts';

/** What became of a turn's sound. Times are the Clock's. */
export interface PlayedTurn {
  readonly startMs: number;
  readonly endMs: number;
  /** How much was played, of how much was generated until the turn ended. */
  readonly heardMs: number;
  readonly generatedMs: number;
  readonly cut: boolean;
}

/** The last words of a transcription come before the sound is played out, and up to 0.2 s after an interruption. */
const LATE_TEXT_MS = 1_000;
/** An hour of speech without a pause; what a turn says beyond that is not transcribed. */
const MAX_TURN_CHARS = 60_000;
/** Turns whose text came, and whose sound never did, are few; beyond this the oldest is forgotten. */
const MAX_OPEN_TURNS = 32;

interface Turn {
  text: string;
  startMs: number | undefined;
  played: PlayedTurn | undefined;
  cancelWait: Cancel;
}

export interface AgentLineHandlers {
  finished(line: Line, turn: number): void;
  /** The turn sounded, and no text ever came. */
  untranscribed(turn: number): void;
}

export class AgentLines {
  readonly #clock: Clock;
  readonly #handlers: AgentLineHandlers;
  readonly #turns = new Map<number, Turn>();
  #newestFinished = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, handlers: AgentLineHandlers) {
    this.#clock = clock;
    this.#handlers = handlers;
  }

  started(turn: number, atMs: number): void {
    for (const [other, { played }] of this.#turns) if (played !== undefined) this.#finish(other);
    const open = this.#turnOf(turn);
    if (open !== undefined) open.startMs ??= atMs;
  }

  said(turn: number, text: string): void {
    const open = this.#turnOf(turn);
    if (open !== undefined && open.text.length + text.length <= MAX_TURN_CHARS) open.text += text;
  }

  ended(turn: number, played: PlayedTurn): void {
    const open = this.#turnOf(turn);
    if (open === undefined || open.played !== undefined) return;
    open.played = played;
    open.cancelWait = this.#clock.after(LATE_TEXT_MS, () => this.#finish(turn));
  }

  /** Of a turn that sounded and whose end nobody told, none is claimed to have been heard. */
  finishAll(): void {
    const endMs = this.#clock.nowMs();
    for (const [turn, open] of this.#turns) {
      if (open.startMs !== undefined) {
        open.played ??= { startMs: open.startMs, endMs, heardMs: 0, generatedMs: 0, cut: true };
      }
      this.#finish(turn);
    }
  }

  /** What was heard by now of the turns without a line; `playing`: of those that play, as far as they were played. */
  heard(playing: ReadonlyMap<number, PlayedTurn>): { readonly turn: number; readonly line: Line }[] {
    return [...this.#turns].flatMap(([turn, open]) => {
      const line = lineOf({ ...open, played: open.played ?? playing.get(turn) });
      return line === undefined || line.heardText === '' ? [] : [{ turn, line }];
    });
  }

  /** The turns without a line yet. Of one that plays, all: its sound is queued, and will be heard. */
  saying(): SaidTurn[] {
    return Array.from(this.#turns.values(), heardOf)
      .filter((text) => text !== '')
      .map((text) => ({ speaker: 'agent', text }));
  }

  /** undefined for a turn whose line is finished: what still comes for it is not known to have been heard. */
  #turnOf(turn: number): Turn | undefined {
    const open = this.#turns.get(turn);
    if (open !== undefined || turn <= this.#newestFinished) return open;
    if (this.#turns.size >= MAX_OPEN_TURNS) this.#finish(this.#turns.keys().next().value!);
    const created: Turn = { text: '', startMs: undefined, played: undefined, cancelWait: () => undefined };
    this.#turns.set(turn, created);
    return created;
  }

  #finish(turn: number): void {
    const open = this.#turns.get(turn);
    if (open === undefined) return;
    open.cancelWait();
    this.#turns.delete(turn);
    this.#newestFinished = Math.max(this.#newestFinished, turn);
    // Never played: generated for nobody, so that it is no part of the dialogue.
    if (open.played === undefined || open.startMs === undefined) return;
    const line = lineOf(open);
    if (line === undefined) this.#handlers.untranscribed(turn);
    else this.#handlers.finished(line, turn);
  }
}

/** undefined: it has not sounded, or its words have not come. */
function lineOf(open: Pick<Turn, 'text' | 'played'>): Line | undefined {
  const text = tidy(open.text);
  if (open.played === undefined || text === '') return undefined;
  const { startMs, endMs, cut } = open.played;
  return { speaker: 'agent', kind: 'speech', text, heardText: heardOf(open), cut, startMs, endMs };
}

function heardOf({ text, played }: Pick<Turn, 'text' | 'played'>): string {
  return played?.cut ? heardText(tidy(text), played.heardMs, played.generatedMs) : tidy(text);
}
