/**
 * The agent's side of a call: its Live session, what is heard of it by the caller, and what it is told. The call's machine says
 * when; this says how.
 */
import { g711 } from '../audio/index.ts';
import type { Cancel } from '../lib/index.ts';
import type { LiveSession } from '../live/index.ts';
import type { CallStream } from '../telephony/index.ts';
import type { CallActions } from '../tools/index.ts';
import type { Sound } from '../transcript/index.ts';
import { AgentHeard } from './agent-heard.ts';
import { AgentTurns } from './agent-turns.ts';
import type { CallAgent } from './call-agent.ts';
import type { CallDeps } from './call-deps.ts';
import { CarryOn } from './carry-on.ts';
import { Downlink } from './downlink.ts';
import { hearLive } from './hear-live.ts';
import { Leaving, type Moment } from './leaving.ts';
import type { CallEvent } from './machine.ts';
import { greetingOrder } from './orders.ts';
import { type MuteWhy, NUDGE, type Rung } from './patience.ts';
import { Playout } from './playout.ts';
import type { Protectable } from './protection.ts';
import { lockedForMs, type TakenUp } from './take-up.ts';
import { ToolSide } from './tool-side.ts';
import { Watchdog } from './watchdog.ts';

export interface AgentSideOptions {
  readonly agent: CallAgent;
  readonly deps: CallDeps;
  readonly takenUp: TakenUp | undefined;
  /** Whether the call's phase lets the agent be heard. */
  readonly playing: () => boolean;
  /** Whether there are a session and a stream. */
  readonly talking: () => boolean;
  readonly actions: CallActions;
  readonly handle: (event: CallEvent) => void;
}

export class AgentSide {
  readonly #options: AgentSideOptions;
  readonly #playout: Playout;
  readonly #downlink: Downlink;
  readonly #leaving: Leaving;
  readonly #carryOn = new CarryOn();
  #brokenAtMs = Number.NEGATIVE_INFINITY;
  readonly #turns: AgentTurns;
  readonly heard: AgentHeard;
  readonly watchdog: Watchdog;
  readonly #tools: ToolSide;
  #session: LiveSession | undefined;
  #cancelDial: Cancel = () => undefined;

