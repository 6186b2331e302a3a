/** Turns what happens in a call into journal entries, as soon as each is known. */
import type { Clock } from '../lib/index.ts';
import { AgentLines, type PlayedTurn } from './agent-line.ts';
import { CallerLines } from './caller-line.ts';
import { Dialogue, type SaidTurn } from './dialogue.ts';
import { answeredMs, HANDED_OVER, lastSpokenBy, linesOf, transferOf } from './earlier.ts';
import type { CallFacts, Entry, Message, Sound, SpokenBy, Usage } from './entry.ts';
import { type FoundGrounding, Groundings } from './groundings.ts';
import type { Line } from './line.ts';
import type { Outcome } from './outcome.ts';
import type { Transfer } from './transfer.ts';

export interface CollectorOptions {
  readonly call: CallFacts;
  readonly clock: Clock;
  /** Where entries go: a Journal's `append`. */
  readonly append: (entry: Entry) => void;
  /** What an earlier holder of the call wrote, oldest first: the transcript goes on from there. */
  readonly earlier?: readonly Entry[] | undefined;
}

/** All times are the Clock's; lines are told in ms since `answered`. After `end`, only answers of tools are taken. */
export interface Collector {
  /** A stream has started. The first one counts: another follows when a stream, or a process, was lost. */
  answered(atMs: number): void;
  /** The agent was asked for its greeting. */
  greeted(): void;
  /** An edge of the caller's speech, as the local gate sees it, at the time at which the voice really began or ended. */
  callerVoice(edge: 'started' | 'ended', atMs: number): void;
  /** A fragment of the caller's transcription, when it came. */
  callerSaid(text: string, atMs: number): void;
  digit(digit: string, atMs: number): void;
  /**
   * The turn's first sound goes out. Gives the response time: from the caller's last voice to now, in ms, or undefined when
   * the agent answers nothing the caller said, as words of the service's own never do. Turns are numbered upwards.
   */
  agentTurnStarted(turn: number, atMs: number, whose?: 'own'): number | undefined;
  agentSaid(turn: number, text: string): void;
  agentTurnEnded(turn: number, played: PlayedTurn): void;
  /** The stream broke. `playing`: what was played by then of the turns that have not ended, by turn. */
  interrupted(playing: ReadonlyMap<number, PlayedTurn>): void;
  toolCalled(call: { readonly id: string; readonly name: string; readonly args: Values }): void;
  /** The session that made the call does not wait for its answer any more: who is told of it instead. */
  toolUnawaited(call: { readonly id: string; readonly name: string }, told: 'text' | 'nobody'): void;
  toolAnswered(answer: { readonly id: string; readonly name: string; readonly answer: Values }): void;
  used(usage: Usage): void;
  /** What the caller wants somebody to be told. */
  message(message: Message): void;
  /** What an answer rests on. */
  grounded(grounding: FoundGrounding): void;
  /** The agent has noticed a machine, and leaves it the message, or nothing. */
  atMachine(message: string | undefined): void;
  /** A session is ready, of this model and with this voice. */
  spoken(by: SpokenBy): void;
  /** `route` is the way to the session: a handle is good on no other. */
  handle(handle: string, route?: string): void;
  /** Something broke and was mended. */
  event(atMs: number, code: string, detail: string): void;
  sound(sound: Sound): void;
  end(outcome: Outcome, atMs: number): void;
  /**
   * The call goes on in another process, or is put through to somebody else: lines are finished, and nothing more is taken.
   */
  leave(transfer?: Transfer): void;
  /** The dialogue so far, as it was heard, for a fresh session; its oldest part may be missing. */
  seed(): SaidTurn[];
}

type Values = Readonly<Record<string, unknown>>;

