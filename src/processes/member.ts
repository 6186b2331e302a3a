/** A worker's own side: which one it is, what it hears from the primary, and what its siblings do for it. */
import cluster from 'node:cluster';
import { Socket } from 'node:net';
import { type Clock, Failure, withDeadline } from '../lib/index.ts';
import type { Logger, MetricsSnapshot } from '../telemetry/index.ts';
import { type FromPrimary, type FromWorker, type PassedUpgrade, readFromPrimary } from './messages.ts';
import { TAKEN_WITHIN_MS } from './passing.ts';

/** The primary gives up on a silent worker after 2 s; Prometheus on us after ten, unless told otherwise. */
const SUM_WITHIN_MS = 4_000;

/** The way to the primary. */
export interface Channel {
  /** False once the primary is gone. */
  readonly open: boolean;
  send(message: FromWorker, socket?: Socket, done?: (error: Error | null) => void): void;
  listen(heard: (message: unknown, socket: Socket | undefined) => void, lost: () => void): void;
  close(): void;
}

/** What a worker that serves is asked for. */
export interface Served {
  /** A stream that reached another process, and is this one's. */
  take(upgrade: PassedUpgrade, socket: Socket): void;
  metrics(): Promise<MetricsSnapshot>;
}

export interface MemberOptions {
  readonly channel: Channel;
  readonly clock: Clock;
}

export class Member {
  readonly #options: MemberOptions;
  readonly #sums = new Map<number, (text: string | undefined) => void>();
  #served: { readonly it: Served; readonly logger: Logger } | undefined;
  #lastId = 0;
  #tell: (signal: string) => void = () => undefined;
  #lose: () => void = () => undefined;
  #settle: (place: { readonly number: number; readonly modelUrl?: string | undefined }) => void = () => undefined;
  /** Which one this is. */
  readonly placed: Promise<{ readonly number: number; readonly modelUrl?: string | undefined }>;
  /** Resolves when this process is to stop, with why: the signal that the primary got, or that it is gone. */
  readonly told: Promise<string>;
  /** Resolves when the primary is gone. */
  readonly alone: Promise<void>;

  constructor(options: MemberOptions) {
    this.#options = options;
    this.told = new Promise((resolve) => {
      this.#tell = resolve;
    });
    this.alone = new Promise((resolve) => {
      this.#lose = resolve;
    });
    this.placed = new Promise((resolve) => {
      this.#settle = resolve;
    });
    const { channel } = options;
    channel.listen(
      (message, socket) => this.#heard(readFromPrimary(message), socket),
      () => {
        this.#tell('the primary is gone');
        this.#lose();
      },
    );
    channel.send({ type: 'hello' });
  }

  /** From now on it is counted on. */
  serve(it: Served, logger: Logger): void {
    this.#served = { it, logger };
    this.#options.channel.send({ type: 'serving' });
  }

  /** Whether the stream is on its way to the process of that number; else it is still the caller's. */
  passOn(number: number, upgrade: PassedUpgrade, socket: Socket): boolean {
    const { channel } = this.#options;
    if (!channel.open) return false;
    // A shell without its connection; or, when it did not get there, the connection that is cut.
    channel.send({ type: 'passOn', to: number, upgrade }, socket, () => socket.destroy());
    return true;
  }

  /** The metrics of all processes. Rejects when they do not come in time. */
  async sum(): Promise<string> {
    const { channel, clock } = this.#options;
    const id = ++this.#lastId;
    const missing = (): Failure => new Failure('INTERNAL', 'the metrics of all processes did not come in time');
    const answer = new Promise<string | undefined>((resolve) => this.#sums.set(id, resolve));
    try {
      channel.send({ type: 'sumWanted', id });
      const text = await withDeadline(clock, SUM_WITHIN_MS, answer, missing);
      if (text === undefined) throw missing();
      return text;
    } finally {
      this.#sums.delete(id);
    }
  }

  /** Nothing more is heard, so that the process can end. */
  close(): void {
    this.#options.channel.close();
  }

  #heard(message: FromPrimary | undefined, socket: Socket | undefined): void {
    if (message?.type !== 'take') socket?.destroy();
    switch (message?.type) {
      case 'place':
        this.#settle(message);
        break;
      case 'stop':
        this.#tell(message.signal);
        break;
      case 'take':
        this.#take(message, socket);
        break;
      case 'metricsWanted':
        void this.#tellMetrics(message.id);
        break;
      case 'sum':
        this.#sums.get(message.id)?.(message.text);
        break;
      default:
        this.#served?.logger.error('the primary says what is not understood');
    }
  }

  #take({ id, sentMs, upgrade }: FromPrimary & { type: 'take' }, socket: Socket | undefined): void {
    const { channel, clock } = this.#options;
    channel.send({ type: 'taken', id });
    // Without a socket its peer has gone; one that waited for too long has a peer that gave up.
    if (socket === undefined) return;
    const isLate = clock.wallMs() - sentMs >= TAKEN_WITHIN_MS;
    if (isLate || this.#served === undefined) socket.destroy();
    else this.#served.it.take(upgrade, socket);
  }

  async #tellMetrics(id: number): Promise<void> {
    const metrics = await this.#served?.it.metrics();
    if (metrics !== undefined) this.#options.channel.send({ type: 'metrics', id, metrics });
  }
}

/** Whether this process was started by a primary. */
export const isWorker = (): boolean => cluster.isWorker;

/** The real way to the primary, of a worker. */
export function primaryChannel(): Channel {
  const { worker } = cluster;
  if (worker === undefined) throw new Error('not a worker');
  return {
    get open() {
      return worker.isConnected();
    },
    // A primary that is gone is told of by `lost`.
    send: (message, socket, done) => void worker.process.send!(message, socket, undefined, (error) => done?.(error)),
    listen: (heard, lost) => {
      process.on('message', (message: unknown, handle: unknown) =>
        heard(message, handle instanceof Socket ? handle : undefined),
      );
      worker.on('disconnect', () => {
        // Else Node ends the process here, and with it its calls.
        worker.exitedAfterDisconnect = true;
        lost();
      });
    },
    close: () => {
      if (worker.isConnected()) process.disconnect();
    },
  };
}
