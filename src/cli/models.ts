/** `callbridge models`: what config/models.yaml holds, as tables. */
import { Command } from 'commander';
import {
  type Catalogue,
  type ConfigSource,
  type LiveModel,
  loadCatalogue,
  processEnv,
  writeJsonSchemas,
} from '../config/index.ts';
import { Failure } from '../lib/index.ts';

export function modelsCommand(): Command {
  return new Command('models')
    .description('lists the Live models, voices and languages that agents may name')
    .option('--write-schemas', 'writes the JSON Schemas beside models.yaml and the agents, for editors')
    .action(({ writeSchemas }: { readonly writeSchemas?: true }) => {
      const source = { env: processEnv(), cwd: process.cwd() };
      try {
        if (writeSchemas) for (const path of writeJsonSchemas(source)) console.log(path);
        else models({ out: console.log }, source);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        console.error(error.message);
        process.exitCode = 1;
      }
    });
}

/** Prints the catalogue of the configuration. Throws Failure CONFIG_INVALID. */
export function models(io: { readonly out: (line: string) => void }, source: ConfigSource): void {
  const catalogue = loadCatalogue(source);
  for (const line of [...modelTable(catalogue), '', ...voiceTable(catalogue), '', ...languageLists(catalogue)]) {
    io.out(line.trimEnd());
  }
}

function modelTable({ models }: Catalogue): string[] {
  const head = ['MODEL', 'STATE', 'API', 'TOKENS', 'FEATURES'];
  const rows = models.map((model) => [
    model.name,
    state(model),
    model.apis.join(', '),
    String(model.contextTokens),
    features(model),
  ]);
  return table([head, ...rows]);
}

function state({ state, shutDownOn, successor, purpose }: LiveModel): string {
  const day = shutDownOn === undefined ? '' : ` ${shutDownOn}`;
  const next = successor === undefined ? '' : ` → ${successor}`;
  if (state === 'shutDown') return `shut down${day}${next}`;
  if (state === 'deprecated') return `deprecated${day}${next}`;
  return purpose === 'dialogue' ? 'current' : `current, for ${purpose} only`;
}

function features({ features, thinkingLevels }: LiveModel): string {
  const { thinking, realtimeText: _, ...switches } = features;
  const names = Object.entries(switches).flatMap(([name, has]) => (has ? name : []));
  if (thinking === 'budget') names.push('thinking by budget');
  if (thinking === 'level') names.push(`thinking: ${thinkingLevels.join(' ')}`);
  return names.join(', ') || '–';
}

/** Three to a line: all thirty fit on a screen. */
const VOICES_PER_LINE = 3;

function voiceTable({ voices }: Catalogue): string[] {
  const cells = Object.entries(voices).map(([name, character]) => `${name} (${character})`);
  const rows = cells.flatMap((_, index) =>
    index % VOICES_PER_LINE === 0 ? [cells.slice(index, index + VOICES_PER_LINE)] : [],
  );
  return ['VOICES', ...table(rows)];
}

function languageLists({ languages }: Catalogue): string[] {
  return ['LANGUAGES', `Developer API: ${languages.developer.join(' ')}`, `Vertex AI: ${languages.vertex.join(' ')}`];
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
}
