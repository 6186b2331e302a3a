/** JSON Schemas of the files that an operator edits, so that editors complete and check them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { agentFile } from './agent-file.ts';
import { backendsFile } from './backends-file.ts';
import { type Catalogue, catalogueFile } from './catalogue.ts';
import { type ConfigSource, configDir, loadCatalogue } from './config.ts';

/** The texts of the schemas by their path below the configuration's directory, as Biome formats them. */
export function jsonSchemas(catalogue: Catalogue): Readonly<Record<string, string>> {
  return {
    'agents/agent.schema.json': schemaText(completing(catalogue), 'An agent of Callbridge'),
    'backends.schema.json': schemaText(backendsFile, 'Services and credentials for the sessions of Callbridge'),
    'models.schema.json': schemaText(catalogueFile, 'Live models, voices and languages'),
  };
}

/** Writes them beside the files that they describe, in the configuration's directory; returns the paths. */
export function writeJsonSchemas(source: ConfigSource): string[] {
  const dir = configDir(source);
  return Object.entries(jsonSchemas(loadCatalogue(source))).map(([path, text]) => {
    const file = join(dir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  });
}

/** Examples are what an editor offers: unlike an enum they leave an agent free to name what is added to models.yaml later. */
function completing({ models, voices }: Catalogue): z.ZodType {
  const { model, voice } = agentFile.shape;
  const names = models.flatMap(({ name, state, purpose }) =>
    state === 'current' && purpose === 'dialogue' ? name : [],
  );
  return agentFile.extend({
    model: model.meta({ ...model.meta(), examples: names }),
    voice: voice.meta({ ...voice.meta(), examples: Object.keys(voices) }),
  });
}

function schemaText(schema: z.ZodType, title: string): string {
  return `${formatted({ ...z.toJSONSchema(schema, { io: 'input', target: 'draft-07' }), title }, '', 0)}\n`;
}

/** The width of a line in biome.json. */
const LINE_WIDTH = 120;

/** As JSON.stringify indents, but with a list of plain values on one line where it fits; `taken` is the width before it. */
function formatted(value: unknown, indent: string, taken: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const deeper = `${indent}  `;
  if (Array.isArray(value)) {
    const isPlain = value.every((entry) => typeof entry !== 'object' || entry === null);
    const line = `[${value.map((entry) => JSON.stringify(entry)).join(', ')}]`;
    // The comma behind it counts as well.
    if (isPlain && taken + line.length < LINE_WIDTH) return line;
    return block(
      '[',
      ']',
      value.map((entry) => formatted(entry, deeper, deeper.length)),
      indent,
    );
  }
  const entries = Object.entries(value).map(([key, entry]) => {
    const start = `${JSON.stringify(key)}: `;
    return start + formatted(entry, deeper, deeper.length + start.length);
  });
  return block('{', '}', entries, indent);
}

function block(open: string, close: string, entries: readonly string[], indent: string): string {
  if (entries.length === 0) return open + close;
  return `${open}\n${entries.map((entry) => `${indent}  ${entry}`).join(',\n')}\n${indent}${close}`;
}
