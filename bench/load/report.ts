/** The results as people read them: a table for each way to the endpoint, and a few lines below. */
import { markdownTable } from '../table.ts';
import { growth, type Result, type Summary, summarise } from './results.ts';
import type { SystemName } from './systems.ts';
import type { Spread } from './trial.ts';

export const NAMES: Readonly<Record<SystemName, string>> = {
  service: 'Callbridge',
  floor: 'floor',
  peer: 'twilio-realtime-agents',
};

const HEAD = [
  'calls',
  'system',
  'CPU ms',
  '× floor',
  '× peer',
  'calls a core',
  'MB a call',
  'up ms',
  'down ms',
  'filter ms',
  'clear ms',
  'ready ms',
  'unready ms',
  'webhook ms',
  '',
];

export function report(results: readonly Result[]): string {
  const summaries = summarise(results);
  return [true, false]
    .map((tls) => ({ tls, rows: summaries.filter((one) => one.tls === tls) }))
    .filter(({ rows }) => rows.length > 0)
    .map(({ tls, rows }) => `${sectionOf(tls, rows, results)}\n`)
    .join('\n');
}

function sectionOf(tls: boolean, rows: readonly Summary[], results: readonly Result[]): string {
  const sorted = [...rows].sort((a, b) => a.calls - b.calls);
  const grown = (['service', 'floor', 'peer'] as const).flatMap((system) => {
    const found = growth(results, system, tls);
    if (found === undefined) return [];
    return `${NAMES[system]}: a call at ${found.to} costs ${found.ratio.toFixed(2)} × one at ${found.from}`;
  });
  const title = tls ? 'With TLS towards the endpoint' : 'Without TLS towards the endpoint';
  const lines = grown.length === 0 ? [] : ['', `${grown.join('; ')}.`];
  return [`${title}:`, '', markdownTable(HEAD, sorted.map(cells)), ...lines].join('\n');
}

function cells({ calls, system, measures, toFloor, toPeer, note }: Summary): string[] {
  const start = [String(calls), NAMES[system]];
  if (measures === undefined) return [...start, ...Array.from({ length: HEAD.length - 3 }, () => ''), note];
  return [
    ...start,
    figure(measures.cpuMs, 2),
    figure(toFloor, 2),
    figure(toPeer, 2),
    figure(1_000 / measures.cpuMs, 0),
    figure(measures.mbPerCall, 2),
    spread(measures.upMs),
    spread(measures.downMs),
    `${figure(measures.upFilterMs, 1)} / ${figure(measures.downFilterMs, 1)}`,
    `${figure(measures.clearMs.p50, 1)} / ${figure(measures.clearMs.p95, 1)}`,
    figure(measures.readyMs, 0),
    figure(measures.unreadyMs, 0),
    figure(measures.webhookMs, 0),
    note,
  ];
}

/** What the columns mean; stands below the tables. */
export const LEGEND = `\
floor: a relay of two \`ws\` sockets that parses and builds all JSON, and passes the sound on in base64 as it came.
CPU ms: of one core, for a second of one call. × floor, × peer: CPU in that of the others, within a round, and of these ratios the
median. MB a call: resident memory above that before the first call. up, down: from a message sent to the message that came of it,
as p50 / p95 / p99; both ends' own reading and writing is in it, and the same for all. filter: how much later in its sound a click
then lies, up / down; it comes on top. clear: from \`interrupted\` to \`clear\`, p50 / p95. ready: from \`start\` to the agent's first
sound, when the session had 700 ms since the voice webhook. unready: the same when the stream came at once, or began the
session; the endpoint takes 250 ms to set one up. webhook: from the voice webhook to the agent's first sound, 700 ms of ringing included.`;

const figure = (value: number | undefined, digits: number): string =>
  value === undefined || !Number.isFinite(value) ? '–' : value.toFixed(digits);

const spread = ({ p50, p95, p99 }: Spread): string => [p50, p95, p99].map((value) => figure(value, 2)).join(' / ');
