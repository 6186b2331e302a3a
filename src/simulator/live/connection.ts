/**
 * One socket of the simulated service, from its opening to its close.
 *
 *   opened ──setup──▶ judged ──accepted, SETUP_MS──▶ open ──close, drop, lifetime──▶ closed
 *      │                 └──refused──▶ closed
 *      └──setup that hangs──▶ hung
 */
import { type Cancel, type Clock, type MessageSocket, type WebSocketLike, wrapWebSocket } from '../../lib/index.ts';
import type { Entry } from './access.ts';
import { type ClientMessage, parseClientMessage, type RealtimeInput } from './client-messages.ts';
import type { Conversation, Outlet } from './conversation.ts';
import { happensToSocket, type SocketFault, type TimedSocketFault } from './faults.ts';
import { decodeAudio } from './hearing.ts';
import { ABORTED, ACTIVITY_IS_AUTOMATIC, DEADLINE, INVALID_ARGUMENT, MEDIA_CHUNKS, type Refusal } from './refusals.ts';
import { goAway, type ServerMessage } from './server-messages.ts';
import type { Setup } from './setup-message.ts';
import {
  CONNECTION_LIFE_MS,
  GO_AWAY_NOTICE_MS,
  HANDLE_DELAY_MS,
  REFUSAL_MS,
  RESUME_MS,
  RESUMED_HANDLE_DELAY_MS,
  SETUP_MS,
} from './timings.ts';

/** What comes of a setup. */
export type Admission =
  | { readonly kind: 'hangs' }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly afterMs: number }
  | { readonly kind: 'new' | 'resumed'; readonly conversation: Conversation };

/** The service's end of a socket, which stops reading when its link is to die. */
export type ServiceEnd = WebSocketLike & { pause(): void };

export interface ConnectionParts {
  readonly clock: Clock;
  readonly socket: ServiceEnd;
  readonly entry: Entry;
  judge(setup: Setup): Admission;
  /** Whether the fault is to befall one more connection. */
  isDue(fault: TimedSocketFault): boolean;
  newHandle(conversation: Conversation): string;
  refused(refusal: Refusal): void;
  closed(conversation: Conversation | undefined, code: number): void;
}

/** A stalled socket holds back what would have left; a minute of a fast answer is some 500 messages. */
const MAX_STALLED_MESSAGES = 2_000;

