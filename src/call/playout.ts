/**
 * What the provider is given to play, and what of it the caller has heard.
 *
 * Sound goes out ahead of real time up to the provider's lead, in order, with a mark about every 200 ms and at the end
 * of each turn. The provider echoes a mark when everything before it was played, so the last echo, carried on by the
 * clock up to the next mark, is what was heard. A clear makes the provider echo all outstanding marks at once: marks
 * carry an epoch, and echoes of an earlier epoch prove nothing.
 */
import type { Pcm } from '../audio/index.ts';
import type { Clock } from '../lib/index.ts';
import type { PlayedTurn } from '../transcript/index.ts';
import { QueuedTurn, TurnTapes } from './queued-turn.ts';

const SAMPLES_PER_MS = 8;
/**
 * After so much sound comes a mark: what was heard is known to about a fifth of a second and estimated within. No message is cut
 * for it. A little less than 200 ms, as of five chunks of 40 ms the first is shorter by the filter's delay.
 */
const MARK_AFTER_SAMPLES = 190 * SAMPLES_PER_MS;
/** An echo that is this late will not come: the turn counts as played by the clock. Telephone paths stay well below. */
const MARK_GRACE_MS = 2_000;
/** An echo that is later than telephone networks make it: the sound before it was held up on its way to the provider. */
const HELD_UP_MS = 500;
/** Five minutes of speech in one turn are more than any model says; what goes beyond is dropped. */
const MAX_QUEUED_SAMPLES = 300_000 * SAMPLES_PER_MS;

export interface PlayoutHandlers {
  /** The first sound of a turn reaches the caller at `atMs`, which may lie a little ahead. */
  turnStarted(turn: number, atMs: number): void;
  turnEnded(turn: number, played: PlayedTurn): void;
  /** Sound beyond the bound was dropped. */
  overflowed(droppedMs: number): void;
}

/** What a call's record says of how the agent's sound went out. */
export interface PlayoutSummary {
  /** Times that a turn ran dry before its end: the model was slower than speech, or we were. */
  readonly gaps: number;
  readonly gapMs: number;
  /** What waited for the stream to start. */
  readonly heldMs: number;
  readonly droppedMs: number;
}

/** Where a playout sends: a stream, with its provider's ways. */
export interface PlayoutSink {
  readonly leadMs: number;
  readonly maxMessageMs: number;
  /** Sound for the caller; valid during this function only. */
  play(samples: Pcm<8000>): void;
  mark(name: string): void;
  clear(): void;
}

interface Mark {
  readonly name: string;
  readonly turn: QueuedTurn;
  readonly atSamples: number;
  readonly endsTurn: boolean;
  /** When the sound before it will have been played. */
  dueMs: number;
}

export class Playout {
  readonly #clock: Clock;
  readonly #handlers: PlayoutHandlers;
  #sink: PlayoutSink | undefined;
  /** Turns not yet heard to their end, oldest first. */
  #turns: QueuedTurn[] = [];
  /** Marks sent in this epoch and not echoed, oldest first. */
  #marks: Mark[] = [];
  readonly #tapes = new TurnTapes();
  #epoch = 0;
  #markNumber = 0;
  #gaps = 0;
  #gapMs = 0;
  #heldMs = 0;
  #droppedMs = 0;
  /** When everything sent so far will have been played. */
  #playedUntilMs = 0;

  constructor(clock: Clock, handlers: PlayoutHandlers) {
    this.#clock = clock;
    this.#handlers = handlers;
  }

  /** Nothing is queued, under way to the caller, or expected. */
  get idle(): boolean {
    return this.#turns.length === 0;
  }

  /** The caller hears the agent, or is about to. */
  get sounding(): boolean {
    return this.#clock.nowMs() < this.#playedUntilMs;
  }

