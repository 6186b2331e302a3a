/** A scenario kept in a YAML file; its recordings are looked for beside it. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parse } from 'yaml';
import { parseScenario, type Scenario } from './scenario.ts';
import { checkRecordings, resolveSounds } from './sound.ts';

/** Throws an Error that names the file and every problem in it. */
export function readScenario(path: string): Scenario {
  try {
    const scenario = resolveSounds(parseScenario(parse(readFileSync(path, 'utf8'))), dirname(path));
    checkRecordings(scenario);
    return scenario;
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
