/** Holds the layers: who may import whom, by which door, and what only one folder may touch. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const SRC = join(ROOT, 'src');

/** What each folder may import of ours; `cli` is a composition root and may import everything. */
const LAYERS: Record<string, readonly string[]> = {
  lib: [],
  redis: ['lib'],
  audio: ['lib'],
  telemetry: ['lib'],
  config: ['lib'],
  webhooks: ['lib'],
  transcript: ['lib'],
  telephony: ['lib', 'audio', 'telemetry'],
  live: ['lib', 'audio', 'telemetry'],
  tools: ['lib', 'telemetry'],
  call: ['lib', 'audio', 'telemetry', 'transcript', 'telephony', 'live', 'tools', 'cluster', 'webhooks'],
  cluster: ['lib', 'telemetry', 'transcript', 'redis'],
  postprocess: ['lib', 'telemetry', 'transcript', 'redis', 'webhooks'],
  processes: ['lib', 'telemetry'],
  http: ['lib', 'telemetry', 'telephony', 'call'],
  simulator: ['lib', 'audio', 'telephony', 'live'],
};

/** The most lines that a file may have: beyond that it has two subjects. */
const MAX_LINES = 300;

interface Source {
  /** Path from `src`, with forward slashes. */
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  /** The text without comments: what it does, not what it says. */
  readonly code: string;
  readonly imports: readonly string[];
}

function sources(): Source[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => {
      const text = readFileSync(join(SRC, path), 'utf8');
      const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
      const imports = [...code.matchAll(/(?:from|import\(|import)\s*'([^']+)'/g)].map((match) => match[1]!);
      const name = path.split(sep).join('/');
      return { path: name, folder: name.split('/')[0]!, text, code, imports };
    });
}

const files = sources();

/** Imports of ours that lead into another folder of `src`, as [path from src]. */
function foreign(file: Source): string[] {
  return file.imports
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) =>
      relative(SRC, resolve(SRC, dirname(file.path), specifier))
        .split(sep)
        .join('/'),
    )
    .filter((target) => target.split('/')[0] !== file.folder);
}

/** Every place in code, comments aside, that `pattern` finds outside the folders allowed. */
function offenders(pattern: RegExp, allowed: (file: Source) => boolean): string[] {
  return files.filter((file) => !allowed(file) && pattern.test(file.code)).map((file) => file.path);
}

const imports = (name: string): RegExp => new RegExp(`(?:from|import\\(|import)\\s*'${name}(?:/[^']*)?'`);

describe('the source tree', () => {
  test('was really read', () => {
    expect(files.length).toBeGreaterThan(60);
    expect(new Set(files.map((file) => file.folder))).toEqual(new Set([...Object.keys(LAYERS), 'cli']));
  });

  test('has imports only along the layers', () => {
    const crossing = files
      .filter((file) => file.folder !== 'cli')
      .flatMap((file) => foreign(file).map((target) => ({ from: file.path, folder: file.folder, target })));
    expect(crossing.length).toBeGreaterThan(50);
    const wrong = crossing.filter(({ folder, target }) => !LAYERS[folder]?.includes(target.split('/')[0]!));
    expect(wrong).toEqual([]);
  });

  test('is told of in ARCHITECTURE.md: each folder, and what it may import', () => {
    const page = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8');
    const told = [...page.matchAll(/^\| `src\/(\w+)` \| [^|]+ \| ([^|]+) \|$/gm)].map(
      ([, folder = '', imports = '']) => [folder, imports.split(' ').sort().join(' ')] as const,
    );
    const held = Object.entries(LAYERS).map(([folder, imports]) => [
      folder,
      [...imports].sort().join(' ') || 'nothing',
    ]);
    expect(Object.fromEntries(told)).toEqual({ ...Object.fromEntries(held), cli: 'everything' });
  });

  test('enters another folder by its index.ts, which names what it gives', () => {
    const sideDoors = files.flatMap((file) =>
      foreign(file)
        .filter((target) => !/^[a-z]+\/index\.ts$/.test(target))
        .map((target) => `${file.path} → ${target}`),
    );
    expect(sideDoors).toEqual([]);
    expect(files.filter((file) => /export \*/.test(file.code)).map((file) => file.path)).toEqual([]);
    for (const folder of Object.keys(LAYERS)) expect(files.map((file) => file.path)).toContain(`${folder}/index.ts`);
  });

  test('loads the simulator from the command line only, and only when it is asked for', () => {
    const users = files.filter((file) => foreign(file).some((target) => target.startsWith('simulator/')));
    expect(users.length).toBeGreaterThan(0);
    expect(users.filter((file) => file.folder !== 'cli').map((file) => file.path)).toEqual([]);
    const main = files.find((file) => file.path === 'cli/main.ts');
    expect(main?.code).toMatch(/import\('\.\/simulate\.ts'\)/);
  });

  test.each([
    ['koa', 'http'],
    ['@koa/router', 'http'],
    ['bullmq', 'postprocess'],
    ['ioredis', 'redis'],
    ['pino', 'telemetry'],
    ['prom-client', 'telemetry'],
    ['yaml', 'config'],
    ['standardwebhooks', 'webhooks'],
    ['google-auth-library', 'live'],
    ['alawmulaw', 'audio'],
    ['wavefile', 'audio'],
    ['@modelcontextprotocol/sdk', 'tools'],
    ['@bull-board/koa', 'http'],
    ['@bull-board/api', 'postprocess'],
  ])('has %s in %s/ only, besides the simulator and the command line', (name, folder) => {
    expect(offenders(imports(name), (f) => [folder, 'simulator', 'cli'].includes(f.folder))).toEqual([]);
    expect(files.some((file) => file.folder === folder && imports(name).test(file.code))).toBe(true);
  });

  test('touches real time and chance in lib/ only', () => {
    const real =
      /\bDate\.now\(|\bnew Date\(\)|\bset(?:Timeout|Interval|Immediate)\(|\bperformance\.now\(|\bMath\.random\(|\brandomUUID\(/;
    expect(offenders(real, (file) => file.folder === 'lib')).toEqual([]);
    expect(files.filter((file) => real.test(file.code)).map((file) => file.path)).toContain('lib/clock.ts');
  });

  test('reads the environment in config/ only', () => {
    expect(offenders(/\bprocess\.env\b/, (file) => file.folder === 'config')).toEqual([]);
    expect(files.some((file) => file.folder === 'config' && /\bprocess\.env\b/.test(file.code))).toBe(true);
  });

  test('prints and exits in cli/ only', () => {
    expect(offenders(/\bconsole\.|\bprocess\.exit\(|\bprocess\.stdout\b/, (file) => file.folder === 'cli')).toEqual([]);
  });

  test('has no file of more than 300 lines, and each says why it exists', () => {
    const long = files.filter((file) => file.text.split('\n').length - 1 > MAX_LINES).map((file) => file.path);
    expect(long).toEqual([]);
    const mute = files.filter((file) => !file.path.endsWith('index.ts') && !/^(#!.*\n)?\/[*/]/.test(file.text));
    expect(mute.map((file) => file.path)).toEqual([]);
  });
});
