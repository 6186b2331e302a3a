/** One phone call: joins a stream to a Live session, and does what the machine says. */
import { FAILURES, type FailureCode } from '../lib/index.ts';
import type { CallStream, StreamHandlers } from '../telephony/index.ts';
import type { Outcome, Sound, Transfer } from '../transcript/index.ts';
import { AgentSide } from './agent-side.ts';
import { Bridge } from './bridge.ts';
import type { CallAgent } from './call-agent.ts';
import type { CallDeps } from './call-deps.ts';
import { CallLength, COME_TO_AN_END } from './call-length.ts';
import { recordEnding } from './ending.ts';
import { Farewell, lastWords } from './farewell.ts';
import { type CallerSide, hearCaller } from './hear-caller.ts';
import { IDLE_ORDERS, Idle, stillness } from './idle.ts';
import { KeysOut } from './keys-out.ts';
import { begin, beginTakenUp, type Effect, type EndedBy, type Phase } from './machine.ts';
import { OwnStream } from './own-stream.ts';
import { RECALL_BY_OTHERS_MS, RECALL_MS } from './returns.ts';
import type { TakenUp } from './take-up.ts';

export class Call {
  readonly #agent: CallAgent;
  readonly #deps: CallDeps;
  readonly #bridge: Bridge;
  readonly #agentSide: AgentSide;
  readonly #startedAtMs: number;
  /** What the agent presses for the other side. */
  readonly keysOut: KeysOut;
  readonly #farewell: Farewell;
  readonly #length: CallLength;
  #callerSide: CallerSide | undefined;
  readonly #stream: OwnStream;
  readonly #idle: Idle;

