/** What the primary and its workers say to each other: JSON over Node's channel between them, some of it with a socket. */
import { z } from 'zod';

/** What a WebSocket's request was, beside its socket. */
const upgradeSchema = z.object({
  method: z.string(),
  url: z.string(),
  headers: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
  /** What came after the request, as base64: from an honest client nothing, as it waits for its answer. */
  head: z.base64(),
});

/** As prom-client writes it; a value that is no number comes as null. */
const measuredSchema = z.object({
  value: z.number().nullable(),
  labels: z.record(z.string(), z.union([z.string(), z.number()])),
  metricName: z.string().exactOptional(),
});
const metricSchema = z.object({
  name: z.string(),
  help: z.string(),
  type: z.enum(['counter', 'gauge', 'histogram', 'summary']),
  aggregator: z.string(),
  values: z.array(measuredSchema).readonly(),
});

const id = z.int().nonnegative();
const number = z.int().positive();

const fromWorker = z.discriminatedUnion('type', [
  /** It is there, and wants to know which one it is. */
  z.object({ type: z.literal('hello') }),
  z.object({ type: z.literal('serving') }),
  /** With the socket of a stream whose call is that process's. */
  z.object({ type: z.literal('passOn'), to: number, upgrade: upgradeSchema }),
  z.object({ type: z.literal('taken'), id }),
  /** Somebody asks this worker for the metrics of all. */
  z.object({ type: z.literal('sumWanted'), id }),
  z.object({ type: z.literal('metrics'), id, metrics: z.array(metricSchema).readonly() }),
]);

const fromPrimary = z.discriminatedUnion('type', [
  /** `modelUrl`: where the simulated model is, when there is to be one. */
  z.object({ type: z.literal('place'), number, modelUrl: z.string().optional() }),
  z.object({ type: z.literal('stop'), signal: z.string() }),
  /** With the socket. `sentMs`: wall clock. */
  z.object({ type: z.literal('take'), id, sentMs: z.number(), upgrade: upgradeSchema }),
  z.object({ type: z.literal('metricsWanted'), id }),
  /** Without a text it could not be made in time. */
  z.object({ type: z.literal('sum'), id, text: z.string().optional() }),
]);

export type PassedUpgrade = z.infer<typeof upgradeSchema>;
export type FromWorker = z.infer<typeof fromWorker>;
export type FromPrimary = z.infer<typeof fromPrimary>;

/** undefined: nothing that a worker says. */
export const readFromWorker = (message: unknown): FromWorker | undefined => fromWorker.safeParse(message).data;
/** undefined: nothing that a primary says. */
export const readFromPrimary = (message: unknown): FromPrimary | undefined => fromPrimary.safeParse(message).data;