  constructor(options: AgentSideOptions) {
    this.#options = options;
    const { agent, deps, takenUp, handle, talking, actions } = options;
    const { clock, logger } = deps;
    if (takenUp !== undefined) this.#carryOn.takenUp(takenUp, agent);
    this.#leaving = new Leaving(clock, () => handle({ type: 'liveLeaving' }));
    this.#turns = new AgentTurns(agent, deps);
    this.#playout = new Playout(clock, {
      turnStarted: (turn, atMs) => {
        this.#turns.started(turn, atMs);
        this.heard.turnStarted(turn);
      },
      turnEnded: (turn, played) => {
        this.#turns.ended(turn, played);
        this.heard.turnEnded(turn);
      },
      overflowed: (droppedMs) => logger.warn({ droppedMs }, 'agent sound beyond the bound dropped'),
    });
    this.heard = new AgentHeard(clock, agent, this.#playout);
    this.#downlink = new Downlink({
      clock,
      playout: this.#playout,
      turnsBefore: takenUp?.lastTurn ?? 0,
      silentTurn: (turn) => this.#turns.silent(turn),
      sounded: (turn, likeness, lengthMs) => {
        this.#turns.sounded(turn, likeness);
        this.watchdog.agentSound(likeness, lengthMs);
      },
    });
    this.watchdog = new Watchdog({
      clock,
      patience: agent.patience,
      silenceMs: agent.live.turnTaking.silenceMs,
      mayStaySilent: agent.live.proactiveAudio === true,
      talking,
      rung: (rung, why) => this.#mute(rung, why),
    });
    this.#tools = new ToolSide({
      agent,
      deps,
      actions,
      watchdog: this.watchdog,
      session: () => this.#session,
      order: (text) => this.order(text),
    });
  }

  get session(): LiveSession | undefined {
    return this.#session;
  }

  /** What the caller hears of the agent, and has still to hear. */
  get playout(): Pick<Playout, 'idle' | 'sounding' | 'leftMs'> {
    return this.#playout;
  }

  /** More of a turn may come. */
  get generating(): boolean {
    return this.#downlink.generating;
  }

  get apologyHeard(): boolean {
    return this.#turns.apologyHeard;
  }

  /** Whether the model neither speaks nor is about to: it had the last word, or nobody has said anything. */
  hadTheLastWord(callerVoiceMs: number | undefined): boolean {
    return (
      !this.#downlink.generating && (callerVoiceMs === undefined || callerVoiceMs <= this.#downlink.lastGeneratedMs)
    );
  }

  /** A stream is there: what was queued, and what a broken one did not bring to the caller, goes out. */
  attach(stream: CallStream): void {
    this.#turns.answered();
    const { encode } = g711(stream.format.encoding);
    this.#playout.attach({
      ...stream.playout,
      play: (samples) => {
        stream.send({ type: 'audio', payload: encode(samples) });
        this.heard.played(samples);
      },
      mark: (name) => stream.send({ type: 'mark', name }),
      clear: () => {
        stream.send({ type: 'clear' });
        this.heard.stopped();
      },
    });
  }

  /** The stream is gone. */
  rewind(): void {
    this.#carryOn.unheard();
    this.heard.stopped();
    this.#options.deps.collector.interrupted(this.#playout.rewind());
  }

  /** The provider did not take what it was sent first. */
  soundLost(lengthMs: number): void {
    this.#playout.lost(lengthMs);
  }

  markReached(name: string): void {
    this.#playout.markReached(name);
  }

  tick(moment: Moment): void {
    this.#playout.topUp();
    this.#leaving.look(moment);
    this.watchdog.tick();
  }

  dial(): void {
    const { deps, takenUp } = this.#options;
    const lockedMs = lockedForMs(takenUp);
    if (lockedMs > 0) this.#cancelDial = deps.clock.after(lockedMs, () => this.#open());
    else this.#open();
  }

  resume(): void {
    this.#broken();
    this.#session?.resume();
  }

  beginAfresh(): void {
    this.#broken();
    this.#session?.beginAfresh();
  }

  close(goesOnElsewhere: boolean): void {
    this.#cancelDial();
    this.#tools.close(goesOnElsewhere);
    if (this.#session !== undefined) this.#options.deps.metrics.liveSessions.dec();
    this.#session?.close();
    this.#session = undefined;
    this.#leaving.left();
    this.#downlink.turnCompleted();
  }

  /** Something that the model answers at once, and of what kind that is, if the caller may have to hear it out. */
  order(text: string, kind?: Protectable): void {
    this.#session?.sendText(text);
    if (kind !== undefined) this.heard.ordered(kind, this.#downlink.turn);
    this.watchdog.asked();
  }

  /** Something that the caller has to hear of. */
  announce(text: string): void {
    this.order(text, 'announcements');
  }

  /** Nobody is greeted twice. */
  greet(): void {
    const { agent, deps } = this.#options;
    if (agent.greeting === undefined || !this.#owesGreeting) return;
    deps.collector.greeted();
    this.order(greetingOrder(agent.greeting), 'greeting');
  }

  /** The agent says nothing, though it should. Who was never heard to greet is told to do so once more. */
  nudge(): void {
    const { agent, takenUp } = this.#options;
    const ungreeted = agent.greeting !== undefined && takenUp?.greeted !== true && !this.watchdog.everSpoke;
    this.order(ungreeted ? greetingOrder(agent.greeting) : NUDGE, ungreeted ? 'greeting' : undefined);
  }

  /** The agent and the caller hear each other again. */
  carryOn(callerSpeaks: boolean): void {
    if (this.watchdog.callerWaitsSince(this.#brokenAtMs)) this.#carryOn.broken('callerUnanswered');
    const kind = this.#carryOn.hasNews ? 'announcements' : undefined;
    const text = this.#carryOn.mended(callerSpeaks);
    // Unless the caller says something now, the agent has to, in its time.
    if (this.#carryOn.heardAgain()) this.watchdog.heardAgain(this.#playout.leftMs);
    if (!this.watchdog.climbing) {
      if (text !== undefined) this.order(text, kind);
    } else if (!callerSpeaks && !this.#owesGreeting) this.nudge();
  }

  /** The caller spoke over the agent. */
  interrupt(): void {
    this.#options.deps.metrics.bargeIns.inc();
    this.hush();
  }

  hush(): void {
    this.#downlink.interrupt();
  }

  apologise(): void {
    const { apology } = this.#options.deps;
    if (apology !== undefined) this.#turns.apologise(apology, this.#downlink);
  }

  /** Whatever was not heard by now never will be, or not from this process. */
  settle(): void {
    this.#playout.close();
  }

  sound(): Sound['agent'] {
    return { ...this.#downlink.levels(), ...this.#playout.summary() };
  }

  #open(): void {
    const { agent, deps, takenUp, playing, handle } = this.#options;
    deps.metrics.liveSessions.inc();
    const handlers = hearLive({
      model: agent.live.model,
      deps,
      downlink: this.#downlink,
      watchdog: this.watchdog,
      playing,
      leaving: (timeLeftMs) => this.#leaving.announced(timeLeftMs),
      tools: this.#tools,
      handle,
    });
    const { facts, collector, logger } = deps;
    const seed = () => collector.seed();
    this.#session = deps.openLive({ callId: facts.callId, agent, handlers, seed, logger, handle: takenUp?.handle });
    if (takenUp !== undefined) this.#tools.takeUp(takenUp);
  }

  get #owesGreeting(): boolean {
    const { agent, takenUp } = this.#options;
    return agent.greeting !== undefined && takenUp?.greeted !== true && !this.#downlink.begun;
  }

  #mute(rung: Rung, why: MuteWhy): void {
    const { deps, handle } = this.#options;
    deps.metrics.agentMute.inc({ why, rung });
    deps.logger.warn({ why, rung }, 'agent says nothing in its turn');
    deps.collector.event(deps.clock.nowMs(), 'LIVE_MUTE', `${rung}: ${why}`);
    // Nobody wants to hear the rest of that.
    if (why === 'steadyTone' || why === 'nearSilent') this.#downlink.interrupt();
    handle({ type: 'agentMute', rung });
  }

  /** What the lost socket had not brought of a turn will not come: the next sound is a turn of its own. */
  #broken(): void {
    this.#leaving.left();
    this.#brokenAtMs = this.#options.deps.clock.nowMs();
    if (this.#downlink.generating) this.#carryOn.broken('agentCut');
    this.#downlink.turnCompleted();
  }
}