/** Writes `began` at once. */
export function createCollector({ call, clock, append, earlier = [] }: CollectorOptions): Collector {
  const now = () => Math.round(clock.nowMs());
  const dialogue = new Dialogue();
  const responses = new ResponseTimes();
  const groundings = new Groundings(earlier);
  let answeredAtMs = answeredMs(earlier);
  let spokenBy: SpokenBy = lastSpokenBy(earlier) ?? call;
  let zeroMs = answeredAtMs ?? now();
  let ended = false;
  let left = false;

  const write = (entry: Entry): void => {
    if (!ended) append(entry);
  };
  const timedOf = (line: Line): Line => {
    const startMs = Math.round(line.startMs - zeroMs);
    return { ...line, startMs, endMs: Math.max(startMs, Math.round(line.endMs - zeroMs)) };
  };
  const writeLine = (line: Line, turn?: number): void => {
    const timed = timedOf(line);
    dialogue.add(timed);
    write({ type: 'line', at: now(), line: timed, ...(turn === undefined ? {} : { turn }) });
  };
  const caller = new CallerLines(clock, (line) => writeLine(line));
  const agent = new AgentLines(clock, {
    finished: writeLine,
    untranscribed: (turn) => write({ type: 'untranscribed', at: now(), turn }),
  });
  const finishLines = (): void => {
    caller.finish();
    agent.finishAll();
  };
  /** What comes after the end starts no line and arms no timer. */
  const whileLasting =
    <A extends unknown[]>(run: (...args: A) => void) =>
    (...args: A): void => {
      if (!ended) run(...args);
    };

  write({ type: 'began', at: now(), version: 1, call });
  for (const line of linesOf(earlier)) dialogue.add(line);
  if (earlier.length > 0) {
    const transfer = transferOf(earlier);
    const [code, detail] =
      transfer === undefined
        ? ['TAKEN_UP', 'another process took the call up']
        : ['TRANSFER_BACK', `the caller is back from ${transfer.name}`];
    write({ type: 'event', at: now(), code, detail });
  }
  return {
    answered(atMs) {
      if (answeredAtMs !== undefined) return;
      answeredAtMs = atMs;
      zeroMs = atMs;
      write({ type: 'answered', at: Math.round(atMs) });
    },
    greeted: () => write({ type: 'greeted', at: now() }),
    callerVoice: whileLasting((edge, atMs) => {
      if (edge === 'started') caller.voiceStarted(atMs);
      else caller.voiceEnded(atMs);
      responses.callerVoice(edge, atMs);
    }),
    callerSaid: whileLasting((text, atMs) => caller.said(text, atMs)),
    digit: whileLasting((digit, atMs) => caller.digit(digit, atMs)),
    agentTurnStarted(turn, atMs, whose) {
      if (ended) return undefined;
      caller.finishSpeech();
      agent.started(turn, atMs);
      write({ type: 'speaking', at: Math.round(atMs), turn, ...(whose === 'own' && { own: true }) });
      if (whose === 'own') return undefined;
      const responseMs = responses.agentStarted(atMs);
      if (responseMs !== undefined) write({ type: 'latency', at: Math.round(atMs), turn, responseMs });
      return responseMs;
    },
    agentSaid: whileLasting((turn, text) => agent.said(turn, text)),
    agentTurnEnded: whileLasting((turn, played) => {
      agent.ended(turn, played);
      responses.agentEnded(played.cut);
    }),
    // Another process may take the call up: what only this one knows is written down.
    interrupted: whileLasting((playing) => {
      for (const { turn, line } of agent.heard(playing)) {
        write({ type: 'heard', at: now(), line: timedOf(line), turn });
      }
      caller.finishSpeech();
    }),
    toolCalled: ({ id, name, args }) => write({ type: 'toolCalled', at: now(), id, name, args }),
    toolUnawaited: ({ id, name }, told) => write({ type: 'toolUnawaited', at: now(), id, name, told }),
    toolAnswered: ({ id, name, answer }) => {
      if (!left) append({ type: 'toolAnswered', at: now(), id, name, answer });
    },
    used: (usage) => write({ type: 'usage', at: now(), usage }),
    message: (message) => write({ type: 'message', at: now(), message }),
    grounded: (found) => {
      const grounding = groundings.worthKeeping(found);
      if (grounding !== undefined) write({ type: 'grounded', at: now(), grounding });
    },
    atMachine: (message) => write({ type: 'atMachine', at: now(), ...(message !== undefined && { message }) }),
    spoken: ({ model, voice }) => {
      if (model === spokenBy.model && voice === spokenBy.voice) return;
      spokenBy = { model, voice };
      write({ type: 'alternative', at: now(), model, voice });
    },
    handle: (handle, route) => write({ type: 'handle', at: now(), handle, ...(route === undefined ? {} : { route }) }),
    event: (atMs, code, detail) => write({ type: 'event', at: Math.round(atMs), code, detail }),
    sound: (sound) => write({ type: 'sound', at: now(), sound: rounded(sound) }),
    end: whileLasting((outcome, atMs) => {
      finishLines();
      write({ type: 'ended', at: Math.round(atMs), outcome });
      ended = true;
    }),
    leave: whileLasting((transfer?: Transfer) => {
      finishLines();
      write(
        transfer === undefined
          ? { type: 'event', at: now(), code: HANDED_OVER, detail: 'the process gave the call away' }
          : { type: 'transferred', at: now(), transfer },
      );
      ended = true;
      left = true;
    }),
    seed: () => [...dialogue.turns(), ...agent.saying(), ...caller.saying()],
  };
}

/** Tenths of a dB and whole milliseconds: nobody hears less. */
function rounded({ caller, agent }: Sound): Sound {
  const side = (sound: Sound['caller']): Sound['caller'] => ({
    ...sound,
    peakDbov: tenths(sound.peakDbov),
    activeDbov: tenths(sound.activeDbov),
    idleDbov: tenths(sound.idleDbov),
    gapMs: Math.round(sound.gapMs),
    heldMs: Math.round(sound.heldMs),
    droppedMs: Math.round(sound.droppedMs),
  });
  return { caller: side(caller), agent: side(agent) };
}

const tenths = (value: number): number => Math.round(value * 10) / 10;

/** From the caller's last voice to the agent's first sound. */
class ResponseTimes {
  #voiceEndMs: number | undefined;
  #agentSpeaks = false;

  callerVoice(edge: 'started' | 'ended', atMs: number): void {
    this.#voiceEndMs = edge === 'ended' ? atMs : undefined;
  }

  agentStarted(atMs: number): number | undefined {
    const voiceEndMs = this.#voiceEndMs;
    this.#voiceEndMs = undefined;
    this.#agentSpeaks = true;
    return voiceEndMs === undefined || voiceEndMs > atMs ? undefined : Math.round(atMs - voiceEndMs);
  }

  /** A cough that did not stop the agent asks for no answer. */
  agentEnded(cut: boolean): void {
    if (this.#agentSpeaks && !cut) this.#voiceEndMs = undefined;
    this.#agentSpeaks = false;
  }
}
