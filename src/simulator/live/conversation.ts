/** One session with the simulated model, over as many sockets as it takes: what it was told, where its scenario stands. */
import type { Pcm } from '../../audio/index.ts';
import type { Clock, Ids } from '../../lib/index.ts';
import type { AnswerStyle } from './answer.ts';
import type { ClientContent, ContextUpdate, FunctionResponse } from './client-messages.ts';
import type { SocketFault } from './faults.ts';
import { type Backend, findModel } from './models.ts';
import { INVALID_ARGUMENT, type Refusal } from './refusals.ts';
import type { FallbackTurn, Scenario } from './scenario.ts';
import { createScript, type Script } from './script.ts';
import { type ServerMessage, voiceActivity } from './server-messages.ts';
import type { WritableRecord } from './session-record.ts';
import type { Content, Setup } from './setup-message.ts';
import { isInstruction, isUsableTool, refusesFirstContent } from './setup-rules.ts';
import { Speaker } from './speaker.ts';
import { createSpeechDetector, type SpeechDetector, type SpeechEdge } from './speech-detector.ts';
import { ANSWER_TO_SPEECH_MS, ANSWER_TO_TEXT_MS, ANSWER_TO_TOOL_MS } from './timings.ts';
import { createToolLedger, type PlannedCall, type ToolLedger } from './tool-ledger.ts';
import { createUsageMeter, type UsageMeter } from './usage.ts';

/** The socket that a conversation speaks through at the moment. */
export interface Outlet {
  send(message: ServerMessage): void;
  suffer(fault: SocketFault): void;
  /** The session goes on elsewhere. */
  supersede(): void;
}

export interface ConversationOptions {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly backend: Backend;
  readonly scenario: Scenario;
  readonly style: AnswerStyle;
  readonly record: WritableRecord;
}

export class Conversation {
  readonly scenario: Scenario;
  readonly record: WritableRecord;
  /** How many sockets it has had. */
  connections = 0;
  #outlet: Outlet | undefined;
  #setup: Setup = {};
  #seeding = false;
  /** With manual detection: whether the client says that the caller speaks. */
  #declaredSpeaking = false;
  readonly #backend: Backend;
  readonly #script: Script;
  readonly #ledger: ToolLedger;
  readonly #meter: UsageMeter = createUsageMeter();
  readonly #detector: SpeechDetector = createSpeechDetector();
  readonly #speaker: Speaker;

