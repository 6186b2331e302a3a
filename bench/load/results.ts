/** What all trials together say: medians over the rounds, and ratios within them. */
import { median, medianRatio } from './statistics.ts';
import type { SystemName } from './systems.ts';
import type { Measures, Spread } from './trial.ts';

export interface Result {
  readonly tls: boolean;
  readonly round: number;
  readonly calls: number;
  readonly system: SystemName;
  /** Undefined when the trial could not be made; then `note` says why. */
  readonly measures: Measures | undefined;
  readonly note?: string | undefined;
}

/** A process that has a core for so much of the time, or waits for it, has nothing left, and its figures say no more than that. */
export const FULL_CORE = 0.95;
/** As many of the bench's own frames may come late. */
const LATE_FRAMES = 0.05;
/** As much of what was sent may be missing: what is under way when a trial begins or ends. */
const LOST_WORDS = 0.1;

/** Why a system need not be asked to carry more; undefined when it may. */
export function limitOf(measures: Measures): string | undefined {
  const { coreShare, waitShare, phonesShare, endpointShare, lateShare, lostShare, lostCalls } = measures;
  if (coreShare + waitShare > FULL_CORE) {
    return `full: ${(coreShare * 100).toFixed(0)} % of a core, ${(waitShare * 100).toFixed(0)} % waiting for one`;
  }
  if (Math.max(phonesShare, endpointShare) > FULL_CORE) return 'the bench itself is full';
  if (lateShare > LATE_FRAMES) return `the bench's frames are late: ${(lateShare * 100).toFixed(1)} %`;
  if (lostCalls > 0) return `${lostCalls} calls lost`;
  if (lostShare > LOST_WORDS) return `${(lostShare * 100).toFixed(0)} % of the clicks not found`;
  return undefined;
}

/** One system at one number of calls. */
export interface Summary {
  readonly tls: boolean;
  readonly calls: number;
  readonly system: SystemName;
  readonly measures: Measures | undefined;
  /** CPU of it, in those of the floor and of the peer. */
  readonly toFloor: number | undefined;
  readonly toPeer: number | undefined;
  readonly note: string;
}

export function summarise(results: readonly Result[]): Summary[] {
  const cells = new Map<string, Result[]>();
  for (const result of results) {
    const key = `${result.tls} ${result.calls} ${result.system}`;
    cells.set(key, [...(cells.get(key) ?? []), result]);
  }
  const ratioTo = (cell: readonly Result[], system: SystemName): number | undefined =>
    medianRatio(
      cell.map(({ round, calls, tls, measures }) => ({
        of: measures?.cpuMs,
        to: results.find(
          (other) => other.system === system && other.round === round && other.calls === calls && other.tls === tls,
        )?.measures?.cpuMs,
      })),
    );
  return [...cells.values()].map((cell) => {
    const { tls, calls, system } = cell[0]!;
    const measures = medians(cell.flatMap(({ measures }) => measures ?? []));
    return {
      tls,
      calls,
      system,
      measures,
      toFloor: system === 'floor' ? undefined : ratioTo(cell, 'floor'),
      toPeer: system === 'service' ? ratioTo(cell, 'peer') : undefined,
      note: (measures && limitOf(measures)) ?? cell.find(({ note }) => note !== undefined)?.note ?? '',
    };
  });
}

function medians(all: readonly Measures[]): Measures | undefined {
  if (all.length === 0) return undefined;
  const of = (pick: (one: Measures) => number | undefined): number | undefined => median(all.map(pick));
  const spread = (pick: (one: Measures) => Spread): Spread => ({
    p50: of((one) => pick(one).p50),
    p95: of((one) => pick(one).p95),
    p99: of((one) => pick(one).p99),
  });
  return {
    cpuMs: of(({ cpuMs }) => cpuMs)!,
    coreShare: of(({ coreShare }) => coreShare)!,
    waitShare: of(({ waitShare }) => waitShare)!,
    mbPerCall: of(({ mbPerCall }) => mbPerCall)!,
    upMs: spread(({ upMs }) => upMs),
    downMs: spread(({ downMs }) => downMs),
    upFilterMs: of(({ upFilterMs }) => upFilterMs),
    downFilterMs: of(({ downFilterMs }) => downFilterMs),
    clearMs: spread(({ clearMs }) => clearMs),
    webhookMs: of(({ webhookMs }) => webhookMs),
    readyMs: of(({ readyMs }) => readyMs),
    unreadyMs: of(({ unreadyMs }) => unreadyMs),
    lostShare: of(({ lostShare }) => lostShare)!,
    lateShare: of(({ lateShare }) => lateShare)!,
    lostCalls: of(({ lostCalls }) => lostCalls)!,
    phonesShare: of(({ phonesShare }) => phonesShare)!,
    endpointShare: of(({ endpointShare }) => endpointShare)!,
  };
}

/** How the cost of a call at the most calls compares with that at the fewest of at least fifty: below that, a start's work counts. */
export function growth(
  results: readonly Result[],
  system: SystemName,
  tls: boolean,
): { readonly from: number; readonly to: number; readonly ratio: number } | undefined {
  const measured = results
    .filter((one) => one.system === system && one.tls === tls && one.calls >= 50 && one.measures !== undefined)
    .sort((a, b) => a.calls - b.calls);
  const [from, to] = [measured[0]?.calls, measured.at(-1)?.calls];
  if (from === undefined || to === undefined || from === to) return undefined;
  const costAt = (calls: number, round: number): number | undefined =>
    measured.find((one) => one.calls === calls && one.round === round)?.measures?.cpuMs;
  const rounds = [...new Set(measured.map(({ round }) => round))];
  const ratio = medianRatio(rounds.map((round) => ({ of: costAt(to, round), to: costAt(from, round) })));
  return ratio === undefined ? undefined : { from, to, ratio };
}
