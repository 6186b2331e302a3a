/**
 * The model's side of a session: one turn at a time, the others wait.
 *
 *   idle ──ask──▶ thinking ──delay──▶ speaking ──over──▶ idle
 *     ▲              │                 │  └─blocking calls──▶ awaitingTools ──answered──▶ idle
 *     └──interrupt───┘                 └──interrupt──▶ interrupted ──turnComplete──▶ idle
 */
import type { Pcm } from '../../audio/index.ts';
import type { Cancel, Clock } from '../../lib/index.ts';
import { type AnswerStyle, planAnswer, type Step, staysSilent } from './answer.ts';
import { happensToSocket, type SocketFault, type TurnSocketFault } from './faults.ts';
import type { FallbackTurn } from './scenario.ts';
import { grounded, type ServerMessage, spoken } from './server-messages.ts';
import type { WritableRecord } from './session-record.ts';
import { INTERRUPTED_TO_COMPLETE_MS } from './timings.ts';
import type { PlannedCall, ToolLedger } from './tool-ledger.ts';
import type { UsageMeter } from './usage.ts';

export interface SpeakerParts {
  readonly clock: Clock;
  readonly style: AnswerStyle;
  readonly ledger: ToolLedger;
  readonly meter: UsageMeter;
  readonly record: WritableRecord;
  send(message: ServerMessage): void;
  suffer(fault: SocketFault): void;
  /** The turn's calls as setup allows them. */
  callsOf(turn: FallbackTurn): readonly PlannedCall[];
  callerSpeaks(): boolean;
  transcribes(): boolean;
}

/** A turn on its way out. */
interface Performance {
  readonly turn: FallbackTurn;
  readonly calls: readonly PlannedCall[];
  readonly steps: readonly Step[];
  readonly startMs: number;
}

interface Request {
  readonly turn: FallbackTurn;
  readonly delayMs: number;
  /** A tool's result is not spoken into what the caller says. */
  readonly politely: boolean;
}

type Phase =
  | { readonly name: 'idle' }
  | { readonly name: 'thinking'; readonly request: Request }
  | { readonly name: 'speaking' | 'awaitingTools' | 'interrupted'; readonly turn: FallbackTurn };

/** A turn that was stopped, and whether any of it had left by then. */
export interface StoppedTurn {
  readonly turn: FallbackTurn;
  readonly begun: boolean;
}

/** A client that asks faster than the model speaks loses the oldest question. */
const MAX_WAITING = 16;

export class Speaker {
  #phase: Phase = { name: 'idle' };
  #timer: Cancel = () => undefined;
  #faultTimer: Cancel = () => undefined;
  #waiting: Request[] = [];
  #said = '';
  #frozen = false;
  readonly #parts: SpeakerParts;

  constructor(parts: SpeakerParts) {
    this.#parts = parts;
  }