  constructor({ clock, ids, backend, scenario, style, record }: ConversationOptions) {
    this.scenario = scenario;
    this.record = record;
    this.#backend = backend;
    this.#script = createScript(scenario);
    this.#ledger = createToolLedger(ids);
    this.#speaker = new Speaker({
      clock,
      style,
      record,
      ledger: this.#ledger,
      meter: this.#meter,
      send: (message) => this.#outlet?.send(message),
      suffer: (fault) => this.suffer(fault),
      callsOf: (turn) => this.#callsOf(turn),
      callerSpeaks: () => this.#callerSpeaks,
      transcribes: () => this.#setup.outputAudioTranscription !== undefined,
    });
  }

  get attached(): boolean {
    return this.#outlet !== undefined;
  }

  get model(): string | undefined {
    return this.#setup.model;
  }

  /** Everything but the model may be set up differently on another socket. */
  attach(outlet: Outlet, setup: Setup): void {
    const before = this.#outlet;
    this.#outlet = outlet;
    before?.supersede();
    this.connections += 1;
    this.#setup = setup;
    this.#seeding = this.connections === 1 && setup.historyConfig?.initialHistoryInClientContent === true;
    this.#declaredSpeaking = false;
    this.#detector.restart(setup.realtimeInputConfig?.automaticActivityDetection?.silenceDurationMs);
    this.#countConfiguration();
    this.record.add({ type: 'opened', setup, resumed: this.connections > 1 });
  }

  /** Nothing happens when the session has gone on to another socket. */
  detach(outlet: Outlet, code: number, reason: string): void {
    if (this.#outlet !== outlet) return;
    this.#outlet = undefined;
    const { notBegun, unsaid } = this.#speaker.stop();
    for (const turn of notBegun.toReversed()) this.#script.putBack(turn);
    // Asked to, the model goes on from where it was cut off.
    if (unsaid !== undefined) this.#script.leaveUnfinished({ says: unsaid });
    this.record.add({ type: 'closed', code, reason });
  }

  suffer(fault: SocketFault): void {
    if (fault.kind === 'phantomInterrupted') this.#speaker.interruptForNothing();
    else this.#outlet?.suffer(fault);
  }

  hearSound(samples: Pcm<16000>): Refusal | undefined {
    if (refusesFirstContent(this.#setup, this.#backend)) return INVALID_ARGUMENT;
    this.record.addSound(samples);
    if (this.detectsActivity) this.#detector.push(samples, (edge, offsetMs) => this.#hearEdge(edge, offsetMs));
    const everything = this.#setup.realtimeInputConfig?.turnCoverage === 'TURN_INCLUDES_ALL_INPUT';
    if (everything || this.#callerSpeaks) this.#meter.heard(samples.length / 16);
    return undefined;
  }

  hearText(text: string): Refusal | undefined {
    if (refusesFirstContent(this.#setup, this.#backend)) return INVALID_ARGUMENT;
    this.record.add({ type: 'textReceived', text });
    this.#meter.read(text.length);
    // Text counts as activity.
    if (this.#interruptible) this.#interrupt();
    this.#speaker.ask(this.#script.takeForText(text), ANSWER_TO_TEXT_MS);
    return undefined;
  }

  readContent({ turns = [], turnComplete = false }: ClientContent): Refusal | undefined {
    if (refusesFirstContent(this.#setup, this.#backend)) return INVALID_ARGUMENT;
    if (!turns.every(({ role }) => role === 'user' || role === 'model')) return INVALID_ARGUMENT;
    for (const turn of turns) {
      const text = textOf(turn);
      this.#meter.read(text.length);
      this.record.add({ type: 'contextReceived', role: turn.role ?? '', text });
    }
    if (!turnComplete) return undefined;
    if (this.#seeding) {
      this.#seeding = false;
      return undefined;
    }
    this.#interrupt();
    const last = turns.at(-1);
    this.#speaker.ask(this.#script.takeForText(last === undefined ? '' : textOf(last)), ANSWER_TO_TEXT_MS);
    return undefined;
  }

  /**
   * The client's own detection; only when the service's is off. No source tells what the service makes of an end without its
   * start, on the same socket: it is taken for an invalid argument, so that a client that sends one finds out.
   */
  declareActivity(edge: SpeechEdge): Refusal | undefined {
    if (edge === 'ended' && !this.#declaredSpeaking) return INVALID_ARGUMENT;
    this.#declaredSpeaking = edge === 'started';
    if (edge === 'started') this.#beginSpeech();
    else this.#endSpeech();
    return undefined;
  }

  answerTools(answers: readonly FunctionResponse[]): Refusal | undefined {
    // Vertex AI can tell by the name which call is meant; the Developer API wants the id.
    if (this.#backend === 'developer' && answers.some(({ id }) => id === undefined)) return INVALID_ARGUMENT;
    const effects = answers.map((answer) => {
      const effect = this.#ledger.settle(answer);
      this.record.add({ type: 'toolAnswered', answer, accepted: effect !== 'ignored' });
      if (effect !== 'ignored') this.#meter.read(JSON.stringify(answer.response ?? {}).length);
      return effect;
    });
    const spokenOf = effects.some((effect) => effect === 'WHEN_IDLE' || effect === 'INTERRUPT');
    if (!spokenOf || this.#ledger.blocked) return undefined;
    // While the caller speaks, INTERRUPT waits like WHEN_IDLE does.
    if (effects.includes('INTERRUPT') && !this.#callerSpeaks) this.#interrupt();
    this.#speaker.ask(this.#script.take('toolResult'), ANSWER_TO_TOOL_MS, { politely: true });
    return undefined;
  }

  updateContext({ systemInstruction, tools }: ContextUpdate): Refusal | undefined {
    if (systemInstruction !== undefined && !isInstruction(systemInstruction)) return INVALID_ARGUMENT;
    if (!(tools?.tools ?? []).every(isUsableTool)) return INVALID_ARGUMENT;
    this.#setup = {
      ...this.#setup,
      ...(systemInstruction && { systemInstruction }),
      // Present but empty takes all tools away.
      ...(tools && { tools: tools.tools ?? [] }),
    };
    this.#countConfiguration();
    return undefined;
  }

  get detectsActivity(): boolean {
    return this.#setup.realtimeInputConfig?.automaticActivityDetection?.disabled !== true;
  }

  get #callerSpeaks(): boolean {
    return this.#detector.speaking || this.#declaredSpeaking;
  }

  get #interruptible(): boolean {
    return this.#setup.realtimeInputConfig?.activityHandling !== 'NO_INTERRUPTION';
  }

  #hearEdge(edge: SpeechEdge, offsetMs: number): void {
    const activity = () => this.#outlet?.send(voiceActivity(edge, offsetMs));
    if (edge === 'started') {
      activity();
      this.#beginSpeech();
    } else this.#endSpeech(activity);
  }

  #beginSpeech(): void {
    this.record.add({ type: 'speechStarted' });
    if (this.#interruptible) this.#interrupt();
  }

  #endSpeech(afterTranscript: () => void = () => undefined): void {
    const turn = this.#script.take('speech');
    const transcript = 'hears' in turn ? turn.hears : undefined;
    this.record.add({ type: 'speechEnded', transcript });
    this.#meter.read(transcript?.length ?? 0);
    if (transcript !== undefined && this.#setup.inputAudioTranscription !== undefined) {
      this.#outlet?.send({ serverContent: { inputTranscription: { text: transcript } } });
    }
    afterTranscript();
    this.#speaker.ask(turn, ANSWER_TO_SPEECH_MS);
  }

  /** What was not begun is left in the scenario. A call that the model waits for is dropped, to be made again under another id. */
  #interrupt(): void {
    const stopped = this.#speaker.interrupt();
    if (stopped === undefined) return;
    const { turn, begun } = stopped;
    if (!begun) this.#script.putBack(turn);
    const dropped = this.#ledger.dropBlocking();
    if (dropped.length === 0) return;
    if (turn.calls !== undefined) this.#script.leaveUnfinished({ calls: turn.calls });
    if (this.scenario.announcesCancelledCalls) this.#outlet?.send({ toolCallCancellation: { ids: dropped } });
  }

  #callsOf(turn: FallbackTurn): readonly PlannedCall[] {
    const declarations = (this.#setup.tools ?? []).flatMap((tool) => tool.functionDeclarations ?? []);
    const byDefault = findModel(this.#setup.model ?? '', this.#backend)?.defaultBehavior ?? 'NON_BLOCKING';
    return (turn.calls ?? []).flatMap((call) => {
      const declared = declarations.find(({ name }) => name === call.name);
      if (declared === undefined) this.record.add({ type: 'toolUndeclared', name: call.name });
      const behavior = call.behavior ?? declared?.behavior ?? byDefault;
      return declared === undefined ? [] : [{ ...call, behavior }];
    });
  }

  #countConfiguration(): void {
    const { systemInstruction, tools } = this.#setup;
    const instruction = systemInstruction === undefined ? '' : textOf(systemInstruction);
    this.#meter.configured(instruction.length + (tools === undefined ? 0 : JSON.stringify(tools).length));
  }
}

function textOf(content: Content): string {
  return (content.parts ?? []).map((part) => part.text ?? '').join('');
}
