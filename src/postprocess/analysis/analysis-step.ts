/** A step that asks a text model one thing about a call. What comes of it is kept, also that nothing did. */
import { asFailure } from '../../lib/index.ts';
import type { Analysis, AnalysisName } from '../../transcript/index.ts';
import { PERSONAL_DATA, withFound } from '../redact/found.ts';
import { redactRecord } from '../redact/redact-record.ts';
import type { Progress, Step } from '../steps/step.ts';
import { Asking, type AskingOptions } from './asking.ts';
import { dialogueText } from './dialogue-text.ts';
import { taskOf } from './tasks.ts';

/** By the times of `RETRY`, some two and a half hours: who waits for an analysis for longer has no use for it any more. */
const MAX_ATTEMPTS = 12;

type Found = NonNullable<Analysis[AnalysisName]>;

export function analysisStep(name: AnalysisName, options: AskingOptions): Step {
  return {
    name,
    // Neither the files nor the webhook wait for it, nor it for them.
    after: [PERSONAL_DATA],
    async run(record, progress: Progress): Promise<Found | undefined> {
      const { results, failedAttempts } = progress;
      const { analysis, redact } = options.afterwardsFor(record.agent) ?? {};
      const task = analysis && taskOf(name, analysis);
      if (analysis === undefined || task === undefined) return undefined;
      const text = dialogueText(redact === undefined ? record : redactRecord(record, withFound(redact, results)));
      const asking = new Asking(record, analysis.model, progress, options);
      const found = (result: unknown, failure: Found['failure'] = null): Found =>
        ({ ...asking.answered(result), failure }) as Found;
      if (text === undefined) return { ...asking.skipped(name, null), failure: null };
      try {
        return found(await asking.ask(task, text));
      } catch (error) {
        const failure = asFailure(error, 'STEP_FAILED');
        const { code, message, fault } = failure;
        options.metrics.failures.inc({ code, fault });
        if (failure.retryable && failedAttempts + 1 < MAX_ATTEMPTS) throw failure;
        options.logger.error({ callId: record.callId, step: name, code, err: failure }, 'analysis given up');
        return found(null, { code, message });
      }
    },
  };
}
