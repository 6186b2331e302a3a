/** A step that asks a text model one thing about a call. What comes of it is kept, also that nothing did. */
import { asFailure, type Clock, Failure } from '../../lib/index.ts';
import type { Logger, Metrics } from '../../telemetry/index.ts';
import {
  type Analysis,
  type AnalysisName,
  addedUsage,
  type CallRecord,
  NO_USAGE,
  type Usage,
} from '../../transcript/index.ts';
import type { AfterwardsFor } from '../afterwards.ts';
import { redactRecord } from '../redact/redact-record.ts';
import type { Progress, Step } from '../steps/step.ts';
import { dialogueText } from './dialogue-text.ts';
import { type Task, taskOf } from './tasks.ts';

/** One question to a text model. Rejects with a Failure when there is no answer. live/ satisfies this shape. */
export type AskModel = (question: {
  readonly model: string;
  readonly instruction: string;
  readonly text: string;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly maxOutputTokens: number;
}) => Promise<{
  /** `refused`: it never will. `useless`: it may come out right the next time. */
  readonly content:
    | { readonly kind: 'json'; readonly value: unknown }
    | { readonly kind: 'refused' | 'useless'; readonly why: string };
  readonly usage: Usage;
}>;

export interface AnalysisStepOptions {
  readonly afterwardsFor: AfterwardsFor;
  readonly ask: AskModel;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'tokens' | 'failures'>;
}

/** Each is paid. A model that gave three useless answers to a question gives a fourth. */
const MAX_ANSWERS = 3;
/** Twenty goals with reasons are 2,000 tokens, and a model thinks with the same allowance. */
const MAX_OUTPUT_TOKENS = 16_384;
/** By the times of `RETRY`, some two and a half hours: who waits for an analysis for longer has no use for it any more. */
const MAX_ATTEMPTS = 12;

type Found = NonNullable<Analysis[AnalysisName]>;

export function analysisStep(name: AnalysisName, options: AnalysisStepOptions): Step {
  return {
    name,
    // Neither the files nor the webhook wait for it, nor it for them.
    after: [],
    async run(record, { failedAttempts }: Progress): Promise<Found | undefined> {
      const { analysis, redact } = options.afterwardsFor(record.agent) ?? {};
      const task = analysis && taskOf(name, analysis);
      const text = dialogueText(redact === undefined ? record : redactRecord(record, redact));
      if (analysis === undefined || task === undefined) return undefined;
      const asking = new Asking(record, analysis.model, options);
      if (text === undefined) return asking.skipped(name);
      try {
        return asking.found(await asking.ask(task, text));
      } catch (error) {
        const failure = asFailure(error, 'STEP_FAILED');
        const { code, message, fault } = failure;
        options.metrics.failures.inc({ code, fault });
        if (failure.retryable && failedAttempts + 1 < MAX_ATTEMPTS) throw failure;
        options.logger.error({ callId: record.callId, step: name, code, err: failure }, 'analysis given up');
        return asking.found(null, { code, message });
      }
    },
  };
}

class Asking {
  readonly #record: CallRecord;
  readonly #model: string;
  readonly #options: AnalysisStepOptions;
  #usage = NO_USAGE;

  constructor(record: CallRecord, model: string, options: AnalysisStepOptions) {
    this.#record = record;
    this.#model = model;
    this.#options = options;
  }

  async ask({ instruction, schema, read }: Task, text: string): Promise<Found['result']> {
    let why = '';
    for (let answer = 1; answer <= MAX_ANSWERS; answer++) {
      const question = { model: this.#model, instruction, text, schema, maxOutputTokens: MAX_OUTPUT_TOKENS };
      const { content, usage } = await this.#options.ask(question);
      this.#count(usage);
      if (content.kind === 'refused') throw new Failure('ANALYSIS_REFUSED', content.why);
      const result = content.kind === 'json' ? read(content.value) : undefined;
      if (result !== undefined) return result as Found['result'];
      why = content.kind === 'json' ? 'the answer breaks its schema' : content.why;
      this.#options.logger.warn({ callId: this.#record.callId, answer, why }, 'answer of no use');
    }
    throw new Failure('ANALYSIS_USELESS', `${why}, and so did ${MAX_ANSWERS - 1} more`);
  }

  found(result: Found['result'], failure: Found['failure'] = null): Found {
    const at = new Date(this.#options.clock.wallMs()).toISOString();
    return { model: this.#model, at, result, failure, usage: this.#usage } as Found;
  }

  skipped(step: AnalysisName): Found {
    const skipped = this.#record.outcome.kind === 'unanswered' ? 'unanswered' : 'nothingSaid';
    this.#options.logger.info({ callId: this.#record.callId, step, skipped }, 'analysis skipped: there are no words');
    return { ...this.found(null), skipped };
  }

  #count(usage: Usage): void {
    this.#usage = addedUsage(this.#usage, usage);
    const { tokens } = this.#options.metrics;
    const model = this.#model;
    tokens.inc({ model, direction: 'prompt', modality: 'text' }, usage.promptTokens);
    tokens.inc({ model, direction: 'response', modality: 'text' }, usage.responseTokens + usage.thoughtsTokens);
  }
}
