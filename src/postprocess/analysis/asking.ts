/** A question about a call to a text model, asked until there is an answer of use, and what it used. */
import * as z from 'zod';
import { type Clock, Failure } from '../../lib/index.ts';
import type { Logger, Metrics } from '../../telemetry/index.ts';
import { addedUsage, type CallRecord, NO_USAGE, type Usage, usageSchema } from '../../transcript/index.ts';
import type { AfterwardsFor } from '../afterwards.ts';
import type { Progress } from '../steps/step.ts';
import type { Task } from './tasks.ts';

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

export interface AskingOptions {
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

/** What came of it. */
export interface Answered<Result> {
  readonly model: string;
  readonly at: string;
  readonly result: Result;
  readonly usage: Usage;
}

/** What the answers of attempts used that did not finish the step. */
const checkpointSchema = z.object({ usage: usageSchema });

export class Asking {
  readonly #record: CallRecord;
  readonly #model: string;
  readonly #progress: Progress;
  readonly #options: AskingOptions;
  #usage: Usage;

  constructor(record: CallRecord, model: string, progress: Progress, options: AskingOptions) {
    this.#record = record;
    this.#model = model;
    this.#progress = progress;
    this.#options = options;
    this.#usage = checkpointSchema.safeParse(progress.checkpoint).data?.usage ?? NO_USAGE;
  }

  async ask<Result>({ instruction, schema, read }: Task<Result>, text: string): Promise<Result> {
    let why = '';
    for (let answer = 1; answer <= MAX_ANSWERS; answer++) {
      const question = { model: this.#model, instruction, text, schema, maxOutputTokens: MAX_OUTPUT_TOKENS };
      const { content, usage } = await this.#options.ask(question);
      this.#count(usage);
      const result = content.kind === 'json' ? read(content.value) : undefined;
      if (result !== undefined) return result;
      // It is paid, whatever comes of the next question, and in whichever process.
      await this.#progress.keep({ usage: this.#usage } satisfies z.infer<typeof checkpointSchema>);
      if (content.kind === 'refused') throw new Failure('ANALYSIS_REFUSED', content.why);
      why = content.kind === 'json' ? 'the answer breaks its schema' : content.why;
      this.#options.logger.warn({ callId: this.#record.callId, answer, why }, 'answer of no use');
    }
    throw new Failure('ANALYSIS_USELESS', `${why}, and so did ${MAX_ANSWERS - 1} more`);
  }

  answered<Result>(result: Result): Answered<Result> {
    const at = new Date(this.#options.clock.wallMs()).toISOString();
    return { model: this.#model, at, result, usage: this.#usage };
  }

  skipped<Result>(step: string, result: Result): Answered<Result> & { readonly skipped: 'unanswered' | 'nothingSaid' } {
    const skipped = this.#record.outcome.kind === 'unanswered' ? 'unanswered' : 'nothingSaid';
    this.#options.logger.info({ callId: this.#record.callId, step, skipped }, 'analysis skipped: there are no words');
    return { ...this.answered(result), skipped };
  }

  #count(usage: Usage): void {
    this.#usage = addedUsage(this.#usage, usage);
    const { tokens } = this.#options.metrics;
    const model = this.#model;
    tokens.inc({ model, direction: 'prompt', modality: 'text' }, usage.promptTokens);
    tokens.inc({ model, direction: 'response', modality: 'text' }, usage.responseTokens + usage.thoughtsTokens);
  }
}
