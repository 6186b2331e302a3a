/** Fixture calls: one folder each, with what the phone does, what the model does, and what must come out. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isNode, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { Failure } from '../lib/index.ts';
import { type Expectation, expectation } from './expectation.ts';
import { type Scenario, scenarioSchema } from './live/scenario.ts';
import { resolveSounds } from './live/sound.ts';
import { type LineFault, lineFault } from './phone/line-faults.ts';
import { type ProviderHabits, providerHabits } from './phone/provider-habits.ts';
import { type CallScript, callScript } from './phone/script.ts';

const FILE = 'call.yaml';

/** YAML reads an unquoted +1555… as a number, and its plus is lost. */
const inQuotes = ({ input }: { readonly input?: unknown }): string | undefined =>
  typeof input === 'number' ? 'a phone number must stand in quotes, such as "+15550100"' : undefined;

/** E.164, or a SIP address. */
const PARTY = /^(\+[1-9]\d{1,14}|sips?:\S+)$/;
const party = z.string({ error: inQuotes }).regex(PARTY, 'a number such as +15550100, or a sip: address, is wanted');

export function isParty(value: string): boolean {
  return PARTY.test(value);
}

const ringing = z.strictObject({
  ringsMs: z.number().min(0).max(60_000).default(2_000),
  /** What the provider tells of whoever answers; a machine records from the end of what it says first. */
  answeredBy: z.enum(['human', 'machine', 'fax', 'unknown']).default('human'),
});

/** The service places the call, and this phone rings. */
const called = ringing.extend({
  /** What the call is ordered with, beside both numbers: as in docs/outbound.md. */
  order: z.strictObject({
    agent: z.string().optional(),
    variables: z.record(z.string(), z.string()).optional(),
    greeting: z.string().optional(),
  }),
});

const number = z.string({ error: inQuotes }).regex(/^\+[1-9]\d{6,14}$/, 'a number such as +15550100 is wanted');

/** Whom the service may have called besides, such as for a warm transfer: somebody who picks up, or nobody. */
const other = ringing
  .extend({
    number,
    does: z.enum(['answer', 'busy', 'unreachable']).default('answer'),
    /** Once answered. */
    script: callScript.optional(),
  })
  .refine(({ does, script }) => (does === 'answer') === (script !== undefined), {
    path: ['script'],
    error: 'goes with whoever answers, and nobody else',
  });

const fixtureFile = z.strictObject({
  title: z.string().min(1),
  description: z.string().min(1),
  phone: z.strictObject({
    from: party,
    to: party,
    script: callScript,
    called: called.optional(),
    others: z.array(other).default([]),
    /** What the provider does where its documents leave it open. */
    habits: providerHabits.prefault({}),
    /** What goes wrong on the caller's side of the stream, and when. */
    faults: z.array(lineFault).default([]),
  }),
  model: scenarioSchema,
  expect: expectation,
});

/** The paths of its sounds are absolute. */
export interface FixtureCall {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly phone: {
    readonly from: string;
    readonly to: string;
    readonly script: CallScript;
    readonly called?: z.infer<typeof called> | undefined;
    readonly others: readonly z.infer<typeof other>[];
    readonly habits: ProviderHabits;
    readonly faults: readonly LineFault[];
  };
  readonly model: Scenario;
  readonly expect: Expectation;
}

/** The fixture in `folder`. Throws Failure CONFIG_INVALID that names every problem with its place. */
export function loadFixture(folder: string): FixtureCall {
  const path = join(folder, FILE);
  const { value, lineOf } = readYaml(path);
  const parsed = fixtureFile.safeParse(value);
  if (!parsed.success) {
    const told = parsed.error.issues.map(({ message, ...issue }) => {
      const at = issue.code === 'unrecognized_keys' ? [...issue.path, ...issue.keys.slice(0, 1)] : issue.path;
      return { line: lineOf(at), text: `${z.core.toDotPath(at)}: ${message}` };
    });
    told.sort((a, b) => a.line - b.line);
    throw invalid(path, told.map(({ line, text }) => `✖ ${FILE}:${line} ${text}`).join('\n'));
  }
  const { title, description, phone, model, expect } = parsed.data;
  const fixture: FixtureCall = {
    name: resolve(folder).replace(/^.*[/\\]/, ''),
    title,
    description,
    phone: {
      ...phone,
      script: resolveSays(phone.script, folder),
      others: phone.others.map((each) => ({ ...each, script: each.script && resolveSays(each.script, folder) })),
    },
    model: resolveSounds(model, resolve(folder)),
    expect,
  };
  const missing = recordings(fixture).filter((wav) => !existsSync(wav));
  if (missing.length > 0) throw invalid(path, missing.map((wav) => `✖ no such file: ${wav}`).join('\n'));
  return fixture;
}

/** The names of the fixtures in `directory`, in alphabetical order. */
export function listFixtures(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => existsSync(join(directory, name, FILE)))
    .sort();
}

interface ReadYaml {
  readonly value: unknown;
  /** The line of what stands there, or of the nearest around it. */
  readonly lineOf: (path: readonly PropertyKey[]) => number;
}

function readYaml(path: string): ReadYaml {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw invalid(path, '✖ the file cannot be read', error);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const lineOf = (at: readonly PropertyKey[]): number => {
    const node = document.getIn(at, true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    return at.length === 0 ? 1 : lineOf(at.slice(0, -1));
  };
  try {
    // What comes after the first fault mostly follows from it.
    const [fault] = document.errors;
    if (fault !== undefined) throw fault;
    return { value: document.toJS(), lineOf };
  } catch (error) {
    throw invalid(path, `✖ ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

function resolveSays(script: CallScript, folder: string): CallScript[number][] {
  return script.map((step) => {
    if (step.say === undefined || !('wav' in step.say)) return step;
    return { ...step, say: { ...step.say, wav: resolve(folder, step.say.wav) } };
  });
}

function recordings({ phone, model }: FixtureCall): string[] {
  const steps = [phone, ...phone.others].flatMap(({ script }) => script ?? []);
  const spoken = steps.map((step) => step.say);
  const answered = [...model.turns, model.fallbackTurn].map((turn) => turn.sound);
  return [...spoken, ...answered].flatMap((sound) => (sound && 'wav' in sound ? [sound.wav] : []));
}

function invalid(path: string, problems: string, cause?: unknown): Failure {
  return new Failure('CONFIG_INVALID', `this is no fixture call: ${path}\n${problems}`, { cause });
}
