/** A text model, a receiver of webhooks, and the steps between, as `serve` and `worker` join them. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../../src/lib/index.ts';
import { createTextModel, liveHeaders } from '../../../src/live/index.ts';
import {
  type Afterwards,
  type AnalysisWishes,
  analysedBy,
  analysisStep,
  createProcessor,
  deliverAnalysed,
  deliverWebhook,
  type PriceList,
  type Process,
  withCallCost,
  writeAnalysed,
  writeRecord,
  writeText,
} from '../../../src/postprocess/index.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import { ANALYSES } from '../../../src/transcript/index.ts';

export const WISHES: AnalysisWishes = {
  model: 'gemini-3.8-flash',
  summary: {},
  extract: {
    schema: {
      type: 'object',
      properties: { guests: { type: 'integer', minimum: 1 }, note: { type: 'string' } },
      required: ['guests'],
      additionalProperties: false,
    },
  },
  verdict: { goals: ['The caller was greeted.', 'The time was told.'] },
};
export const SECRET = `whsec_${Buffer.from('a secret of 24 bytes ...').toString('base64')}`;
/** A million tokens in, and out, cost this much. */
export const PRICES: PriceList = {
  currency: 'USD',
  pricesOf: () => [{ input: { text: 1_000_000 }, output: { text: 10_000_000 } }],
};

export interface Joined {
  readonly process: Process;
  readonly metrics: ReturnType<typeof createMetrics>;
}

export function joined(
  folder: string,
  modelUrl: string,
  afterwards: Partial<Afterwards> = {},
  { apiKey = 'key', clock = systemClock }: { apiKey?: string; clock?: Clock } = {},
): Joined {
  const logger = createLogger({ level: 'silent' });
  const metrics = createMetrics();
  const afterwardsFor = () => ({ formats: ['json', 'text'] as const, analysis: WISHES, ...afterwards });
  const backend = { kind: 'developer', apiKey, baseUrl: modelUrl } as const;
  const ask = createTextModel([{ backend, headers: liveHeaders(backend, clock) }], clock);
  const files = { folder: join(folder, 'records'), afterwardsFor };
  const analysed = analysedBy(afterwardsFor, PRICES);
  const [json, text] = [writeRecord(files), writeText(files)];
  const process = createProcessor(
    [
      json,
      text,
      deliverWebhook({ afterwardsFor, clock, logger }),
      ...ANALYSES.map((name) => analysisStep(name, { afterwardsFor, ask, clock, logger, metrics })),
      writeAnalysed(analysed, [json, text]),
      deliverAnalysed(analysed, { afterwardsFor, clock, logger }),
    ],
    (record) => withCallCost(record, PRICES),
  );
  return { process, metrics };
}

export interface Delivery {
  readonly id: unknown;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** `status`: of the next answers, in order; then 204. */
export async function startReceiver(status: number[] = []): Promise<{ url: string; deliveries: Delivery[] }> {
  const deliveries: Delivery[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const headers = request.headers as Record<string, string>;
    deliveries.push({ id: headers['webhook-id'], headers, body });
    response.writeHead(status.shift() ?? 204).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, deliveries };
}