  constructor(agent: CallAgent, deps: CallDeps, takenUp?: TakenUp) {
    this.#agent = agent;
    this.#deps = deps;
    const tooLong = (): void => this.hangUp('timeLimit');
    this.#length = new CallLength(deps.clock, agent.limits.callMs, tooLong, takenUp?.answeredMs);
    this.#idle = new Idle(agent, deps);
    this.#stream = new OwnStream({
      clock: deps.clock,
      cutOff: deps.cutOff,
      lost: (code, how) => {
        deps.collector.event(deps.clock.nowMs(), code, how);
        this.#bridge.handle({ type: 'streamLost', code });
      },
      callerGone: () => void this.callerGone(),
    });
    this.#startedAtMs = deps.clock.nowMs();
    this.#agentSide = new AgentSide({
      agent,
      deps,
      takenUp,
      playing: () => this.#bridge.flow.agentAudio === 'play',
      talking: () => this.phase === 'talking',
      away: () => this.phase === 'connecting' || this.phase === 'resuming',
      actions: {
        leave: (to) => this.#leave(to ?? 'agent'),
        atMachine: (message) => {
          this.#agentSide.atMachine(message);
          // When the tool is answered.
          if (message === undefined) deps.clock.after(0, () => this.hangUp('machine'));
        },
        takeMessage: (message) => deps.collector.message(message),
        keys: () => this.#callerSide?.keys ?? '',
        sendKeys: (keys) => this.keysOut.begin(keys),
      },
      handle: (event) => this.#bridge.handle(event),
    });
    this.keysOut = new KeysOut({ deps, takenUp, call: this, stream: this.#stream, agent: this.#agentSide });
    this.#farewell = new Farewell(deps.clock, this.#agentSide.heard);
    // Any of the other processes may have asked the provider, but not about a caller who was put through.
    if (takenUp !== undefined && takenUp.notPutThrough === undefined) this.recalled(RECALL_BY_OTHERS_MS);
    this.#bridge = new Bridge({
      clock: deps.clock,
      first: takenUp === undefined ? begin() : beginTakenUp(takenUp.because),
      logger: deps.logger,
      moreMs: () => (this.wasAnswered || takenUp !== undefined ? 0 : (agent.notice?.lengthMs ?? 0)),
      actions: this.#actions(),
      ignored: (phase, event) => deps.metrics.unexpectedEvents.inc({ phase, event }),
    });
  }

  get phase(): Phase {
    return this.#bridge.state.phase;
  }

  get hasStream(): boolean {
    return this.#stream.isThere;
  }

  /** Whether it has, or had, a stream in this process. */
  get wasAnswered(): boolean {
    return this.#callerSide !== undefined;
  }

  /** Whether the caller was lost with a stream, and may come back by another one. */
  get waitsForStream(): boolean {
    const { phase } = this;
    if (this.keysOut.underWay) return false;
    return phase === 'parted' || phase === 'adrift' || (phase === 'draining' && this.wasAnswered && !this.hasStream);
  }

  /** undefined while it lasts, and when it was let go. */
  get outcome(): Outcome | undefined {
    const { state } = this.#bridge;
    return 'outcome' in state ? state.outcome : undefined;
  }

  /** Whether the caller was told to the end that the call has failed. */
  get apologyHeard(): boolean {
    return this.#agentSide.voice.apologyHeard;
  }

  /** Whether neither side is in the middle of something: a break would cut nothing off. */
  get betweenTurns(): boolean {
    return this.#agentSide.whoseTurn(this.#callerSide) === 'betweenTurns' && !this.#agentSide.playout.sounding;
  }

  /** The phone rings: dials the session, so that the agent can speak when the stream starts. */
  start(): void {
    this.#bridge.start();
  }

  /** A stream has started, `keysPressed` on the way to it: sound flows both ways from here. Of two streams the newer is the call's. */
  answer(stream: CallStream, keysPressed = false): StreamHandlers {
    const { clock, collector, metrics } = this.#deps;
    this.streamGone();
    if (this.#callerSide !== undefined) {
      metrics.streamsBack.inc();
      collector.event(clock.nowMs(), 'STREAM_BACK', 'the caller is back by another stream');
    }
    this.#stream.attach(stream);
    this.#idle.callerActs();
    if (keysPressed) this.#agentSide.oneMoment.keyPressed();
    this.keysOut.back(keysPressed);
    const callerSide = this.#callerOn(stream);
    this.#length.begin();
    collector.answered(clock.nowMs());
    this.#agentSide.voice.attach(stream);
    this.#bridge.handle({ type: 'streamStarted' });
    // The process that was to hang up is gone.
    if (this.#agentSide.leftAtMachine) this.hangUp('machine');
    // A second stream in the middle of the goodbye: the provider asks what comes next, and gets the rest of it.
    if (this.phase === 'ended') stream.close();
    return this.#stream.handlers(stream, callerSide, this.#agentSide.voice);
  }

  /** The provider says that the call is over: the caller has hung up, or somebody has had it ended. */
  callerGone(): Promise<void> {
    return this.#bridge.last(this.#deps.endedBy().then((by) => ({ type: 'callerGone', by })));
  }

  /** The provider is done with the stream, whatever its socket says; the caller is still there. */
  streamGone(): void {
    this.#stream.leave('STREAM_LOST', 'the provider is done with the stream');
  }

  /** The provider was asked to come back just now: a stream that it stops says nothing of the caller. */
  recalled(forMs = RECALL_MS): void {
    this.#stream.recalled(forMs);
  }

  /** Ends the call in an orderly way: what the agent is saying is heard to its end. */
  hangUp(by: EndedBy): void {
    this.#bridge.handle({ type: 'hangUp', by });
  }

  /** Ends the call at once: its stream will not come again, or the process cannot wait any longer. */
  abandon(code: FailureCode): void {
    this.#bridge.handle({ type: 'abandoned', code });
  }

  /** Lets the call go, so that another process can take it up. Its stream stays open: see `closeStream`. */
  handOver(): void {
    this.#bridge.handle({ type: 'handOver' });
  }

  /** Another process has taken the call up. */
  taken(): void {
    this.#bridge.handle({ type: 'taken' });
  }

  /** After `handOver`: the provider asks what comes next, and whoever is asked takes the call up. */
  closeStream(): void {
    this.#stream.close();
  }

  /** Called a few times a second: sends what there is room for, and looks at what only time tells. */
  tick(): void {
    this.#listen();
    this.#agentSide.tick(this.#callerSide);
    this.keysOut.tick();
    const heard =
      this.phase === 'farewell' ? this.#farewell.look(lastWords(this.#agentSide, this.#callerSide)) : undefined;
    if (heard !== undefined) this.#bridge.handle({ type: heard });
    if (this.phase === 'talking' && this.betweenTurns && this.#length.warns()) this.#agentSide.announce(COME_TO_AN_END);
    // A caller whose agent failed is told on the stream, or after it: either way it has to come first.
    const isTold = this.hasStream || this.outcome?.kind !== 'failed';
    if (this.phase === 'draining' && this.#agentSide.playout.idle && isTold) this.#bridge.handle({ type: 'playedOut' });
    if (!this.hasStream) return;
    const step = this.#idle.look(stillness(this.phase, this.#agentSide, this.#callerSide));
    if (step === 'hangUp') this.hangUp('silence');
    if (step === 'goodbye') this.#leave('silence');
    if (step === 'ask' || step === 'goodbye') this.#agentSide.order(IDLE_ORDERS[step]);
  }

  /** A phone sends its silence, too: a stream that brings nothing at all is none, and the provider is made to open another. */
  #listen(): void {
    const caller = this.#callerSide;
    if (!this.hasStream || caller === undefined) return;
    caller.tick();
    if (caller.gone === 'no' || this.phase === 'draining') return;
    this.#deps.metrics.failures.inc({ code: 'STREAM_SILENT', fault: FAILURES.STREAM_SILENT.fault });
    if (caller.gone === 'again') this.abandon('STREAM_SILENT');
    else this.#stream.leave('STREAM_SILENT', 'nothing came from the phone');
  }

  /** The agent asks for the end of the call, or for a transfer; or it is told to say goodbye. */
  #leave(next: Transfer | EndedBy): { readonly speaking: boolean } | undefined {
    this.#bridge.handle({ type: 'leave', next });
    const { state } = this.#bridge;
    if (state.phase !== 'farewell' || state.next !== next) return undefined;
    return { speaking: this.#farewell.begin(lastWords(this.#agentSide, this.#callerSide), next) };
  }

  #callerOn(stream: CallStream): CallerSide {
    if (this.#callerSide !== undefined) {
      this.#callerSide.moveTo(stream);
      return this.#callerSide;
    }
    this.#callerSide = hearCaller({
      stream,
      agent: this.#agent,
      deps: this.#deps,
      agentSide: this.#agentSide,
      flow: () => this.#bridge.flow.callerAudio,
      hangUp: () => this.hangUp('machine'),
      voice: (atMs) => this.#idle.voice(atMs),
      sound: (samples) => {
        if (this.phase === 'farewell') this.#farewell.hear(samples);
      },
      pressed: () => {
        this.#idle.callerActs();
        this.#agentSide.oneMoment.keyPressed();
        if (this.phase === 'farewell') this.#bridge.handle({ type: 'callerSpoke' });
      },
    });
    return this.#callerSide;
  }

  #actions(): Record<Effect, () => void> {
    return {
      dialLive: () => this.#agentSide.dial(),
      resumeLive: () => this.#agentSide.resume(),
      beginAfresh: () => this.#agentSide.beginAfresh(),
      closeLive: () => this.#agentSide.close(this.phase === 'released'),
      greet: () => this.#agentSide.greet(),
      nudge: () => this.#agentSide.nudge(),
      carryOn: () => this.#agentSide.carryOn(this.#callerSide?.speaking === true),
      releaseHeldAudio: () => this.#callerSide?.release(),
      clearPlayout: () => {
        this.#idle.agentStopped();
        this.#agentSide.interrupt();
      },
      rewindPlayout: () => this.#agentSide.rewind(),
      apologise: () => this.#agentSide.apologise(),
      closeStream: () => this.#stream.close(),
      letGo: () => this.#letGo(),
      finish: () => this.#finish(),
    };
  }

  #letGo(): void {
    const sound = this.#settle();
    const transfer = this.#bridge.state.phase === 'released' ? this.#bridge.state.transfer : undefined;
    if (transfer !== undefined && sound !== undefined) this.#deps.collector.sound(sound);
    this.#deps.collector.leave(transfer);
    this.#deps.released(transfer);
  }

  /** Whatever was not heard by now will not be, here. Gives what there is to say of the sound. */
  #settle(): Sound | undefined {
    this.#length.end();
    this.#agentSide.voice.settle();
    this.#callerSide?.close();
    const caller = this.#callerSide?.summary();
    return caller && { caller, agent: this.#agentSide.voice.sound() };
  }

  #finish(): void {
    const { collector, metrics, clock } = this.#deps;
    const { outcome } = this;
    if (outcome === undefined) return;
    const ending = { agent: this.#agent.name, outcome, sound: this.#settle(), startedAtMs: this.#startedAtMs };
    recordEnding({ ...ending, atMs: clock.nowMs() }, collector, metrics);
    this.#deps.ended(outcome, this.#agentSide.tools);
  }
}
