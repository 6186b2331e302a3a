/** One phone call: joins a stream to a Live session, and does what the machine says. */
import { g711, type Pcm } from '../audio/index.ts';
import type { Cancel, Clock } from '../lib/index.ts';
import type { LiveHandlers, LiveSession, LiveSettings, SeedTurn } from '../live/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import type { CallStream, StreamEnd, StreamHandlers } from '../telephony/index.ts';
import type { Collector, Outcome, PlayedTurn } from '../transcript/index.ts';
import { Bridge } from './bridge.ts';
import { Downlink } from './downlink.ts';
import { type CallerSide, hearCaller } from './hear-caller.ts';
import { hearLive } from './hear-live.ts';
import type { CallEvent, Effect, Phase } from './machine.ts';
import { Playout } from './playout.ts';

/** What a call needs to know of its agent. */
export interface CallAgent {
  readonly name: string;
  /** What the agent says first; undefined: it waits for the caller. */
  readonly greeting?: string | undefined;
  readonly live: LiveSettings;
  readonly limits: {
    readonly callMs: number;
    /** When nobody has said anything for so long, the call ends. */
    readonly silenceMs: number;
    readonly heldAudioMs: number;
  };
}

/** What the caller hears when the agent is gone for good. */
export interface Apology {
  readonly samples: Pcm<8000>;
  readonly text: string;
}

export interface CallDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly collector: Collector;
  readonly openLive: (
    settings: LiveSettings,
    handlers: LiveHandlers,
    seed: () => readonly SeedTurn[],
    logger: Logger,
  ) => LiveSession;
  readonly apology: Apology;
  /** The call has ended, and its transcript is complete. Once. */
  readonly ended: (outcome: Outcome) => void;
}

export class Call {
  readonly #agent: CallAgent;
  readonly #deps: CallDeps;
  readonly #bridge: Bridge;
  readonly #playout: Playout;
  readonly #downlink: Downlink;
  readonly #startedAtMs: number;
  #session: LiveSession | undefined;
  #stream: CallStream | undefined;
  #caller: CallerSide | undefined;
  #cancelLimit: Cancel = () => undefined;
  #streamStartedMs: number | undefined;
  /** When either side was last heard: the limit of silence counts from here. */
  #lastSoundMs: number;
  #apologyTurn: number | undefined;
  #apologyHeard = false;

