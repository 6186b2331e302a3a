/** What was sent and what arrived, in two processes that share the machine's clock, becomes how long it took. */

/** One thing that happened to a call. */
export interface Sighting {
  readonly call: number;
  /** Tells things of one call apart where they may overtake a neighbour: 0 where they cannot. */
  readonly tag: number;
  readonly atMs: number;
}

/** For each arrival, the time since the latest sending of the same call and tag; none where that is longer ago than the limit. */
export function delaysMs(sent: readonly Sighting[], arrived: readonly Sighting[], limitMs: number): number[] {
  const byKey = new Map<number, number[]>();
  const keyOf = ({ call, tag }: Sighting): number => call * 4_096 + tag;
  for (const one of [...sent].sort((a, b) => a.atMs - b.atMs)) {
    const times = byKey.get(keyOf(one));
    if (times === undefined) byKey.set(keyOf(one), [one.atMs]);
    else times.push(one.atMs);
  }
  return arrived.flatMap((one) => {
    const before = (byKey.get(keyOf(one)) ?? []).findLast((atMs) => atMs <= one.atMs);
    return before === undefined || one.atMs - before > limitMs ? [] : [one.atMs - before];
  });
}