  /** How long the sound lasts that the caller has still to hear. */
  get leftMs(): number {
    const queuedSamples = this.#turns.reduce((sum, turn) => sum + turn.queuedSamples, 0);
    return Math.max(0, this.#playedUntilMs - this.#clock.nowMs()) + queuedSamples / SAMPLES_PER_MS;
  }

  /** The stream is open: what was queued meanwhile goes out. */
  attach(sink: PlayoutSink): void {
    this.#sink = sink;
    this.#playedUntilMs = this.#clock.nowMs();
    this.topUp();
  }

  /** Adds sound to the end of a turn, which opens with its first piece. Copies `samples`. */
  enqueue(turnId: number, samples: Pcm<8000>): void {
    if (samples.length === 0) return;
    const turn = this.#turn(turnId) ?? this.#open(turnId);
    if (turn.queuedSamples + samples.length > MAX_QUEUED_SAMPLES) {
      this.#droppedMs += samples.length / SAMPLES_PER_MS;
      this.#handlers.overflowed(samples.length / SAMPLES_PER_MS);
      return;
    }
    if (this.#sink === undefined) this.#heldMs += samples.length / SAMPLES_PER_MS;
    turn.add(samples);
    this.topUp();
  }

  /** The turn is generated to its end; its end mark follows its last sound. */
  completeTurn(turnId: number): void {
    const turn = this.#turn(turnId);
    if (turn === undefined) return;
    turn.complete = true;
    this.topUp();
  }

  /** Drops everything that the caller has not heard, here and at the provider. */
  clear(): void {
    const turns = this.#turns;
    if (turns.length === 0) return;
    const nowMs = this.#clock.nowMs();
    const played = turns.map((turn) => turn.played(nowMs, this.#nextMark(turn)));
    this.#turns = [];
    this.#marks = [];
    this.#epoch += 1;
    this.#markNumber = 0;
    this.#playedUntilMs = nowMs;
    if (turns.some((turn) => turn.sentSamples > 0)) this.#sink?.clear();
    this.#tapes.giveBack(turns[0]!.tape);
    for (const [index, turn] of turns.entries()) this.#handlers.turnEnded(turn.id, played[index]!);
  }

  /**
   * The stream is gone: what was sent and not heard waits with the rest for the next one. Gives what was played of the turns that
   * were under way.
   */
  rewind(): ReadonlyMap<number, PlayedTurn> {
    const nowMs = this.#clock.nowMs();
    const playing = new Map<number, PlayedTurn>();
    for (const turn of this.#turns) {
      if (turn.startMs === undefined) continue;
      playing.set(turn.id, turn.played(nowMs, this.#nextMark(turn)));
      turn.rewind(Math.max(turn.echoedSamples, turn.heardSamples(nowMs, this.#nextMark(turn)) - turn.lostSamples));
    }
    this.#sink = undefined;
    this.#marks = [];
    this.#epoch += 1;
    this.#markNumber = 0;
    this.#playedUntilMs = nowMs;
    return playing;
  }

  /** The provider echoed a mark. Echoes of an earlier epoch, unknown and repeated ones are ignored. */
  markReached(name: string): void {
    const index = this.#marks.findIndex((mark) => mark.name === name);
    if (index < 0) return;
    const nowMs = this.#clock.nowMs();
    const reached = this.#marks.splice(0, index + 1);
    const lateMs = nowMs - reached.at(-1)!.dueMs;
    if (lateMs > HELD_UP_MS) this.#heldUp(reached[0]!.turn, lateMs);
    for (const mark of reached) this.#passed(mark, nowMs);
    this.topUp();
  }

  /** Of what was sent and not heard, the oldest `lengthMs` never reached the provider. */
  lost(lengthMs: number): void {
    this.#droppedMs += lengthMs;
    let left = lengthMs * SAMPLES_PER_MS;
    for (const turn of this.#turns) {
      const here = Math.min(left, turn.sentSamples - turn.echoedSamples - turn.lostSamples);
      if (here <= 0) continue;
      turn.lostSamples += here;
      left -= here;
    }
  }

  /** Sends what the lead has room for, and gives up on echoes that are too late. Called by the ticker. */
  topUp(): void {
    if (this.#sink === undefined) return;
    this.#giveUpOnEchoes();
    for (const turn of this.#turns) {
      if (!this.#sendFrom(turn, this.#sink)) return;
    }
  }

  summary(): PlayoutSummary {
    return { gaps: this.#gaps, gapMs: this.#gapMs, heldMs: this.#heldMs, droppedMs: this.#droppedMs };
  }

  /** The call is over: whatever was not heard by now never will be. */
  close(): void {
    const nowMs = this.#clock.nowMs();
    const turns = this.#turns;
    this.#turns = [];
    this.#marks = [];
    this.#sink = undefined;
    for (const turn of turns) this.#handlers.turnEnded(turn.id, turn.played(nowMs, this.#nextMark(turn)));
  }

  #turn(id: number): QueuedTurn | undefined {
    return this.#turns.find((turn) => turn.id === id);
  }

  #open(id: number): QueuedTurn {
    const turn = new QueuedTurn(id, this.#tapes.take());
    this.#turns.push(turn);
    return turn;
  }

  /** Sends from one turn until the lead is full (false) or nothing of it is left (true when it is complete). */
  #sendFrom(turn: QueuedTurn, sink: PlayoutSink): boolean {
    while (turn.queuedSamples > 0) {
      const nowMs = this.#clock.nowMs();
      if (this.#playedUntilMs - nowMs >= sink.leadMs) return false;
      const samples = turn.take(sink.maxMessageMs * SAMPLES_PER_MS);
      if (turn.startMs !== undefined) this.#noteGap(nowMs - this.#playedUntilMs);
      const startMs = Math.max(nowMs, this.#playedUntilMs);
      this.#playedUntilMs = startMs + samples.length / SAMPLES_PER_MS;
      turn.playedUntilMs = this.#playedUntilMs;
      if (turn.echoedAtMs === Number.POSITIVE_INFINITY) turn.echoedAtMs = startMs;
      turn.samplesSinceMark += samples.length;
      sink.play(samples);
      if (turn.samplesSinceMark >= MARK_AFTER_SAMPLES)
        this.#sendMark(turn, sink, turn.complete && turn.queuedSamples === 0);
      if (turn.startMs === undefined) {
        turn.startMs = startMs;
        this.#handlers.turnStarted(turn.id, startMs);
      }
    }
    if (!turn.complete) return false;
    if (!turn.endMarkSent) this.#sendMark(turn, sink, true);
    return true;
  }

  #sendMark(turn: QueuedTurn, sink: PlayoutSink, endsTurn: boolean): void {
    const name = `${this.#epoch}:${this.#markNumber++}`;
    turn.samplesSinceMark = 0;
    turn.endMarkSent = endsTurn;
    this.#marks.push({ name, turn, atSamples: turn.sentSamples, endsTurn, dueMs: this.#playedUntilMs });
    sink.mark(name);
  }

  #noteGap(gapMs: number): void {
    if (gapMs <= 0) return;
    this.#gaps += 1;
    this.#gapMs += gapMs;
  }

  #passed(mark: Mark, nowMs: number): void {
    mark.turn.echoedSamples = mark.atSamples;
    mark.turn.confirm(mark.atSamples);
    mark.turn.echoedAtMs = nowMs;
    if (!mark.endsTurn) return;
    this.#turns = this.#turns.filter((turn) => turn !== mark.turn);
    const played = mark.turn.played(nowMs, this.#nextMark(mark.turn));
    this.#tapes.giveBack(mark.turn.tape);
    this.#handlers.turnEnded(mark.turn.id, played);
  }

  /** What was sent of this turn, and all behind it, is heard so much later than it was sent for. */
  #heldUp(from: QueuedTurn, lateMs: number): void {
    for (const turn of this.#turns.slice(this.#turns.indexOf(from))) turn.heldUp(lateMs);
    for (const mark of this.#marks) mark.dueMs += lateMs;
    this.#playedUntilMs += lateMs;
  }

  #giveUpOnEchoes(): void {
    const nowMs = this.#clock.nowMs();
    if (this.#marks.length === 0 || nowMs < this.#playedUntilMs + MARK_GRACE_MS) return;
    for (const mark of this.#marks.splice(0)) this.#passed(mark, nowMs);
  }

  /** Where the next mark stands that was not echoed, in samples of the turn. */
  #nextMark(turn: QueuedTurn): number {
    return this.#marks.find((mark) => mark.turn === turn)?.atSamples ?? turn.sentSamples;
  }
}
