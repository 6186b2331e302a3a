/** Writes the JSON and the text of a call again, with what was found out about it. */
import { ANALYSES } from '../../transcript/index.ts';
import type { Analysed } from '../analysis/analysed.ts';
import type { Step } from './step.ts';

/** `files`: the steps that wrote them. */
export function writeAnalysed(analysed: Analysed, files: readonly Step[]): Step {
  return {
    name: 'write-analysed',
    after: [...ANALYSES, ...files.map(({ name }) => name)],
    async run(record, progress) {
      const whole = analysed(record, progress.results);
      if (whole === undefined) return;
      for (const { run } of files) await run(whole, progress);
    },
  };
}
