import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createMetrics } from '../../../src/telemetry/index.ts';

const ROOT = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Labels that name a kind of thing. What belongs to one call or one person must not be among them. */
const ALLOWED_LABELS = new Set(
  'agent outcome fault code model how direction modality side kind phase event state result because why rung tool ok le'.split(
    ' ',
  ),
);
/** prom-client's own metrics of the process. */
const PROCESS = /^callbridge_(process|nodejs)_/;

test('what is counted appears in the text, under our prefix and with its labels', async () => {
  const metrics = createMetrics();
  metrics.calls.inc({ agent: 'reception', outcome: 'failed', fault: 'model', code: 'LIVE_QUOTA' });
  metrics.responseSeconds.observe({ agent: 'reception' }, 1.3);
  metrics.draining.set(1);
  const text = await metrics.text();
  expect(text).toContain(
    'callbridge_calls_total{agent="reception",outcome="failed",fault="model",code="LIVE_QUOTA"} 1',
  );
  expect(text).toContain('callbridge_response_seconds_bucket{le="1.25",agent="reception"} 0');
  expect(text).toContain('callbridge_response_seconds_bucket{le="1.5",agent="reception"} 1');
  expect(text).toContain('callbridge_draining 1');
  expect(metrics.contentType).toMatch(/^text\/plain; version=0\.0\.4/);
});

test('the process is measured too, the lag of its event loop among it', async () => {
  expect(await createMetrics().text()).toContain('callbridge_nodejs_eventloop_lag_seconds');
});

test('two services in one process do not share their numbers', async () => {
  const [one, other] = [createMetrics(), createMetrics()];
  one.bargeIns.inc();
  expect(await one.text()).toContain('callbridge_barge_ins_total 1');
  expect(await other.text()).toContain('callbridge_barge_ins_total 0');
});

test('every name with a unit says the unit in its help, and every label is one that holds no personal data', async () => {
  const metrics = createMetrics();
  const own = (await metrics.text())
    .split('\n')
    .filter((line) => line.startsWith('# HELP callbridge_') && !PROCESS.test(line.split(' ')[2] ?? ''));
  expect(own.length).toBeGreaterThan(20);
  for (const line of own) {
    const [, , name = '', ...help] = line.split(' ');
    const unit = /_(seconds|milliseconds|dbov)(_total)?$/.exec(name)?.[1];
    if (unit !== undefined) expect(help.join(' ').toLowerCase(), name).toContain(`in ${unit}`);
  }

  // The label names as prom-client holds them: its text shows them only once a value was set.
  const labels = Object.values(metrics).flatMap((metric) =>
    typeof metric === 'object' && 'labelNames' in metric ? (metric.labelNames as string[]) : [],
  );
  expect(labels).toContain('agent');
  for (const label of labels) expect(ALLOWED_LABELS).toContain(label);
});

test('docs/running.md tells of every metric, with its labels, and of no other', () => {
  const ours = Object.values(createMetrics()).flatMap((metric) =>
    typeof metric === 'object' && 'labelNames' in metric ? [metric as unknown as Described] : [],
  );
  const written = ours.map(({ name, labelNames }) => name + (labelNames.length > 0 ? `{${labelNames.join(',')}}` : ''));
  const table = read('docs/running.md').split('All of them:')[1]?.split('Beside them')[0] ?? '';
  const told = [...table.matchAll(/^\|([^|]+)\|/gm)].flatMap(
    ([, cell]) => cell?.match(/(?<=`)callbridge_[^`]+/g) ?? [],
  );
  expect(told.sort()).toEqual(written.sort());
});

test('whatever is written about metrics names those that there are', () => {
  const names = new Set(Object.values(createMetrics()).flatMap((metric) => nameOf(metric) ?? []));
  const folders = ['.', 'docs', 'docs/decisions', 'deploy/kubernetes'];
  const pages = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((name) => /\.(md|yaml)$/.test(name))
      .map((name) => join(folder, name)),
  );
  const named = pages.flatMap((page) => [...read(page).matchAll(/\bcallbridge_[a-z_]*[a-z]\b/g)].map(([name]) => name));
  expect(named.length).toBeGreaterThan(40);
  for (const name of named) if (!/^callbridge_(process|nodejs)$/.test(name)) expect(names).toContain(name);
});

interface Described {
  readonly name: string;
  readonly labelNames: readonly string[];
}

function nameOf(metric: unknown): string | undefined {
  return typeof metric === 'object' && metric !== null && 'name' in metric ? String(metric.name) : undefined;
}
