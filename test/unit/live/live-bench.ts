/** A Live service in memory, the settings that the tests share, and a reader that writes down what a session tells it. */

import type { Ids } from '../../../src/lib/index.ts';
import { type LiveHeaders, liveHeaders } from '../../../src/live/auth.ts';
import { judgeRefusal } from '../../../src/live/closes.ts';
import type { LiveHandlers, SeedTurn } from '../../../src/live/handlers.ts';
import type { LiveRoute } from '../../../src/live/route.ts';
import { type LiveOptions, type LiveSession, openLiveSession } from '../../../src/live/session.ts';
import type { LiveBackend, LiveSettings } from '../../../src/live/settings.ts';
import { type Dial, mindSocket } from '../../../src/live/socket.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { MemorySocket } from '../../support/memory-socket.ts';

export const DEVELOPER: LiveBackend = { kind: 'developer', apiKey: 'AIza-test' };
export const VERTEX: LiveBackend = { kind: 'vertex', project: 'acme', location: 'us-central1' };

export const SETTINGS: LiveSettings = {
  model: 'gemini-3.8-live',
  features: {
    googleSearch: true,
    functionCalling: true,
    codeExecution: false,
    affectiveDialog: false,
    proactiveAudio: false,
    thinking: 'none',
    realtimeText: true,
  },
  voice: 'Aoede',
  instruction: 'Be brief.',
  turnTaking: {
    detection: 'model',
    bargeIn: true,
    startSensitivity: 'high',
    endSensitivity: 'low',
    prefixPaddingMs: 100,
    silenceMs: 600,
    coverage: 'activity',
  },
  transcription: { caller: true, agent: true, languages: [], vocabulary: [] },
  sampling: {},
  googleSearch: false,
  codeExecution: false,
  functions: [],
};

/** Jitter of nothing: half way between the two ends. */
const MIDDLE: Ids = { uuid: () => 'id', nonce: () => 'nonce', fraction: () => 0.5 };

/** What happens to one dialling: the socket opens, is refused with an HTTP status, or nothing ever comes. */
export type Answer = { readonly opensAfterMs: number } | { readonly refuses: number } | 'nothing';

/** The service's end of one socket. */
export interface ServerEnd {
  readonly dialledAtMs: number;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Our end; present once it has opened. */
  ours?: MemorySocket;
  theirs?: MemorySocket;
  readonly received: unknown[];
  closed?: { readonly atMs: number; readonly code: number };
  cancelled: boolean;
}

type BenchRoute = Partial<Omit<LiveRoute, 'name'>>;

/** Settings, backend and headers are those of the one route. */
interface BenchOptions extends Partial<LiveOptions> {
  readonly settings?: LiveSettings;
  readonly backend?: LiveBackend;
  readonly headers?: LiveHeaders;
}

export class LiveBench {
  readonly clock = new ManualClock();
  readonly startMs = this.clock.nowMs();
  readonly metrics = createMetrics();
  /** Name and argument of each handler called, in order. */
  readonly heard: [name: string, detail?: unknown][] = [];
  readonly sockets: ServerEnd[] = [];
  readonly answers: Answer[] = [];
  seed: readonly SeedTurn[] = [];
  session!: LiveSession;
  readonly #oneWayMs: number;
  /** Run within a handler, right after it is written down. */
  readonly during = new Map<string, () => void>();

  constructor({ oneWayMs = 0 }: { readonly oneWayMs?: number } = {}) {
    this.#oneWayMs = oneWayMs;
  }

  /** A route on the clock of this bench. */
  route(name: string, { settings = SETTINGS, backend = DEVELOPER, headers, ...claims }: BenchRoute = {}): LiveRoute {
    return { name, settings, backend, headers: headers ?? liveHeaders(backend, this.clock), ...claims };
  }

