/** What happens in a soak, by dice: the same seed rolls the same. */
import type { LineFault, ProviderHabitsInput, ScenarioInput } from '../../src/simulator/index.ts';
import type { NetworkFault } from '../relay.ts';

export type Random = () => number;

type Turn = NonNullable<ScenarioInput['turns']>[number];
type TurnFault = NonNullable<Turn['fault']>;

const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
const between = (random: Random, least: number, most: number): number => Math.round(least + random() * (most - least));

const SENTENCES = [
  'The parcel left our store on Monday and will be with you tomorrow.',
  'We are open from nine to five.',
  'I have written that down, thank you.',
  'Please hold the line for a moment while I look that up for you.',
];

/** About half of the answers go wrong, in ways that were all seen. */
export function rollScenario(random: Random): { readonly scenario: ScenarioInput; readonly faults: readonly string[] } {
  const faults: string[] = [];
  const turn = (on: Turn['on'], heard?: string): Turn => {
    const fault = random() < 0.25 ? rollTurnFault(random) : undefined;
    if (fault !== undefined) faults.push(fault.kind);
    return {
      on,
      says: pick(random, SENTENCES),
      ...(heard === undefined ? {} : { hears: heard }),
      ...(fault === undefined ? {} : { fault }),
      ...(random() < 0.3 ? { delivery: { speed: 1 } } : {}),
    };
  };
  const socketFault = random() < 0.2 ? rollSocketFault(random) : undefined;
  if (socketFault !== undefined) faults.push(socketFault.kind);
  return {
    scenario: {
      turns: [
        { on: 'greeting', says: 'Good morning, how can I help?' },
        turn('speech', 'where is my parcel'),
        turn('speech', 'thank you that was all'),
      ],
      fallbackTurn: { says: pick(random, SENTENCES) },
      ...(socketFault === undefined ? {} : { faults: [socketFault] }),
    },
    faults,
  };
}

function rollTurnFault(random: Random): TurnFault {
  const afterMs = between(random, 0, 2_500);
  return pick<TurnFault>(random, [
    { kind: 'goAway', timeLeftMs: between(random, 1_000, 10_000), code: 1011, afterMs },
    { kind: 'drop', afterMs },
    { kind: 'close', code: 1011, reason: 'Internal error encountered.', afterMs },
    { kind: 'close', code: 1008, reason: 'Requested entity was not found.', afterMs },
    { kind: 'close', code: 1000, reason: '', afterMs },
    { kind: 'phantomInterrupted', afterMs },
    { kind: 'stall', afterMs, forMs: between(random, 500, 8_000) },
    { kind: 'emptyTurn' },
    { kind: 'missingTurnComplete' },
    { kind: 'nearSilentAudio' },
  ]);
}

function rollSocketFault(random: Random): NonNullable<ScenarioInput['faults']>[number] {
  const atMs = between(random, 0, 8_000);
  return pick(random, [
    { kind: 'drop', atMs } as const,
    { kind: 'close', code: 1007, reason: 'Request contains an invalid argument.', atMs } as const,
    { kind: 'close', code: 1011, reason: 'The service is currently unavailable.', atMs } as const,
    { kind: 'httpStatus', status: 503, times: 1 } as const,
    { kind: 'silentSetup', times: 1 } as const,
    { kind: 'forgottenHandles' } as const,
  ]);
}

export interface CallPlan {
  readonly sayMs: readonly [number, number];
  /** Hangs up at this time, in the middle of whatever happens. */
  readonly hangUpAtMs: number | undefined;
  /** Instead of listening to the end. */
  readonly breaksInAfterMs: number | undefined;
  readonly lineFaults: readonly LineFault[];
  readonly habits: ProviderHabitsInput;
}

export function rollCall(random: Random): CallPlan {
  return {
    sayMs: [between(random, 40, 120) * 20, between(random, 30, 80) * 20],
    hangUpAtMs: random() < 0.15 ? between(random, 200, 15_000) : undefined,
    breaksInAfterMs: random() < 0.3 ? between(random, 300, 2_500) : undefined,
    lineFaults: random() < 0.35 ? [rollLineFault(random)] : [],
    habits: {
      brokenStream: {
        leadsTo: pick(random, ['action', 'action', 'nextVerb', 'secondStream', 'nothing'] as const),
        afterMs: between(random, 0, 1_000),
        silenceLimitMs: 30_000,
      },
      // Where nobody takes a stream at the moment, as after a kill, the provider asks what next.
      refusedStream: 'broken',
      stop: random() < 0.9,
      statusCallbacks: pick(random, ['once', 'once', 'twice', 'reversed'] as const),
      voiceTwice: random() < 0.05,
    },
  };
}

function rollLineFault(random: Random): LineFault {
  const atMs = between(random, 500, 10_000);
  const lengthMs = between(random, 5, 100) * 20;
  // Shorter than the shortest that the caller says: nobody answers what nobody heard.
  const missingMs = between(random, 5, 25) * 20;
  return pick<LineFault>(random, [
    { fault: 'gap', atMs, lengthMs: missingMs },
    { fault: 'silence', atMs, lengthMs: missingMs },
    { fault: 'loss', atMs, lengthMs: missingMs },
    { fault: 'burst', atMs, lengthMs },
    { fault: 'timestamps', atMs, toMs: between(random, 0, 60_000) },
    { fault: 'cut', atMs },
    { fault: 'slowReader', atMs, lengthMs },
    { fault: 'secondStream', atMs },
  ]);
}

export function rollNetworkFault(random: Random): NetworkFault {
  return pick<NetworkFault>(random, [{ kind: 'cut' }, { kind: 'freeze' }, { kind: 'refuse', status: 503, times: 1 }]);
}

export type Blow = 'SIGKILL' | 'SIGTERM';
/** By turns, so that a short soak has both. */
export const blowNumber = (count: number): Blow => (count % 2 === 0 ? 'SIGKILL' : 'SIGTERM');
export { between };
