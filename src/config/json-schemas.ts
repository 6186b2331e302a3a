/** JSON Schemas of the files that an operator edits, so that editors complete and check them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { agentFile } from './agent-file.ts';
import { catalogueFile } from './catalogue.ts';
import { type ConfigSource, configDir } from './config.ts';

/** The schemas by their path below the configuration's directory. */
export function jsonSchemas(): Readonly<Record<string, object>> {
  return {
    'agents/agent.schema.json': titled(agentFile, 'An agent of Callbridge'),
    'models.schema.json': titled(catalogueFile, 'Live models, voices and languages'),
  };
}

/** Writes them beside the files that they describe, in the configuration's directory; returns the paths. */
export function writeJsonSchemas(source: ConfigSource): string[] {
  const dir = configDir(source);
  return Object.entries(jsonSchemas()).map(([path, schema]) => {
    const file = join(dir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(schema, null, 2)}\n`);
    return file;
  });
}

function titled(schema: z.ZodType, title: string): object {
  return { ...z.toJSONSchema(schema, { io: 'input', target: 'draft-07' }), title };
}
