/**
 * Knows, from what happens alone, when it is the agent's turn and nothing comes, and then takes one rung of the ladder after
 * another. An agent that is rightly silent is left alone: it waits for the caller, listens, is still being heard, has a tool
 * that works, or has no stream or session to speak through.
 *
 *   nothing missing ──asked, caller's turn over, interrupted──▶ an answer missing ──speech──▶ the rest missing
 *         ▲                                                                                        │
 *         └───────────── generation or turn completed with speech in it ───────────────────────────┘
 */
import type { Likeness } from '../audio/index.ts';
import type { Clock } from '../lib/index.ts';
import { CallerClaim } from './caller-claim.ts';
import { type Missing, type MuteWhy, type Patience, RUNGS, type Rung, type Turn, waitBefore } from './patience.ts';
import { WorkingTools } from './working-tools.ts';

/** What the service's detection takes on top of the silence that it was asked for: 1.16 s were seen with 800 ms. */
const DETECTION_EXTRA_MS = 400;
/** Transcriptions were seen to come 1.2 s after the voice; one that comes while the answer is this young is no new turn. */
const LATE_TEXT_MS = 5_000;
/** The model has said that its turn is over, and it brought nothing: nothing more is to be waited for. */
const FINISHED_MS = 500;
/** A pause of speech, or the breath before it, is shorter than this much silence or tone; both may be said by an agent on purpose. */
const SILENT_TOO_LONG_MS = 2_000;
const TONE_TOO_LONG_MS = 3_000;
/** When the caller speaks again before this, the model's turn had hardly begun: it is the same turn of the caller. */
const SAME_TURN_MS = 500;
/** What the answer to words that the caller has added may take; but nobody who says "hello?" every other second waits for ever. */
const ADDED_WORDS_MS = 2_000;

export interface WatchdogOptions {
  readonly clock: Clock;
  /** undefined: nobody watches. */
  readonly patience: Patience | undefined;
  /** The silence that ends the caller's turn, as the agent's settings have it. */
  readonly silenceMs: number;
  /** The model may decide not to answer: one nudge asks whether it did, and its not answering that is an answer. */
  readonly mayStaySilent: boolean;
  /** Whether there is a session to speak and a stream to be heard by. */
  readonly talking: () => boolean;
  readonly rung: (rung: Rung, why: MuteWhy) => void;
}

