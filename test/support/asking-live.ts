/**
 * A Live service that calls tools when a test says so, and writes down what it is told of them. Its sessions outlive their
 * sockets: whoever has a handle goes on with what was asked and not answered yet.
 */
import type { Clock } from '../../src/lib/index.ts';
import { type Dial, mindSocket } from '../../src/live/index.ts';
import type { ManualClock } from './manual-clock.ts';
import { MemorySocket } from './memory-socket.ts';

export interface Asked {
  readonly id: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Which session asks, from 0. */
  readonly session: number;
  cancelled: boolean;
}

/** An answer that the service has read. */
export interface Answered {
  readonly id: string;
  readonly session: number;
  /** On which socket, from 0, it came. */
  readonly socket: number;
  readonly response: string;
}

interface ServedSocket {
  readonly ours: MemorySocket;
  readonly theirs: MemorySocket;
  /** undefined: no setup was read yet. */
  session: number | undefined;
  open: boolean;
}

interface ClientMessage {
  readonly setup?: { readonly sessionResumption?: { readonly handle?: string } };
  readonly realtimeInput?: { readonly text?: string };
  readonly clientContent?: { readonly turns: readonly { readonly parts: readonly { readonly text: string }[] }[] };
  readonly toolResponse?: {
    readonly functionResponses: readonly { readonly id: string; readonly response: unknown }[];
  };
}

/** Dialling, and no time on the way after that. */
const DIAL_MS = 20;

export class AskingLive {
  readonly asked: Asked[] = [];
  readonly answered: Answered[] = [];
  readonly #clock: ManualClock;
  readonly #sockets: ServedSocket[] = [];
  #sessions = 0;
  readonly #handles = new Map<string, number>();

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  /** The newest session that there is, if any. */
  get session(): number {
    return this.#sessions - 1;
  }

  /** Dials by the clock of the process that does; `opened` gets its end. */
  dialFrom(clock: Clock, opened: (ours: MemorySocket) => void): Dial {
    return (_target, handlers) =>
      clock.after(DIAL_MS, () => {
        const [ours, theirs] = MemorySocket.pair(this.#clock);
        const served: ServedSocket = { ours, theirs, session: undefined, open: true };
        const at = this.#sockets.push(served) - 1;
        theirs.binary = true;
        theirs.on('message', (data: Buffer) => this.#read(JSON.parse(data.toString()) as ClientMessage, served, at));
        theirs.on('close', () => {
          served.open = false;
        });
        opened(ours);
        handlers.opened(mindSocket(ours, clock, handlers));
      });
  }

  /** Calls these tools in one message, if there is a session to do so. */
  ask(calls: readonly Pick<Asked, 'name' | 'args'>[]): void {
    const served = this.#ready;
    if (served?.session === undefined) return;
    const { session } = served;
    const asked = calls.map(({ name, args }, at): Asked => {
      const id = `c${this.asked.length + at}`;
      return { id, name, args: { ...args, ref: id }, session, cancelled: false };
    });
    this.asked.push(...asked);
    const functionCalls = asked.map(({ id, name, args }) => ({ id, name, args }));
    this.#send(served, { toolCall: { functionCalls } });
  }

  /** Cancels one of the calls that it waits for. */
  cancel(which: number): void {
    const served = this.#ready;
    const waiting = this.asked.filter(
      ({ id, session, cancelled }) => session === served?.session && !cancelled && !this.isAnswered(id),
    );
    const one = waiting[which % waiting.length];
    if (served === undefined || one === undefined) return;
    one.cancelled = true;
    this.#send(served, { toolCallCancellation: { ids: [one.id] } });
  }

  isAnswered(id: string): boolean {
    return this.answered.some((one) => one.id === id);
  }

  /** The session's socket ends; of a link that dies neither end is told, and nothing comes through any more. */
  lose(how: 'breaks' | 'closes' | 'linkDies'): void {
    const served = this.#ready;
    if (served === undefined) return;
    served.open = false;
    if (how === 'breaks') served.theirs.terminate();
    else if (how === 'closes') served.theirs.close(1011, 'Internal error encountered.');
    else served.theirs.pause();
  }

  /** No session can be resumed any more. */
  forgetHandles(): void {
    this.#handles.clear();
  }

  /** Texts that were sent to sessions, whether or not they came through. */
  texts(): { readonly session: number | undefined; readonly text: string }[] {
    return this.#sockets.flatMap(({ ours, session }) =>
      ours.sent.flatMap((sent) => {
        const { realtimeInput, clientContent } = JSON.parse(sent) as ClientMessage;
        const turns = clientContent?.turns.flatMap(({ parts }) => parts.map(({ text }) => text)) ?? [];
        return [...(realtimeInput?.text === undefined ? [] : [realtimeInput.text]), ...turns].map((text) => ({
          session,
          text,
        }));
      }),
    );
  }

  get #ready(): ServedSocket | undefined {
    return this.#sockets.findLast(({ open, session }) => open && session !== undefined);
  }

  #read(message: ClientMessage, served: ServedSocket, at: number): void {
    if (message.setup !== undefined) this.#setUp(message.setup.sessionResumption?.handle, served, at);
    for (const { id, response } of message.toolResponse?.functionResponses ?? []) {
      this.answered.push({ id, session: served.session!, socket: at, response: JSON.stringify(response) });
    }
  }

  #setUp(handle: string | undefined, served: ServedSocket, at: number): void {
    const known = handle === undefined ? this.#sessions : this.#handles.get(handle);
    if (known === undefined) {
      served.theirs.close(1008, 'Requested entity was not found.');
      return;
    }
    if (handle === undefined) this.#sessions++;
    served.session = known;
    const newHandle = `h${at}`;
    this.#handles.set(newHandle, known);
    this.#send(served, { setupComplete: {} });
    this.#send(served, { sessionResumptionUpdate: { newHandle, resumable: true } });
  }

  #send({ theirs }: ServedSocket, message: object): void {
    theirs.send(JSON.stringify(message));
  }
}