  /** Takes the turn as soon as none is under way. */
  ask(turn: FallbackTurn, defaultDelayMs: number, { politely = false } = {}): void {
    if (this.#waiting.length === MAX_WAITING) this.#waiting.shift();
    this.#waiting.push({ turn, delayMs: turn.delayMs ?? defaultDelayMs, politely });
    this.next();
  }

  /** Begins with what waits, if it may. */
  next(): void {
    const answered = this.#phase.name === 'awaitingTools' && !this.#parts.ledger.blocked;
    if (this.#frozen || !(this.#phase.name === 'idle' || answered)) return;
    const index = this.#waiting.findIndex(({ politely }) => !(politely && this.#parts.callerSpeaks()));
    const request = this.#waiting[index];
    if (request === undefined) return;
    this.#waiting.splice(index, 1);
    if (staysSilent(request.turn)) {
      this.#phase = { name: 'idle' };
      this.next();
      return;
    }
    this.#phase = { name: 'thinking', request };
    this.#timer = this.#parts.clock.after(request.delayMs, () => this.#speak(request.turn));
  }

  /** Stops what is under way. Of a turn that had not begun the client never hears; a tool's result waits for its next chance. */
  interrupt(): StoppedTurn | undefined {
    const phase = this.#phase;
    if (phase.name === 'idle' || phase.name === 'interrupted') return undefined;
    this.#cancelTimers();
    if (phase.name === 'thinking') {
      this.#phase = { name: 'idle' };
      if (!phase.request.politely) return { turn: phase.request.turn, begun: false };
      this.#waiting.unshift(phase.request);
      return undefined;
    }
    const { turn } = phase;
    this.#parts.send({ serverContent: { interrupted: true } });
    this.#phase = { name: 'interrupted', turn };
    if (turn.fault?.kind === 'freezeAfterInterrupted') this.#frozen = true;
    this.#timer = this.#parts.clock.after(INTERRUPTED_TO_COMPLETE_MS, () => this.#end(turn, 'interrupted'));
    return { turn, begun: true };
  }

  /** The service's mistake: it believes in an interruption, and what was to be said never comes. */
  interruptForNothing(): void {
    if (this.interrupt()?.begun !== true) this.#parts.send({ serverContent: { interrupted: true } });
  }

  /** The socket is gone, and what was being said with it; tools may still be answered on the next. */
  stop(): { readonly notBegun: readonly FallbackTurn[]; readonly unsaid: string | undefined } {
    this.#cancelTimers();
    const phase = this.#phase;
    // Fragments put together are the text again, so that what was not said is what comes after them.
    const unsaid = phase.name === 'speaking' ? phase.turn.says?.slice(this.#said.length) : undefined;
    if (phase.name === 'speaking') this.#note('lost');
    if (phase.name === 'interrupted') this.#note('interrupted');
    const thought = phase.name === 'thinking' ? [phase.request] : [];
    const notBegun = [...thought, ...this.#waiting].map(({ turn }) => turn);
    if (phase.name !== 'awaitingTools') this.#phase = { name: 'idle' };
    this.#waiting = [];
    return { notBegun, unsaid: unsaid === '' ? undefined : unsaid };
  }

  #speak(turn: FallbackTurn): void {
    const { clock, record, style, callsOf } = this.#parts;
    const calls = callsOf(turn);
    const waits = calls.some(({ behavior }) => behavior === 'BLOCKING');
    this.#phase = { name: 'speaking', turn };
    record.add({ type: 'turnStarted', says: turn.says });
    const fault = socketFaultOf(turn);
    this.#faultTimer();
    if (fault?.afterMs !== undefined) this.#faultTimer = clock.after(fault.afterMs, () => this.#parts.suffer(fault));
    this.#perform({ turn, calls, steps: planAnswer(turn, style, waits), startMs: clock.nowMs() });
  }

  /** Takes the steps that are due, and comes back for the rest; what happens on the way may end the turn. */
  #perform(performance: Performance, from = 0): void {
    const { clock } = this.#parts;
    const phase = this.#phase;
    for (let at = from; at < performance.steps.length; at++) {
      const step = performance.steps[at]!;
      const waitMs = performance.startMs + step.atMs - clock.nowMs();
      if (waitMs > 0) {
        this.#timer = clock.after(waitMs, () => this.#perform(performance, at));
        return;
      }
      this.#take(step, performance);
      if (this.#phase !== phase) return;
    }
  }

  #take(step: Step, { turn, calls }: Performance): void {
    switch (step.kind) {
      case 'speech':
        this.#say(step.sound, step.text);
        break;
      case 'noise':
        this.#parts.send({ serverContent: {} });
        break;
      case 'calls':
        this.#call(turn, calls);
        break;
      case 'grounding':
        if (turn.grounding !== undefined) this.#parts.send(grounded(turn.grounding));
        break;
      case 'generated':
        this.#parts.send({ serverContent: { generationComplete: true } });
        break;
      case 'over':
        this.#end(turn, 'completed');
        break;
    }
  }

  #say(sound: Pcm<24000> | undefined, text: string | undefined): void {
    const { meter, send, transcribes } = this.#parts;
    meter.spoke((sound?.length ?? 0) / 24);
    meter.read(text?.length ?? 0);
    this.#said += text ?? '';
    const transcript = transcribes() ? text : undefined;
    if (sound !== undefined || transcript !== undefined) send(spoken(sound, transcript));
  }

  #call(turn: FallbackTurn, calls: readonly PlannedCall[]): void {
    if (calls.length === 0) return;
    const functionCalls = this.#parts.ledger.issue(calls);
    for (const call of functionCalls) this.#parts.record.add({ type: 'toolCalled', ...call });
    this.#parts.send({ toolCall: { functionCalls } });
    if (this.#parts.ledger.blocked) this.#phase = { name: 'awaitingTools', turn };
  }

  #end(turn: FallbackTurn, how: 'completed' | 'interrupted'): void {
    const usageMetadata = this.#parts.meter.settle();
    if (!(how === 'completed' && turn.fault?.kind === 'missingTurnComplete')) {
      const reason = turn.fault?.kind === 'emptyTurn' ? turn.fault.reason : undefined;
      const turnCompleteReason = reason === undefined ? {} : { turnCompleteReason: reason };
      const serverContent = { turnComplete: true, interactionStatus: 'IDLE', ...turnCompleteReason } as const;
      this.#parts.send({ serverContent, usageMetadata });
    }
    this.#note(how);
    this.#phase = { name: 'idle' };
    const fault = socketFaultOf(turn);
    if (how === 'completed' && fault !== undefined && fault.afterMs === undefined) this.#parts.suffer(fault);
    this.next();
  }

  #note(how: 'completed' | 'interrupted' | 'lost'): void {
    this.#parts.record.add({ type: 'turnEnded', said: this.#said, how });
    this.#said = '';
  }

  #cancelTimers(): void {
    this.#timer();
    this.#faultTimer();
  }
}

function socketFaultOf(turn: FallbackTurn): TurnSocketFault | undefined {
  return turn.fault !== undefined && happensToSocket(turn.fault) ? turn.fault : undefined;
}
