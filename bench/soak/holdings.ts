/** What the longest life of each process held over time, and whether that grew. */
import { grows, type Sample, trendOf } from '../trend.ts';
import type { Life, Replica, Sighting } from './replica.ts';

export interface Holding {
  readonly process: string;
  readonly what: string;
  readonly first: string;
  readonly last: string;
  readonly trend: string;
  readonly verdict: 'pass' | 'FAIL';
}

/** Code is compiled and pools are filled by then; no more than a third of a short life. */
const WARM_UP_MS = 180_000;
const WARM_UP_SHARE = 0.33;
/** Over the watched time, beyond doubt: less is the allocator's, or the machine's. */
const MEMORY_GROWTH = 0.15;
const COUNT_GROWTH = 0.25;
/** Too short a life to tell anything by memory. */
const WATCHED_MS = 240_000;
/** Without a call, a process holds what it held when it had just started, and these many more: idle connections to Redis and to HTTP peers. */
const IDLE_MORE = { files: 4, sockets: 8, timers: 20 };

/** Memory and the like are watched until `busyUntilMs`: what they are without a call is another question. */
export function holdings(replica: Replica, busyUntilMs: number): readonly Holding[] {
  const life = [...replica.lives].sort((a, b) => lengthMs(b) - lengthMs(a))[0];
  const last = replica.lives.at(-1)?.sightings.at(-1);
  if (life === undefined || last === undefined) return [];
  const busy = { ...life, sightings: life.sightings.filter(({ atMs }) => atMs <= busyUntilMs) };
  const memory = [
    growth(replica.name, 'resident memory, MB', busy, ({ rssMb }) => rssMb, MEMORY_GROWTH),
    growth(replica.name, 'heap, MB', busy, ({ heapMb }) => heapMb, MEMORY_GROWTH),
    growth(replica.name, 'sockets', busy, ({ sockets }) => sockets, COUNT_GROWTH),
    growth(replica.name, 'timers and other resources', busy, ({ timers }) => timers, COUNT_GROWTH),
  ].flatMap((holding) => holding ?? []);
  const start = replica.lives.at(-1)?.sightings.find(({ calls }) => calls === undefined || calls === 0);
  if (start === undefined) return memory;
  const idle = (['files', 'sockets', 'timers'] as const).flatMap((what) => {
    const [before, after] = [start[what], last[what]];
    if (before === undefined || after === undefined) return [];
    const verdict = after <= before + IDLE_MORE[what] ? ('pass' as const) : ('FAIL' as const);
    return {
      process: replica.name,
      what: `${what}, without a call`,
      first: String(before),
      last: String(after),
      trend: '',
      verdict,
    };
  });
  return [...memory, ...idle];
}

const lengthMs = ({ sightings }: Life): number => (sightings.at(-1)?.atMs ?? 0) - (sightings[0]?.atMs ?? 0);

function growth(
  process: string,
  what: string,
  life: Life,
  of: (sighting: Sighting) => number | undefined,
  tolerated: number,
): Holding | undefined {
  const all = life.sightings.flatMap((sighting): Sample[] => {
    const value = of(sighting);
    return value === undefined ? [] : [{ atMs: sighting.atMs, value }];
  });
  const beganMs = all[0]?.atMs ?? 0;
  const warmMs = Math.min(WARM_UP_MS, WARM_UP_SHARE * lengthMs(life));
  const warm = all.filter(({ atMs }) => atMs - beganMs >= warmMs);
  const trend = trendOf(warm);
  if (trend === undefined) return undefined;
  const watched = warm.at(-1)!.atMs - warm[0]!.atMs >= WATCHED_MS;
  return {
    process,
    what,
    first: warm[0]!.value.toFixed(0),
    last: warm.at(-1)!.value.toFixed(0),
    trend: `${trend.perHour >= 0 ? '+' : ''}${trend.perHour.toFixed(0)} ± ${trend.uncertainty.toFixed(0)} an hour`,
    verdict: watched && grows(trend, tolerated) ? 'FAIL' : 'pass',
  };
}
