/** `npm run bench:faults`: plays every fault against real service processes, and prints what the caller had of it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Experience } from './experience.ts';
import { startModels } from './models.ts';
import type { Row } from './row.ts';
import { shortcomings } from './row.ts';
import { callerRows } from './rows/caller.ts';
import { goodbyeRows } from './rows/goodbye.ts';
import { liveRows } from './rows/live.ts';
import { muteRows } from './rows/mute.ts';
import { processRows } from './rows/processes.ts';
import { summaryOf } from './summary.ts';
import { between, markdownTable } from './table.ts';
import { startTwilio } from './twilio.ts';
import { startReceiver } from './webhook-receiver.ts';

/** Two cores carry this many rows, each with its phone, model and service, without one being late because of another. */
const AT_ONCE = 6;
/** A row that hangs must not keep the table from being printed. */
const ROW_LIMIT_MS = 180_000;

interface Played {
  readonly row: Row;
  readonly seen: Experience | undefined;
  readonly error: string | undefined;
}

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    readme: { type: 'boolean', default: false },
    'at-once': { type: 'string', default: String(AT_ONCE) },
  },
});

const ROWS: readonly Row[] = [...liveRows, ...muteRows, ...callerRows, ...goodbyeRows, ...processRows];

async function main(): Promise<void> {
  const wanted = options.only === undefined ? undefined : new RegExp(options.only, 'i');
  const chosen = ROWS.filter((row) => wanted?.test(`${row.group}: ${row.name}`) ?? true);
  const baselines = new Set(chosen.flatMap(({ baseline }) => baseline ?? []));
  const rows = ROWS.filter((row) => chosen.includes(row) || baselines.has(row.name));
  const models = startModels();
  const receiver = await startReceiver();
  const twilio = await startTwilio();
  const began = performance.now();
  const played = await pool(rows, Number(options['at-once']), async (row) => {
    const result = await play(row);
    const seconds = ((performance.now() - began) / 1_000).toFixed(0);
    console.error(`${seconds.padStart(4)} s  ${row.group}: ${row.name}: ${result.error ?? briefly(result.seen!)}`);
    return result;
  });
  models.close();
  receiver.close();
  await twilio.close();

  const judged = played.map((one) => ({ ...one, short: judge(one, played) }));
  const failed = judged.filter(({ short }) => short.length > 0).length;
  const table = markdownTable(HEAD, judged.map(cells));
  if (options.json)
    console.log(
      JSON.stringify(
        judged.map(({ row, ...rest }) => ({ group: row.group, name: row.name, ...rest })),
        null,
        2,
      ),
    );
  else console.log(table);
  console.error(
    `${rows.length - failed} of ${rows.length} rows as they should be, in ${((performance.now() - began) / 1_000).toFixed(0)} s`,
  );
  if (options.write && wanted === undefined) {
    writeFileSync(PAGE, between(readFileSync(PAGE, 'utf8'), 'faults', table));
    writeReadme();
  }
  process.exitCode = failed === 0 ? 0 : 1;

  async function play(row: Row): Promise<Played> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not over within ${ROW_LIMIT_MS} ms`)), ROW_LIMIT_MS);
    });
    try {
      return { row, seen: await Promise.race([row.play({ models, receiver, twilio }), late]), error: undefined };
    } catch (error) {
      return {
        row,
        seen: undefined,
        error: (error instanceof Error ? error.message : String(error)).split('\n', 3).join(' '),
      };
    } finally {
      clearTimeout(timer);
    }
  }
}

const PAGE = 'docs/faults.md';
const README = 'README.md';

/** The README shows some rows of the page as it stands. */
function writeReadme(): void {
  writeFileSync(README, between(readFileSync(README, 'utf8'), 'faults', summaryOf(readFileSync(PAGE, 'utf8'))));
}

const HEAD = ['fault', 'gap', 'without', 'imposed', 'lost', 'doubled', 'words lost', 'greeted', 'call', 'records', ''];

function judge({ row, seen, error }: Played, all: readonly Played[]): readonly string[] {
  if (seen === undefined) return [error ?? 'not played'];
  return shortcomings(row, seen, baselineGap(row, all));
}

function baselineGap({ baseline }: Row, all: readonly Played[]): number | undefined {
  return all.find(({ row }) => row.name === baseline)?.seen?.gapMs;
}

function cells(one: Played & { readonly short: readonly string[] }, _index: number, all: readonly Played[]): string[] {
  const { row, seen, short } = one;
  const name = `${row.group}: ${row.name}`;
  const verdict = short.length === 0 ? 'pass' : `FAIL: ${short.join('; ')}`;
  if (seen === undefined) return [name, '', '', '', '', '', '', '', '', '', verdict];
  return [
    name,
    ms(seen.gapMs),
    ms(baselineGap(row, all)),
    ms(row.imposedMs ?? (row.wants.promptAfterStream === true ? seen.streamBackMs : undefined)),
    ms(seen.lostMs),
    ms(seen.doubledMs),
    `${seen.callerWordsLost} / ${seen.agentWordsLost}`,
    String(seen.greetings),
    seen.end,
    String(seen.records),
    verdict,
  ];
}

const ms = (value: number | undefined): string => (value === undefined ? '–' : `${value} ms`);

function briefly(seen: Experience): string {
  return `${seen.end}, gap ${ms(seen.gapMs)}, lost ${seen.lostMs} of ${seen.saidMs} ms, ${seen.outcome}, ${seen.events.join(' ')} (${seen.how})`;
}

/** In order, so many at a time. */
async function pool<In, Out>(items: readonly In[], atOnce: number, work: (item: In) => Promise<Out>): Promise<Out[]> {
  const results: Out[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index]!);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}

if (options.readme) writeReadme();
else await main();