export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #detectionMs: number;
  #missing: Missing | undefined;
  #rungs = 0;
  /** Whether anything at all came from the service since it began to be missed. */
  #frames = false;
  #everSpoke = false;
  #turn: Turn | undefined;
  #turnStartMs = Number.NEGATIVE_INFINITY;
  /** Something was asked while the agent spoke: the answer is another turn. */
  #askedMeanwhile = false;
  #cutJustNow = false;
  /** When the agent's speech so far will have been said, if it is said without a pause. */
  #speechUntilMs = Number.NEGATIVE_INFINITY;
  readonly #caller = new CallerClaim();
  readonly #tools = new WorkingTools();

  constructor(options: WatchdogOptions) {
    this.#options = options;
    this.#detectionMs = options.silenceMs + DETECTION_EXTRA_MS;
  }

  /** Whether the agent has ever been heard to speak. */
  get everSpoke(): boolean {
    return this.#everSpoke;
  }

  /** Whether a session that is ready now must be told that the caller waits. */
  get climbing(): boolean {
    return this.#rungs > 0 && this.#missing !== undefined;
  }

  /** Whether the agent has something to say, or a tool of its works. */
  get owes(): boolean {
    return this.#missing !== undefined || this.#tools.someAt(this.#now);
  }

  /** Whether the caller waits for an answer to a whole turn that was over by `atMs`. */
  callerWaitsSince(atMs: number): boolean {
    return this.#missing?.why === 'noAnswer' && this.#caller.wasDoneBy(atMs, this.#now - this.#detectionMs);
  }

  /** The agent must say something: a text asks for it, such as the greeting's order. */
  asked(): void {
    if (this.#turn?.spoke) this.#askedMeanwhile = true;
    else this.#miss('noAnswer', this.#answerMs);
  }

  /** The agent is heard again: first what is left of its sound, and then nobody knows whose turn it is. */
  heardAgain(leftMs: number): void {
    this.#speechUntilMs = this.#now + leftMs;
    this.asked();
  }

  /** A session is there, for the first time or again: what was under way on the last socket will not come. */
  sessionReady(how: 'new' | 'resumed' | 'reseeded'): void {
    this.#turn = undefined;
    this.#cutJustNow = false;
    if (how !== 'resumed') this.#tools.forget();
  }

  /** An edge of the caller's voice by our own gate, at the time at which it really was. */
  callerVoice(edge: 'started' | 'ended', atMs: number): void {
    this.#caller[edge](atMs);
    if (edge === 'started' || this.#heard) return;
    const missing = this.#missing;
    if (missing === undefined) {
      if (this.#caller.isDue) this.#miss('noAnswer', this.#detectionMs + this.#answerMs, atMs);
    } else if (missing.sinceMs >= this.#caller.startMs - this.#detectionMs - SAME_TURN_MS) {
      missing.sinceMs = atMs;
    }
  }

  /** The model says that the caller's turn is over, by a transcription or an edge. */
  callerUnderstood(): void {
    this.#frames = true;
    if (this.#heard || this.#turn?.sounded) return;
    const late = !this.#caller.voiced && this.#now - this.#turnStartMs < LATE_TEXT_MS;
    if (!late) this.#miss('noAnswer', this.#answerMs);
  }

  /** A frame that says nothing of the turn. */
  frame(): void {
    this.#frames = true;
  }

  agentWords(): void {
    this.#openTurn();
  }

  /** A chunk of the agent's sound, and what it is like. */
  agentSound({ kind, lastedMs }: Likeness, lengthMs: number): void {
    const turn = this.#openTurn();
    turn.sounded = true;
    if (kind === 'silence') {
      if (lastedMs >= SILENT_TOO_LONG_MS) this.#dead(turn, 'nearSilent');
      return;
    }
    if (kind === 'tone' && lastedMs >= TONE_TOO_LONG_MS) {
      this.#dead(turn, 'steadyTone');
      return;
    }
    if (kind === 'speech') {
      turn.dead = undefined;
      this.#rungs = 0;
      this.#everSpoke = true;
    }
    if (turn.dead !== undefined) return;
    turn.spoke = true;
    this.#caller.answered();
    this.#speechUntilMs = Math.max(this.#now, this.#speechUntilMs) + lengthMs;
    this.#missing = { why: 'stalled', sinceMs: this.#speechUntilMs, limitMs: this.#options.patience?.stallMs ?? 0 };
  }

  /** All of the turn's sound has come. */
  generationCompleted(): void {
    this.#frames = true;
    if (this.#turn?.spoke && this.#turn.dead === undefined) this.#settle();
  }

  turnCompleted({ reason, idle }: { readonly reason: string | undefined; readonly idle: boolean }): void {
    this.#frames = true;
    const turn = this.#turn;
    const ofCutTurn = this.#cutJustNow;
    this.#turn = undefined;
    this.#cutJustNow = false;
    if (turn?.spoke && turn.dead === undefined) {
      this.#settle();
      // A filler: the model goes on to think, and owes the answer itself.
      if (!idle) this.#miss('noAnswer', this.#answerMs);
    } else if (turn !== undefined || !ofCutTurn) this.#cameEmpty(turn, reason, idle);
  }

  /** The service stopped the agent, because it heard the caller, or believes so. */
  bargedIn(): void {
    this.#frames = true;
    const hadToSay = this.#heard || this.#turn !== undefined || this.#missing !== undefined;
    this.#turn = undefined;
    this.#cutJustNow = true;
    this.#askedMeanwhile = false;
    this.#speechUntilMs = this.#now;
    if (hadToSay) this.#missInstead('interrupted', this.#detectionMs + this.#answerMs);
  }

  toolsCalled(ids: readonly string[]): void {
    this.#openTurn().calledTools = true;
    this.#tools.called(ids, this.#now);
  }

  toolsAnswered(ids: readonly string[]): void {
    this.#tools.settled(ids);
    if (!this.#tools.someAt(this.#now)) this.asked();
  }

  toolsCancelled(ids: readonly string[]): void {
    this.#tools.settled(ids);
  }

  /** Called a few times a second: looks at what only time tells. */
  tick(): void {
    const { patience, talking } = this.#options;
    const missing = this.#missing;
    if (patience === undefined || missing === undefined) return;
    const nowMs = this.#now;
    if (!talking() || this.#heard || this.#tools.someAt(nowMs)) {
      missing.sinceMs = Math.max(nowMs, missing.sinceMs);
      return;
    }
    if (this.#caller.speaks) return;
    const limitMs = waitBefore(this.#rungs, missing.limitMs, patience);
    const waitedMs = nowMs - missing.sinceMs;
    if (waitedMs < limitMs) return;
    const hearOutMs = this.#detectionMs + (waitedMs < 2 * limitMs ? ADDED_WORDS_MS : SAME_TURN_MS);
    if (nowMs - this.#caller.endMs >= hearOutMs) this.#climb(missing);
  }

  #climb(missing: Missing): void {
    const framesCame = this.#frames;
    this.#frames = false;
    if (this.#options.mayStaySilent && this.#rungs > 0 && missing.why === 'noAnswer' && framesCame) {
      this.#missing = undefined;
      this.#rungs = 0;
      return;
    }
    const rung = RUNGS[this.#rungs]!;
    const why = missing.why === 'noAnswer' && !framesCame ? 'noFrame' : missing.why;
    missing.sinceMs = this.#now;
    this.#rungs += 1;
    if (rung === 'goodbye') {
      this.#missing = undefined;
      this.#rungs = 0;
    }
    this.#options.rung(rung, why);
  }

  get #now(): number {
    return this.#options.clock.nowMs();
  }

  get #answerMs(): number {
    return this.#options.patience?.answerMs ?? 0;
  }

  /** Whether the agent's speech is being heard, or on its way. */
  get #heard(): boolean {
    return this.#now < this.#speechUntilMs;
  }

  #openTurn(): Turn {
    this.#frames = true;
    this.#cutJustNow = false;
    if (this.#turn === undefined) this.#turnStartMs = this.#now;
    this.#turn ??= { spoke: false, sounded: false, dead: undefined, calledTools: false };
    return this.#turn;
  }

  /** The agent's sound is none, and what of it still plays is worth nothing. */
  #dead(turn: Turn, why: 'nearSilent' | 'steadyTone'): void {
    if (turn.dead !== undefined) return;
    turn.dead = why;
    if (why === 'steadyTone') this.#speechUntilMs = this.#now;
    else if (this.#missing === undefined) return;
    this.#missInstead(why, FINISHED_MS);
  }

  #cameEmpty(turn: Turn | undefined, reason: string | undefined, idle: boolean): void {
    if (this.#missing === undefined) return;
    // The model waits for the rest of what the caller has to say, who may have said it all.
    if (reason === 'NEED_MORE_INPUT') this.#missInstead('noAnswer', 2 * this.#answerMs);
    else if (idle && !turn?.calledTools) {
      this.#missInstead(turn?.dead ?? (turn?.sounded ? 'nearSilent' : 'emptyTurn'), FINISHED_MS);
    }
  }

  /** What the caller said after the turn's sound was over is owed by the next one. */
  #settle(): void {
    if (this.#missing?.why !== 'noAnswer') this.#missing = undefined;
    if (this.#askedMeanwhile) this.#miss('noAnswer', this.#answerMs);
    this.#askedMeanwhile = false;
  }

  /** What is missing already is not missed anew. */
  #miss(why: MuteWhy, limitMs: number, sinceMs = this.#now): void {
    if (this.#missing !== undefined) return;
    this.#missing = { why, sinceMs, limitMs };
    this.#frames = false;
  }

  /** More is known of what is missing. Once rungs are taken, their time counts. */
  #missInstead(why: MuteWhy, limitMs: number): void {
    const sinceMs = this.#rungs > 0 ? Math.min(this.#now, this.#missing?.sinceMs ?? this.#now) : this.#now;
    this.#missing = { why, sinceMs, limitMs };
  }
}