  constructor(agent: CallAgent, deps: CallDeps) {
    this.#agent = agent;
    this.#deps = deps;
    this.#startedAtMs = deps.clock.nowMs();
    this.#lastSoundMs = this.#startedAtMs;
    this.#playout = new Playout(deps.clock, {
      turnStarted: (turn, atMs) => this.#turnStarted(turn, atMs),
      turnEnded: (turn, played) => this.#turnEnded(turn, played),
      overflowed: (droppedMs) => deps.logger.warn({ droppedMs }, 'agent sound beyond the bound dropped'),
    });
    this.#downlink = new Downlink({
      clock: deps.clock,
      playout: this.#playout,
      silentTurn: (turn) => this.#silentTurn(turn),
    });
    this.#bridge = new Bridge({
      clock: deps.clock,
      logger: deps.logger,
      actions: this.#actions(),
      ignored: (phase, event) => deps.metrics.unexpectedEvents.inc({ phase, event }),
    });
  }

  get phase(): Phase {
    return this.#bridge.state.phase;
  }

  get hasStream(): boolean {
    return this.#stream !== undefined;
  }

  /** Whether the end came from the provider, which then has nothing left to ask. */
  get providerEndedIt(): boolean {
    const { state } = this.#bridge;
    return 'outcome' in state && state.outcome.kind === 'callerGone';
  }

  /** Whether the call failed without the caller having been told so to the end. */
  get owesApology(): boolean {
    const { state } = this.#bridge;
    return 'outcome' in state && state.outcome.kind === 'failed' && !this.#apologyHeard;
  }

  /** The phone rings: dials the session, so that the agent can speak when the stream starts. */
  start(): void {
    this.#bridge.start();
  }

  /** The stream has started: sound flows both ways from here. Once. */
  answer(stream: CallStream): StreamHandlers {
    const { clock, collector } = this.#deps;
    const nowMs = clock.nowMs();
    const caller = hearCaller({
      stream,
      agent: this.#agent,
      deps: this.#deps,
      session: () => this.#session,
      flow: () => this.#bridge.flow.callerAudio,
      noticed: () => {
        this.#lastSoundMs = clock.nowMs();
      },
    });
    this.#stream = stream;
    this.#caller = caller;
    this.#streamStartedMs = nowMs;
    this.#lastSoundMs = nowMs;
    this.#cancelLimit = clock.after(this.#agent.limits.callMs, () => this.hangUp());
    collector.answered(nowMs);
    const { encode } = g711(stream.format.encoding);
    this.#playout.attach({
      ...stream.playout,
      play: (samples) => stream.send({ type: 'audio', payload: encode(samples) }),
      mark: (name) => stream.send({ type: 'mark', name }),
      clear: () => stream.send({ type: 'clear' }),
    });
    this.#bridge.handle({ type: 'streamStarted' });
    return {
      audio: (payload, timestampMs) => caller.audio(payload, timestampMs),
      digit: (digit) => caller.digit(digit),
      markReached: (name) => this.#playout.markReached(name),
      ended: (how) => this.#streamEnded(how),
    };
  }

  /** The provider says that the caller is no longer there. */
  callerGone(): void {
    this.#bridge.handle({ type: 'callerGone' });
  }

  /** Ends the call in an orderly way: what the agent is saying is heard to its end. */
  hangUp(): void {
    this.#bridge.handle({ type: 'hangUp' });
  }

  /** Ends the call at once: its stream is gone, or the process cannot wait any longer. */
  abandon(code: 'STREAM_LOST' | 'SHUTDOWN'): void {
    this.#bridge.handle({ type: 'streamLost', code });
  }

  /** Called a few times a second: sends what there is room for, and looks at what only time tells. */
  tick(): void {
    this.#playout.topUp();
    if (this.#bridge.state.phase === 'draining' && this.#playout.idle) this.#bridge.handle({ type: 'playedOut' });
    if (this.#playout.sounding) this.#lastSoundMs = this.#deps.clock.nowMs();
    if (this.hasStream && this.#deps.clock.nowMs() - this.#lastSoundMs > this.#agent.limits.silenceMs) {
      this.#lastSoundMs = this.#deps.clock.nowMs();
      this.#deps.collector.event(this.#lastSoundMs, 'SILENCE', 'nobody spoke for the agreed time');
      this.hangUp();
    }
  }

  #streamEnded(how: StreamEnd): void {
    this.#stream = undefined;
    // We close a stream when the call has ended: there is nothing more to learn from it.
    if (how === 'closedByUs') return;
    this.#bridge.handle(how === 'lost' ? { type: 'streamLost', code: 'STREAM_LOST' } : { type: 'callerGone' });
  }

  #turnStarted(turn: number, atMs: number): void {
    const { collector, metrics } = this.#deps;
    const agent = this.#agent.name;
    if (turn === 1 && this.#streamStartedMs !== undefined) {
      metrics.firstSoundSeconds.observe({ agent }, (atMs - this.#streamStartedMs) / 1_000);
    }
    const responseMs = collector.agentTurnStarted(turn, atMs);
    if (responseMs !== undefined) metrics.responseSeconds.observe({ agent }, responseMs / 1_000);
  }

  #turnEnded(turn: number, played: PlayedTurn): void {
    if (turn === this.#apologyTurn) this.#apologyHeard = !played.cut;
    this.#deps.collector.agentTurnEnded(turn, played);
  }

  #silentTurn(turn: number): void {
    const nowMs = this.#deps.clock.nowMs();
    this.#deps.collector.agentTurnEnded(turn, { startMs: nowMs, endMs: nowMs, heardMs: 0, generatedMs: 0, cut: true });
  }

  #actions(): Record<Effect, () => void> {
    const { collector, metrics } = this.#deps;
    return {
      dialLive: () => {
        metrics.liveSessions.inc();
        this.#session = this.#deps.openLive(
          this.#agent.live,
          hearLive({
            model: this.#agent.live.model,
            deps: this.#deps,
            downlink: this.#downlink,
            playing: () => this.#bridge.flow.agentAudio === 'play',
            answerTools: (answers) => this.#session?.answerTools(answers),
            handle: (event: CallEvent) => this.#bridge.handle(event),
          }),
          () => collector.seed(),
          this.#deps.logger,
        );
      },
      resumeLive: () => {
        // What the lost socket had not brought of a turn will not come: the next sound is a turn of its own.
        this.#downlink.turnCompleted();
        this.#session?.resume();
      },
      closeLive: () => {
        if (this.#session !== undefined) metrics.liveSessions.dec();
        this.#session?.close();
        this.#session = undefined;
        this.#downlink.turnCompleted();
      },
      greet: () => {
        const { greeting } = this.#agent;
        if (greeting !== undefined && !this.#downlink.begun) this.#session?.sendText(greet(greeting));
      },
      releaseHeldAudio: () => this.#caller?.release(),
      clearPlayout: () => {
        metrics.bargeIns.inc();
        this.#downlink.interrupt();
      },
      apologise: () => {
        this.#apologyTurn = this.#downlink.say(this.#deps.apology.samples);
        collector.agentSaid(this.#apologyTurn, this.#deps.apology.text);
      },
      closeStream: () => this.#stream?.close(),
      finish: () => this.#finish(),
    };
  }

  #finish(): void {
    const { collector, metrics, clock } = this.#deps;
    const { state } = this.#bridge;
    if (!('outcome' in state)) return;
    const { outcome } = state;
    const agent = this.#agent.name;
    this.#cancelLimit();
    this.#playout.close();
    const caller = this.#caller?.summary();
    if (caller !== undefined) {
      const agentSound = { ...this.#downlink.levels(), ...this.#playout.summary() };
      collector.sound({ caller, agent: agentSound });
      metrics.callerLevelDbov.observe(caller.activeDbov);
      metrics.agentLevelDbov.observe(agentSound.activeDbov);
    }
    collector.end(outcome, clock.nowMs());
    const fault = outcome.kind === 'failed' ? outcome.fault : '';
    const code = outcome.kind === 'failed' ? outcome.code : '';
    metrics.calls.inc({ agent, outcome: outcome.kind, fault, code });
    metrics.callSeconds.observe({ agent }, (clock.nowMs() - this.#startedAtMs) / 1_000);
    if (outcome.kind === 'failed') metrics.failures.inc({ code, fault });
    this.#deps.ended(outcome);
  }
}

/** The model varies the words; what must be said exactly is a recording's work. */
function greet(greeting: string): string {
  return `[The caller has just picked up the phone.] ${greeting}`;
}
