/** The process of the simulated models: one Live service for each row, behind a relay, steered by the bench over IPC. */
import { systemClock } from '../src/lib/index.ts';
import {
  type LiveSimulatorServer,
  type ScenarioInput,
  type SocketFault,
  startLiveSimulator,
} from '../src/simulator/index.ts';
import { type NetworkFault, type Relay, startRelay } from './relay.ts';
import type { Answer, Order, SeenEvent, SeenModel } from './simulators-wire.ts';

interface Model {
  scenario: ScenarioInput;
  readonly live: LiveSimulatorServer;
  readonly relay: Relay;
  readonly events: Map<string, SeenEvent[]>;
  readonly refusals: string[];
}

const MAX_SESSIONS = 100;

const models = new Map<string, Model>();

process.on('message', (order: Order) => {
  take(order).then(
    (result) => answer({ id: order.id, result }),
    (error: unknown) => answer({ id: order.id, error: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));

const answer = (message: Answer): void => void process.send?.(message);

async function take({ method, model, argument }: Order): Promise<unknown> {
  if (method === 'open') return open(model, argument as ScenarioInput);
  const known = models.get(model);
  if (known === undefined) throw new Error(`no model named ${model}`);
  switch (method) {
    case 'become':
      known.scenario = argument as ScenarioInput;
      return undefined;
    case 'befall':
      known.live.befall(argument as SocketFault);
      return undefined;
    case 'network':
      known.relay.befall(argument as NetworkFault);
      return undefined;
    case 'look':
      return look(known);
    case 'close':
      models.delete(model);
      known.relay.close();
      return known.live.close();
  }
}

async function open(name: string, scenario: ScenarioInput): Promise<string> {
  const events = new Map<string, SeenEvent[]>();
  const refusals: string[] = [];
  const live = await startLiveSimulator({
    clock: systemClock,
    scenarioFor: () => models.get(name)?.scenario ?? scenario,
    watch: (event, session) => {
      const seen = events.get(session.id) ?? [];
      events.set(session.id, seen);
      // As many as the simulator itself keeps: a soak of half an hour has thousands.
      if (events.size > MAX_SESSIONS) events.delete(events.keys().next().value!);
      seen.push({ ...(event.type === 'opened' ? { ...event, setup: undefined } : event), atMs: systemClock.nowMs() });
    },
    refused: ({ code, reason }) => {
      // A soak of half an hour refuses thousands.
      if (refusals.length < 100) refusals.push(`${code} ${reason}`);
    },
  });
  const relay = await startRelay(Number(new URL(live.url).port));
  models.set(name, { scenario, live, relay, events, refusals });
  return `http://127.0.0.1:${relay.port}`;
}

function look({ live, relay, events, refusals }: Model): SeenModel {
  return {
    sessions: live.sessions.map(({ id, heard }) => ({
      id,
      events: events.get(id) ?? [],
      heard: Buffer.from(heard.buffer, heard.byteOffset, heard.byteLength),
    })),
    refusals,
    connections: relay.connections,
  };
}
