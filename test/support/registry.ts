/** What a registry of calls stands on: all parts real but the network, with a simulated model, on a hand-wound clock. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pcm } from '../../src/audio/index.ts';
import {
  Admission,
  type CallAgent,
  CallStarts,
  LeftCalls,
  type RegistryOptions,
  RequestedEnds,
  WarmTransfers,
} from '../../src/call/index.ts';
import { type CallStore, createLocalCallStore, type Notes } from '../../src/cluster/index.ts';
import { type Config, loadConfig } from '../../src/config/index.ts';
import { liveHeaders, openLiveSession } from '../../src/live/index.ts';
import { createLiveSimulator, type LiveSimulator, type ScenarioInput } from '../../src/simulator/index.ts';
import { createLogger, createMetrics, type Metrics } from '../../src/telemetry/index.ts';
import { createOutbox, openOwners } from '../../src/transcript/index.ts';
import { countingIds } from './counting-ids.ts';
import { dialInMemory } from './live-in-memory.ts';
import type { ManualClock } from './manual-clock.ts';
import type { MemorySlots } from './memory-slots.ts';

/** The agents of this checkout, with a key that nobody asks for. */
export const config: Config = loadConfig({
  env: { PUBLIC_URL: 'https://callbridge.example', TWILIO_AUTH_TOKEN: 'x', GEMINI_API_KEY: 'k' },
  cwd: join(import.meta.dirname, '../..'),
});

export interface RegistryGiven {
  readonly clock: ManualClock;
  readonly agentNamed: (name: string) => CallAgent | undefined;
  readonly slots: MemorySlots;
  readonly notes: Notes;
  readonly maxCalls?: number | undefined;
  readonly model?: ScenarioInput | undefined;
  /** In place of the same of a store on this disk. */
  readonly store?: Partial<CallStore> | undefined;
}

export interface RegistryParts {
  /** All but who answers which number, and where transcripts go. */
  readonly options: Omit<RegistryOptions, 'agentFor' | 'beginTranscript'>;
  readonly live: LiveSimulator;
  readonly metrics: Metrics;
  /** After the registry. */
  close(): void;
}

export function registryParts(given: RegistryGiven): RegistryParts {
  const { clock, agentNamed, slots, notes, maxCalls = 10, model } = given;
  const ids = countingIds();
  const logger = createLogger({ level: 'silent' });
  const metrics = createMetrics();
  const common = { clock, logger, metrics };
  const live = createLiveSimulator({ clock, ids, ...(model && { scenario: model }) });
  const folder = mkdtempSync(join(tmpdir(), 'callbridge-registry-'));
  const owners = openOwners({ folder: join(folder, 'processes'), clock, ids });
  const publish = () => Promise.resolve();
  const outbox = createOutbox({ ...common, folder: join(folder, 'journals'), owners, publish, ids });
  const handlers = { taken: () => undefined, orphaned: () => undefined };
  const store = { ...createLocalCallStore({ ...common, outbox, handlers }), ...given.store };
  const { backend } = config.live;
  const requestedEnds = new RequestedEnds({ notes, control: undefined });
  const left = new LeftCalls({ ...common, store, notes, requestedEnds, endTranscript: () => undefined });
  const options: RegistryParts['options'] = {
    ...common,
    store,
    notes,
    agentNamed,
    admission: new Admission({ ...common, slots, maxCalls, secret: 's', overload: { isOn: false } }),
    callStarts: new CallStarts({ ...common, notes, agentNamed, isVoice: () => true, languageNamed: (tag) => tag }),
    warm: new WarmTransfers({
      ...common,
      store,
      notes,
      control: undefined,
      placer: undefined,
      urls: { voice: '', status: '', back: '' },
      left,
    }),
    left,
    requestedEnds,
    openLive: ({ agent, handlers, seed }) => {
      const settings = { ...agent.live, functions: (agent.tools ?? []).map(({ declaration }) => declaration) };
      return openLiveSession({
        routes: [{ name: 'primary', settings, backend, headers: liveHeaders(backend, clock) }],
        handlers,
        seed,
        clock,
        ids,
        logger,
        dial: dialInMemory(live),
      });
    },
    apologyOf: () => undefined,
    oneMomentOf: () => ({ samples: pcm(new Int16Array(12_000), 8000), text: 'One moment, please.' }),
    whoAnswered: async () => undefined,
    control: undefined,
    streamEndedUrl: 'https://callbridge.example/twilio/stream-ended',
  };
  const close = (): void => {
    live.close();
    outbox.close();
    owners.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { options, live, metrics, close };
}
