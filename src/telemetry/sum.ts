/** The metrics of several processes as those of one: counters add up, and of a gauge its `aggregator` says what becomes. */
import { AggregatorRegistry } from 'prom-client';

/** What one process has measured, as prom-client writes it for others to sum. */
export type MetricsSnapshot = readonly {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  /** How those of several processes become one. */
  readonly aggregator: string;
  readonly values: readonly {
    /** null: it was no number. */
    readonly value: number | null;
    readonly labels: Readonly<Record<string, string | number>>;
    /** Of a histogram's parts: with what they add to its name. */
    readonly metricName?: string;
  }[];
}[];

/** As text, for Prometheus. */
export function sumOfMetrics(snapshots: readonly MetricsSnapshot[]): Promise<string> {
  return aggregated(snapshots).metrics();
}

/** What is still true when the processes are gone: what they counted, and nothing of how they were. */
export async function keepCounts(snapshots: readonly MetricsSnapshot[]): Promise<MetricsSnapshot> {
  const counts = snapshots.map((metrics) => metrics.filter(({ type }) => type === 'counter' || type === 'histogram'));
  return (await aggregated(counts).getMetricsAsJSON()) as unknown as MetricsSnapshot;
}

/** It keeps the lists that it is given, and changes none of them. */
const aggregated = (snapshots: readonly MetricsSnapshot[]) => AggregatorRegistry.aggregate([...snapshots]);
