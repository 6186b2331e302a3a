/**
 * The agent's side of a call: its Live session, what is heard of it by the caller, and what it is told. The call's machine says
 * when; this says how.
 */
import type { Cancel } from '../lib/index.ts';
import type { LiveSession } from '../live/index.ts';
import type { CallActions } from '../tools/index.ts';
import type { AgentHeard } from './agent-heard.ts';
import { AgentVoice } from './agent-voice.ts';
import type { CallAgent } from './call-agent.ts';
import type { CallDeps } from './call-deps.ts';
import { CarryOn } from './carry-on.ts';
import type { CallerSide } from './hear-caller.ts';
import { hearLive } from './hear-live.ts';
import { Leaving, type Moment } from './leaving.ts';
import type { CallEvent } from './machine.ts';
import { OneMoment } from './one-moment.ts';
import { greetingOrder } from './orders.ts';
import { type MuteWhy, NUDGE, type Rung } from './patience.ts';
import type { Playout } from './playout.ts';
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
  /** Whether there is a stream, and the session is on its way. */
  readonly away: () => boolean;
  readonly actions: CallActions;
  readonly handle: (event: CallEvent) => void;
}

export class AgentSide {
  readonly #options: AgentSideOptions;
  /** What the caller hears of it. */
  readonly voice: AgentVoice;
  readonly #leaving: Leaving;
  readonly #carryOn = new CarryOn();
  #brokenAtMs = Number.NEGATIVE_INFINITY;
  readonly oneMoment: OneMoment;
  readonly watchdog: Watchdog;
  readonly tools: ToolSide;
  #session: LiveSession | undefined;
  /** Nobody is there to be greeted. */
  #greetsNobody: boolean;
  #cancelDial: Cancel = () => undefined;