  /** By one route named `only`, unless routes are given. */
  open({ settings, backend, headers, ...options }: BenchOptions = {}): this {
    const only = { ...(settings && { settings }), ...(backend && { backend }), ...(headers && { headers }) };
    this.session = openLiveSession({
      routes: [this.route('only', only)],
      clock: this.clock,
      ids: MIDDLE,
      logger: createLogger({ level: 'silent' }),
      metrics: this.metrics,
      handlers: this.#reader(),
      seed: () => this.seed,
      dial: this.dial,
      ...options,
    });
    return this;
  }

  /** Opens, and has the service take the setup. */
  async ready(options: BenchOptions = {}): Promise<this> {
    this.open(options);
    await this.clock.advance(10);
    await this.serve({ setupComplete: {} });
    return this;
  }

  readonly dial: Dial = ({ url, headers, clock }, handlers) => {
    const end: ServerEnd = { dialledAtMs: this.nowMs, url, headers, received: [], cancelled: false };
    this.sockets.push(end);
    const answer = this.answers.shift() ?? { opensAfterMs: 10 };
    const cancel =
      answer === 'nothing'
        ? () => undefined
        : clock.after('refuses' in answer ? 10 : answer.opensAfterMs, () => {
            if ('refuses' in answer) {
              handlers.failed(judgeRefusal(answer.refuses));
              return;
            }
            const [ours, theirs] = MemorySocket.pair(clock, this.#oneWayMs);
            theirs.binary = true;
            theirs.on('message', (data: Buffer) => end.received.push(JSON.parse(data.toString())));
            ours.on('close', (code: number) => {
              end.closed = { atMs: this.nowMs, code };
            });
            end.ours = ours;
            end.theirs = theirs;
            handlers.opened(mindSocket(ours, clock, handlers));
          });
    return () => {
      end.cancelled = true;
      cancel();
    };
  };

  /** Milliseconds since the test began. */
  get nowMs(): number {
    return this.clock.nowMs() - this.startMs;
  }

  /** The newest socket. */
  get socket(): ServerEnd {
    const end = this.sockets.at(-1);
    if (!end) throw new Error('nothing was dialled');
    return end;
  }

  get names(): string[] {
    return this.heard.map(([name]) => name);
  }

  /** Has the service send a message, or a text as it stands, on its newest socket. */
  async serve(message: object | string, end = this.socket): Promise<void> {
    end.theirs?.send(typeof message === 'string' ? message : JSON.stringify(message));
    await this.clock.advance(this.#oneWayMs);
  }

  async serviceCloses(code: number, reason: string): Promise<void> {
    this.socket.theirs?.close(code, reason);
    await this.clock.advance(0);
  }

  /** Nothing comes through any more, either way, and neither end is told. */
  linkDies(): void {
    this.socket.theirs?.pause();
  }

  async connectionBreaks(): Promise<void> {
    this.socket.theirs?.terminate();
    await this.clock.advance(0);
  }

  #reader(): LiveHandlers {
    const write = (name: string) => (detail?: unknown) => {
      this.heard.push(detail === undefined ? [name] : [name, detail]);
      this.during.get(name)?.();
    };
    return {
      ready: write('ready'),
      audio: write('audio'),
      transcribed: write('transcribed'),
      voiceActivity: write('voiceActivity'),
      bargedIn: write('bargedIn'),
      generationCompleted: write('generationCompleted'),
      turnCompleted: write('turnCompleted'),
      toolsCalled: write('toolsCalled'),
      toolsCancelled: write('toolsCancelled'),
      grounded: write('grounded'),
      used: write('used'),
      leaving: write('leaving'),
      handleRenewed: (handle) => write('handleRenewed')(handle),
      lost: (failure, recoverable) => write('lost')({ code: failure.code, recoverable, cause: failure.cause }),
    };
  }
}

/** One serverContent message with sound in it. */
export function audioContent(bytes: Uint8Array, siblings: object = {}): object {
  const data = Buffer.from(bytes).toString('base64');
  return {
    serverContent: {
      modelTurn: { role: 'model', parts: [{ inlineData: { mimeType: 'audio/pcm;rate=24000', data } }] },
      ...siblings,
    },
  };
}
