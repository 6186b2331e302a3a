/** One phone call, held by one process after another: each a real call that reads and writes the same journal, and dies when told. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pcm } from '../../src/audio/index.ts';
import { Call } from '../../src/call/call.ts';
import type { CallAgent } from '../../src/call/index.ts';
import { SharedKeys } from '../../src/call/shared-keys.ts';
import { takenUpFrom } from '../../src/call/take-up.ts';
import { createLocalNotes } from '../../src/cluster/index.ts';
import type { Cancel, Clock } from '../../src/lib/index.ts';
import { liveHeaders, openLiveSession } from '../../src/live/index.ts';
import { createLogger, createMetrics } from '../../src/telemetry/index.ts';
import type { CallStream } from '../../src/telephony/index.ts';
import { beginTranscript, type CallFacts, type Entry, readJournal } from '../../src/transcript/index.ts';
import { openJournal } from '../../src/transcript/journal.ts';
import type { AskingLive } from './asking-live.ts';
import { countingIds } from './counting-ids.ts';
import type { ManualClock } from './manual-clock.ts';
import type { MemorySocket } from './memory-socket.ts';
import { config } from './registry.ts';

const logger = createLogger({ level: 'silent' });
const metrics = createMetrics();
const SILENCE = { samples: pcm(new Int16Array(160), 8000), text: 'Sorry.' };

/** The time of one process, which stands still when it is dead. */
class MortalClock implements Clock {
  readonly #clock: ManualClock;
  readonly #cancels = new Set<Cancel>();
  dead = false;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  nowMs = (): number => this.#clock.nowMs();
  wallMs = (): number => this.#clock.wallMs();
  after = (delayMs: number, run: () => void): Cancel => this.#whileAlive((go) => this.#clock.after(delayMs, go), run);
  every = (periodMs: number, run: () => void): Cancel => this.#whileAlive((go) => this.#clock.every(periodMs, go), run);

  die(): void {
    this.dead = true;
    for (const cancel of this.#cancels) cancel();
  }

  #whileAlive(arm: (go: () => void) => Cancel, run: () => void): Cancel {
    if (this.dead) return () => undefined;
    const cancel = arm(run);
    this.#cancels.add(cancel);
    return cancel;
  }
}

export interface Holder {
  readonly call: Call;
  readonly clock: MortalClock;
  readonly sockets: MemorySocket[];
  readonly close: () => Promise<void>;
}

export class CallHolders {
  readonly #agent: CallAgent;
  readonly #clock: ManualClock;
  readonly #live: AskingLive;
  readonly #facts: CallFacts;
  readonly #folder = mkdtempSync(join(tmpdir(), 'callbridge-holders-'));
  readonly #journal = join(this.#folder, 'call.jsonl');
  readonly #all: Holder[] = [];

  constructor(clock: ManualClock, live: AskingLive, tools: CallAgent['tools']) {
    const agent = config.agents.find(({ name }) => name === 'reception')!;
    this.#agent = { ...agent, tools, greeting: undefined, credentials: [], idle: undefined, patience: undefined };
    this.#clock = clock;
    this.#live = live;
    this.#facts = {
      callId: 'CA1',
      provider: 'twilio',
      agent: agent.name,
      model: agent.live.model,
      voice: agent.live.voice,
      direction: 'inbound',
      from: '+15550100',
      to: '+15550199',
      sipHeaders: {},
    };
  }

  /** How many processes have held the call. */
  get count(): number {
    return this.#all.length;
  }

  get #holder(): Holder {
    return this.#all.at(-1)!;
  }

  /** Whether the call is in the hands of a process, which has not given it up. */
  get goesOn(): boolean {
    return !['draining', 'ended', 'released'].includes(this.#holder.call.phase);
  }

  async entries(): Promise<readonly Entry[]> {
    return (await readJournal(this.#journal)).entries;
  }

  /** A process has the call, and its stream: the first, or the next one with what the last one left. */
  async begin(): Promise<void> {
    const clock = new MortalClock(this.#clock);
    const facts = this.#facts;
    const earlier = this.#all.length === 0 ? [] : await this.entries();
    const journal = openJournal(this.#journal, { failed: () => undefined }, { entries: earlier, onDisk: true });
    const append = journal.append.bind(journal);
    journal.append = (entry) => {
      if (!clock.dead) append(entry);
    };
    const transcript = beginTranscript({
      call: facts,
      clock,
      outbox: { open: () => journal, settle: () => undefined },
      earlier,
    });
    const sockets: MemorySocket[] = [];
    const call = new Call(
      this.#agent,
      {
        facts,
        clock,
        logger,
        metrics,
        collector: transcript.collector,
        openLive: ({ agent, handlers, seed, handle }) =>
          openLiveSession({
            routes: [
              {
                name: 'primary',
                settings: agent.live,
                backend: config.live.backend,
                headers: liveHeaders(config.live.backend, clock),
              },
            ],
            handlers,
            seed,
            handle,
            clock,
            ids: countingIds(),
            logger,
            dial: this.#live.dialFrom(clock, (ours) => sockets.push(ours)),
          }),
        apology: SILENCE,
        oneMoment: SILENCE,
        sharedKeys: new SharedKeys(createLocalNotes(clock)),
        whoAnswered: async () => undefined,
        endedBy: async () => undefined,
        cutOff: () => false,
        ended: () => undefined,
        released: () => undefined,
      },
      earlier.length === 0 ? undefined : takenUpFrom(earlier, {}),
    );
    this.#all.push({ call, clock, sockets, close: () => journal.finish() });
    call.start();
    call.answer(STREAM);
  }

  /** The process is told to stop, and gives the call away. */
  handOver(): void {
    this.#holder.call.handOver();
  }

  /** The process is killed: what it has sent arrives, and it does nothing any more. */
  kill(): void {
    this.#holder.clock.die();
    for (const socket of this.#holder.sockets) socket.terminate();
  }

  hangUp(): void {
    void this.#holder.call.callerGone();
  }

  async close(): Promise<void> {
    for (const { clock, close } of this.#all) {
      clock.die();
      await close();
    }
    rmSync(this.#folder, { recursive: true });
  }
}

const STREAM: CallStream = {
  streamId: 'MZ1',
  callId: 'CA1',
  provider: 'twilio',
  format: { encoding: 'ulaw', rateHz: 8000 },
  parameters: {},
  playout: { leadMs: 5_000, maxMessageMs: 200 },
  send: () => undefined,
  close: () => undefined,
};
