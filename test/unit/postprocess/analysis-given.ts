/** All steps that follow a call, as `serve` and `worker` join them. */
import { join } from 'node:path';
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
  findPersonalData,
  type PriceList,
  type Process,
  withCallCost,
  withFindingCost,
  writeAnalysed,
  writeRecord,
  writeText,
} from '../../../src/postprocess/index.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import { ANALYSES, type CallRecord } from '../../../src/transcript/index.ts';
import { record } from '../transcript/given.ts';

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
  const asking = { afterwardsFor, ask, clock, logger, metrics };
  const process = createProcessor(
    [
      findPersonalData(asking),
      json,
      text,
      deliverWebhook({ afterwardsFor, clock, logger }),
      ...ANALYSES.map((name) => analysisStep(name, asking)),
      writeAnalysed(analysed, [json, text]),
      deliverAnalysed(analysed, { afterwardsFor, clock, logger }),
    ],
    (record, results) => withFindingCost(withCallCost(record, PRICES), results, PRICES),
  );
  return { process, metrics };
}

/** A job, attempt after attempt, with what the queue keeps of it. */
export class Job {
  readonly #call: CallRecord;
  readonly #process: Process;
  readonly doneSteps: string[] = [];
  readonly results: Record<string, unknown> = {};
  readonly checkpoints: Record<string, unknown> = {};

  constructor(process: Process, call = record()) {
    this.#process = process;
    this.#call = call;
  }

  async attempt(failedAttempts = 0): Promise<void> {
    await this.#process({
      jobId: this.#call.callId,
      data: { version: 1, callId: this.#call.callId, record: this.#call },
      doneSteps: [...this.doneSteps],
      results: { ...this.results },
      checkpoints: { ...this.checkpoints },
      failedAttempts,
      stepDone: async (name, result) => {
        this.doneSteps.push(name);
        if (result !== undefined) this.results[name] = JSON.parse(JSON.stringify(result));
      },
      keepCheckpoint: async (name, checkpoint) => {
        this.checkpoints[name] = JSON.parse(JSON.stringify(checkpoint));
      },
    });
  }
}