  constructor(options: AgentSideOptions) {
    this.#options = options;
    const { agent, deps, takenUp, handle, talking, actions } = options;
    const { clock } = deps;
    if (takenUp !== undefined) this.#carryOn.takenUp(takenUp, agent);
    this.#leaving = new Leaving(clock, () => handle({ type: 'liveLeaving' }));
    this.#greetsNobody = takenUp?.machine !== undefined;
    this.oneMoment = new OneMoment(clock, this.#greetsNobody ? undefined : agent.patience?.oneMoment?.afterMs);
    this.voice = new AgentVoice({
      agent,
      deps,
      turnsBefore: takenUp?.lastTurn ?? 0,
      sounded: (likeness, lengthMs) => {
        if (likeness.kind === 'speech') this.oneMoment.agentSpoke();
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
    this.tools = new ToolSide({
      agent,
      left: takenUp,
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

  /** When the call was answered in another process, or before a transfer; undefined: it begins here. */
  get answeredMs(): number | undefined {
    return this.#options.takenUp?.answeredMs;
  }

  /** Another process had the call, whose agent had noticed a machine, and nothing to leave there. */
  get leftAtMachine(): boolean {
    const machine = this.#options.takenUp?.machine;
    return machine !== undefined && machine.message === undefined;
  }

  /** What the caller hears of the agent, and has still to hear. */
  get playout(): Pick<Playout, 'idle' | 'sounding' | 'leftMs'> {
    return this.voice.playout;
  }

  /** More of a turn may come. */
  get generating(): boolean {
    return this.voice.downlink.generating;
  }

  get heard(): AgentHeard {
    return this.voice.heard;
  }

  /** Whether the model neither speaks nor is about to: it had the last word, or nobody has said anything. */
  hadTheLastWord(callerVoiceMs: number | undefined): boolean {
    const { downlink } = this.voice;
    return !downlink.generating && (callerVoiceMs === undefined || callerVoiceMs <= downlink.lastGeneratedMs);
  }

  /** Between caller and model; what is still heard does not count. */
  whoseTurn(caller: CallerSide | undefined): Moment {
    if (caller?.speaking === true) return 'callerSpeaks';
    return this.hadTheLastWord(caller?.lastVoiceMs) && !this.tools.work ? 'betweenTurns' : 'agentsTurn';
  }

  /** The stream is gone. */
  rewind(): void {
    this.#carryOn.unheard();
    this.voice.rewind();
  }

  /** Called a few times a second. */
  tick(caller: CallerSide | undefined): void {
    this.voice.topUp();
    this.#leaving.look(this.whoseTurn(caller));
    this.watchdog.tick();
    const wait = {
      away: this.#options.away() && caller?.isHeard === true,
      owed: this.watchdog.owes || this.#carryOn.owes || this.#owesGreeting,
      sounds: caller === undefined || caller.voiced || !this.playout.idle,
    };
    if (this.oneMoment.look(wait)) this.#askForAMoment();
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
    this.tools.close(goesOnElsewhere);
    if (this.#session !== undefined) this.#options.deps.metrics.liveSessions.dec();
    this.#session?.close();
    this.#session = undefined;
    this.#leaving.left();
    this.voice.downlink.turnCompleted();
  }

  /** Something that the model answers at once, and of what kind that is, if the caller may have to hear it out. */
  order(text: string, kind?: Protectable): void {
    this.#session?.sendText(text);
    if (kind !== undefined) this.heard.ordered(kind, this.voice.downlink.turn);
    this.watchdog.asked();
  }

  /** The agent has noticed a machine, and leaves it the message, or nothing. */
  atMachine(message: string | undefined): void {
    this.#options.deps.collector.atMachine(message);
    this.#greetsNobody = true;
    this.oneMoment.never();
  }

  /** For a machine, which records it: a greeting that is still to come would take its place. */
  leaveMessage(text: string): void {
    this.#greetsNobody = true;
    this.order(text);
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
    const { greeting } = this.#options.agent;
    const ungreeted = greeting !== undefined && this.#mayGreet && !this.watchdog.everSpoke;
    this.order(ungreeted ? greetingOrder(greeting) : NUDGE, ungreeted ? 'greeting' : undefined);
  }

  /** The agent and the caller hear each other again. */
  carryOn(callerSpeaks: boolean): void {
    if (this.watchdog.callerWaitsSince(this.#brokenAtMs)) this.#carryOn.broken('callerUnanswered');
    const kind = this.#carryOn.hasNews ? 'announcements' : undefined;
    const text = this.#carryOn.mended(callerSpeaks);
    // Unless the caller says something now, the agent has to, in its time.
    if (this.#carryOn.heardAgain()) this.watchdog.heardAgain(this.playout.leftMs);
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
    this.voice.downlink.interrupt();
  }

  apologise(): void {
    const { apology } = this.#options.deps;
    if (apology !== undefined) this.voice.apologise(apology);
  }

  #open(): void {
    const { agent, deps, takenUp, playing, handle } = this.#options;
    deps.metrics.liveSessions.inc();
    const handlers = hearLive({
      deps,
      downlink: this.voice.downlink,
      watchdog: this.watchdog,
      playing,
      leaving: (timeLeftMs) => this.#leaving.announced(timeLeftMs),
      tools: this.tools,
      handle,
    });
    const { facts, collector, logger } = deps;
    const seed = () => collector.seed();
    this.#session = deps.openLive({ callId: facts.callId, agent, handlers, seed, logger, handle: takenUp?.handle });
    this.tools.takeUp();
  }

  get #mayGreet(): boolean {
    return !this.#greetsNobody && this.#options.takenUp?.greeted !== true;
  }

  get #owesGreeting(): boolean {
    return this.#options.agent.greeting !== undefined && this.#mayGreet && !this.voice.downlink.begun;
  }

  #askForAMoment(): void {
    const { clock, collector, logger, metrics, oneMoment } = this.#options.deps;
    metrics.oneMoments.inc();
    logger.info('caller is asked for a moment');
    collector.event(clock.nowMs(), 'ONE_MOMENT', 'the caller waited while there was no session');
    this.voice.say(oneMoment);
  }

  #mute(rung: Rung, why: MuteWhy): void {
    const { deps, handle } = this.#options;
    deps.metrics.agentMute.inc({ why, rung });
    deps.logger.warn({ why, rung }, 'agent says nothing in its turn');
    deps.collector.event(deps.clock.nowMs(), 'LIVE_MUTE', `${rung}: ${why}`);
    // Nobody wants to hear the rest of that.
    if (why === 'steadyTone' || why === 'nearSilent') this.voice.downlink.interrupt();
    handle({ type: 'agentMute', rung });
  }

  /** What the lost socket had not brought of a turn will not come: the next sound is a turn of its own. */
  #broken(): void {
    this.#leaving.left();
    this.#brokenAtMs = this.#options.deps.clock.nowMs();
    if (this.voice.downlink.generating) this.#carryOn.broken('agentCut');
    this.voice.downlink.turnCompleted();
  }
}
