import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { summaryOf } from '../../../bench/summary.ts';
import { between } from '../../../bench/table.ts';

const read = (path: string): string => readFileSync(join(import.meta.dirname, '../../..', path), 'utf8');

test('the README shows the figures of docs/faults.md as they stand', () => {
  const readme = read('README.md');
  const summary = summaryOf(read('docs/faults.md'));
  expect(summary.split('\n').length).toBeGreaterThan(8);
  // Else: npm run bench:faults -- --readme
  expect(readme).toBe(between(readme, 'faults', summary));
});

test('a row that is not as it should be says so in the README too, and one that is gone is missed', () => {
  const page = read('docs/faults.md');
  const failing = page.replace(
    /^(\| session mute: no answer to the caller .*\| )\S.*? *\|$/m,
    '$1FAIL: gap over 900 ms |',
  );
  expect(summaryOf(failing)).toContain('| FAIL: gap over 900 ms');
  expect(() => summaryOf(page.replace('goAway, caller speaks', 'goAway'))).toThrow('no row for session breaks: goAway');
});
