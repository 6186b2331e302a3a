/** docs/performance.md and its plot, as the bench writes them. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { between } from '../table.ts';
import type { Options } from './options.ts';
import { type Line, type Panel, plot } from './plot.ts';
import { LEGEND, NAMES, report } from './report.ts';
import { type Result, type Summary, summarise } from './results.ts';
import type { SystemName } from './systems.ts';

const PAGE = 'docs/performance.md';
const PLOT = 'docs/performance.svg';
const MARK = 'load';
const SECTION = `\n## What a call costs\n\n<!-- ${MARK}: begin -->\n<!-- ${MARK}: end -->\n`;

const PLOT_TITLE = 'CPU of a call, and the delay of its sound, over the number of calls';
const COLOURS: Readonly<Record<SystemName, string>> = { service: '#2f7ed8', floor: '#8a8a8a', peer: '#d9822b' };

export function writePage(results: readonly Result[], options: Options): void {
  const summaries = summarise(results);
  const content = [
    '',
    `As \`npm run bench -- --write\` printed it on ${machine()}: medians of ${options.rounds} rounds of ${options.seconds} s.`,
    '',
    report(results),
    LEGEND,
    '',
    `![${PLOT_TITLE}](performance.svg)`,
    '',
  ].join('\n');
  const page = existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : '# Performance\n';
  const place = page.includes(`<!-- ${MARK}: begin -->`) ? page : page + SECTION;
  writeFileSync(PAGE, between(place, MARK, content));
  writeFileSync(PLOT, plot(PLOT_TITLE, panelsOf(summaries)));
}

function machine(): string {
  const all = cpus();
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  return `${all.length} × ${all[0]?.model.trim() ?? 'CPU'}, Node ${process.versions.node}, commit ${commit}`;
}

function panelsOf(summaries: readonly Summary[]): Panel[] {
  const both = new Set(summaries.map(({ tls }) => tls)).size > 1;
  const lines = (of: (one: Summary) => number | undefined): Line[] =>
    (['service', 'floor', 'peer'] as const).flatMap((system) =>
      [true, false].flatMap((tls) => {
        const points = summaries
          .filter((one) => one.system === system && one.tls === tls)
          .sort((a, b) => a.calls - b.calls)
          .flatMap((one) => {
            const y = of(one);
            return y === undefined ? [] : [{ x: one.calls, y }];
          });
        if (points.length === 0) return [];
        const name = both ? `${NAMES[system]}, ${tls ? 'with' : 'without'} TLS` : NAMES[system];
        return [{ name, colour: COLOURS[system], dashed: both && !tls, points }];
      }),
    );
  // One call alone pays for everything that happens whether or not there are calls, and would flatten the rest.
  const many = (value: (one: Summary) => number | undefined) => (one: Summary) =>
    one.calls >= 10 ? value(one) : undefined;
  return [
    { title: 'CPU ms for a second of a call', lines: lines(many(({ measures }) => measures?.cpuMs)) },
    { title: 'added delay up, p50, ms', lines: lines(many(({ measures }) => measures?.upMs.p50)) },
    { title: 'added delay up, p99, ms', lines: lines(many(({ measures }) => measures?.upMs.p99)) },
  ];
}