export class Connection implements Outlet {
  #phase: 'opened' | 'judged' | 'hung' | 'open' | 'closed' = 'opened';
  #conversation: Conversation | undefined;
  #stalled: ServerMessage[] | undefined;
  #deaf = false;
  readonly #timers = new Set<Cancel>();
  readonly #socket: MessageSocket;
  readonly #parts: ConnectionParts;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.#socket = wrapWebSocket(parts.socket, {
      message: (text) => this.#receive(text),
      closed: (code, reason) => this.#finish(code, reason),
    });
    const { refusal } = parts.entry;
    if (refusal !== undefined) this.#after(REFUSAL_MS, () => this.#refuse(refusal));
  }

  send(message: ServerMessage): void {
    if (this.#deaf) return;
    if (this.#stalled === undefined) this.#socket.send(JSON.stringify(message));
    else if (this.#stalled.length < MAX_STALLED_MESSAGES) this.#stalled.push(message);
  }

  suffer(fault: SocketFault): void {
    switch (fault.kind) {
      case 'goAway':
        this.send(goAway(fault.timeLeftMs));
        this.#after(fault.timeLeftMs, () => this.close(fault.code === 1011 ? DEADLINE : ABORTED));
        break;
      case 'drop':
        this.#socket.terminate();
        this.#finish(1006, '');
        break;
      case 'close':
        this.close(fault);
        break;
      case 'stall':
        this.#stalled ??= [];
        if (fault.forMs !== undefined) this.#after(fault.forMs, () => this.#flow());
        break;
      case 'deaf':
        this.#deaf = true;
        this.#parts.socket.pause();
        break;
      case 'phantomInterrupted':
        this.#conversation?.suffer(fault);
        break;
    }
  }

  supersede(): void {
    this.close(ABORTED);
  }

  /** The service closes. The session ends for it at once; the client's side of the handshake may take its time. */
  close({ code, reason }: Refusal): void {
    this.#socket.close(code, reason);
    this.#finish(code, reason);
  }

  #receive(text: string): void {
    if (this.#deaf || this.#phase === 'closed' || this.#phase === 'hung' || this.#parts.entry.refusal !== undefined)
      return;
    const refusal = this.#read(text);
    if (refusal !== undefined) this.#refuse(refusal);
  }

  #read(text: string): Refusal | undefined {
    const parsed = parseClientMessage(text);
    if (!parsed.ok) return parsed.refusal;
    const { message } = parsed;
    // Setup comes first, once, and alone until it is complete.
    if (this.#phase === 'opened' && message.setup !== undefined) {
      this.#judge(message.setup);
      return undefined;
    }
    if (this.#phase !== 'open' || message.setup !== undefined) return INVALID_ARGUMENT;
    return route(message, this.#conversation!);
  }

  #judge(setup: Setup): void {
    const admission = this.#parts.judge(setup);
    this.#phase = admission.kind === 'hangs' ? 'hung' : 'judged';
    if (admission.kind === 'hangs') return;
    if (admission.kind === 'refused') {
      this.#after(admission.afterMs, () => this.#refuse(admission.refusal));
      return;
    }
    const { conversation } = admission;
    const resumed = admission.kind === 'resumed';
    this.#conversation = conversation;
    conversation.attach(this, setup);
    this.#after(resumed ? RESUME_MS : SETUP_MS, () => this.#open(conversation, resumed));
    for (const fault of conversation.scenario.faults) {
      if (!happensToSocket(fault) || fault.connection !== conversation.connections) continue;
      if (!this.#parts.isDue(fault)) continue;
      this.#after(fault.atMs, () => this.suffer(fault));
    }
  }

  #open(conversation: Conversation, resumed: boolean): void {
    this.#phase = 'open';
    const vertex = this.#parts.entry.backend === 'vertex';
    this.send({ setupComplete: vertex ? { sessionId: conversation.record.id } : {} });
    this.#after(resumed ? RESUMED_HANDLE_DELAY_MS : HANDLE_DELAY_MS, () => {
      const newHandle = this.#parts.newHandle(conversation);
      this.send({ sessionResumptionUpdate: { newHandle, resumable: true } });
    });
    this.#after(CONNECTION_LIFE_MS - GO_AWAY_NOTICE_MS, () =>
      this.suffer({ kind: 'goAway', timeLeftMs: GO_AWAY_NOTICE_MS, code: 1011 }),
    );
  }

  #refuse(refusal: Refusal): void {
    this.#parts.refused(refusal);
    this.close(refusal);
  }

  #finish(code: number, reason: string): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    this.#conversation?.detach(this, code, reason);
    this.#parts.closed(this.#conversation, code);
  }

  #flow(): void {
    const held = this.#stalled ?? [];
    this.#stalled = undefined;
    for (const message of held) this.send(message);
  }

  #after(delayMs: number, run: () => void): void {
    const cancel = this.#parts.clock.after(delayMs, () => {
      this.#timers.delete(cancel);
      run();
    });
    this.#timers.add(cancel);
  }
}

function route(message: ClientMessage, conversation: Conversation): Refusal | undefined {
  if (message.clientContent !== undefined) return conversation.readContent(message.clientContent);
  if (message.contextUpdate !== undefined) return conversation.updateContext(message.contextUpdate);
  if (message.toolResponse !== undefined) {
    return conversation.answerTools(message.toolResponse.functionResponses ?? []);
  }
  return message.realtimeInput === undefined ? undefined : routeInput(message.realtimeInput, conversation);
}

/** Streams within one message have no order; sound goes first, so that an end of activity covers it. */
function routeInput(input: RealtimeInput, conversation: Conversation): Refusal | undefined {
  if (input.mediaChunks !== undefined) return MEDIA_CHUNKS;
  const declares = input.activityStart !== undefined || input.activityEnd !== undefined;
  if (declares && conversation.detectsActivity) return ACTIVITY_IS_AUTOMATIC;
  if (input.audioStreamEnd === true && !conversation.detectsActivity) return INVALID_ARGUMENT;
  if (input.activityStart !== undefined) conversation.declareActivity('started');
  if (input.audio !== undefined) {
    const samples = decodeAudio(input.audio);
    const refusal = 'code' in samples ? samples : conversation.hearSound(samples);
    if (refusal !== undefined) return refusal;
  }
  if (input.activityEnd !== undefined) {
    const refusal = conversation.declareActivity('ended');
    if (refusal !== undefined) return refusal;
  }
  // It flushes what is cached, and does not end the turn on 3.8.
  if (input.audioStreamEnd === true) conversation.record.add({ type: 'audioStreamEnded' });
  return input.text === undefined ? undefined : conversation.hearText(input.text);
}
