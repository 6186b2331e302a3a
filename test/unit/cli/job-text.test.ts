import { expect, test } from 'vitest';
import { jobJson, jobText } from '../../../src/cli/job-text.ts';
import type { JobDetail } from '../../../src/postprocess/index.ts';
import { NO_USAGE } from '../../../src/transcript/index.ts';
import { record } from '../transcript/given.ts';

test('what was found out about a call is shown as what was said in it is: when it is asked for', () => {
  const at = record().endedAt;
  const summary = { model: 'm', at, result: 'She asked for the time.', failure: null, usage: NO_USAGE };
  const job: JobDetail = {
    callId: 'CA1',
    state: 'dead',
    attempts: 1,
    doneSteps: [],
    lastFailure: null,
    nextTryMs: null,
    // As a record has it that was written with its analysis, and given to `replay`.
    data: { version: 1, callId: 'CA1', record: { ...record(), analysis: { summary } } },
    results: { summary },
  };
  const shown = (dialogue: boolean) => jobText(job, dialogue).join('\n') + JSON.stringify(jobJson(job, dialogue));
  expect(shown(false)).not.toContain('She asked');
  expect(shown(true).match(/She asked/g)).toHaveLength(3);
});
