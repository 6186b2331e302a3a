/** A tool that is a function in a file of the operator's: how it is run, and what is said of a file that cannot be used. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Failure } from '../../../src/lib/index.ts';
import { createFunctionTool, type FunctionToolSpec } from '../../../src/tools/function-tool.ts';
import { CONTEXT } from './given.ts';

const signal = new AbortController().signal;

/** The tool of that name in a file that says this. */
async function toolOf(source: string, spec: Partial<FunctionToolSpec> = {}, file = 'tables.mjs') {
  const folder = mkdtempSync(join(tmpdir(), 'callbridge-functions-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, file);
  writeFileSync(path, source);
  const label = `config/tools/${file}`;
  return createFunctionTool({ kind: 'function', name: 'book', deadlineMs: 5_000, file: { path, label }, ...spec });
}

const BOOK = `
export default ({ defineTool, z }) => [
  defineTool({
    name: 'book',
    description: 'Books a table.',
    parameters: z.object({ day: z.string().describe('A weekday'), guests: z.int().min(1).default(2) }),
    businessKey: ({ day, guests }) => day + guests,
    run: async ({ day, guests }, { caller, call, signal }) => ({ day, guests, by: caller.number, call: call.id, late: signal.aborted }),
  }),
];
`;

test('is declared by its parameters, judges arguments, and is run with them and what is known of the call', async () => {
  const tool = await toolOf(BOOK, { meanwhile: 'One moment, please.', behavior: 'NON_BLOCKING' });
  expect(tool.declaration).toEqual({
    name: 'book',
    description: 'Books a table. Before you call it, tell the caller: "One moment, please."',
    parameters: {
      type: 'object',
      properties: {
        day: { type: 'string', description: 'A weekday' },
        guests: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER, default: 2 },
      },
      required: ['day'],
    },
    behavior: 'NON_BLOCKING',
  });
  expect(tool.check({ day: 'Friday' })).toBeUndefined();
  expect(tool.check({ guests: 0 })).toMatch(/^day: .*; guests: /);
  expect(await tool.run({ day: 'Friday' }, CONTEXT, signal)).toEqual({
    status: 'ok',
    retryable: false,
    message: 'Done.',
    data: { day: 'Friday', guests: 2, by: '+15550100', call: 'CA1', late: false },
  });
});

test('counts as a side effect unless somebody says otherwise, and is recognised by its business key', async () => {
  const tool = await toolOf(BOOK);
  expect([tool.sideEffect, tool.mayRepeat]).toEqual([true, false]);
  expect(tool.businessKey?.({ day: 'Friday' }, CONTEXT)).toBe('Friday2');
  const harmless = await toolOf(BOOK.replace('businessKey:', 'sideEffect: false, businessKey:'));
  expect([harmless.sideEffect, harmless.mayRepeat]).toEqual([false, true]);
  const ofTheAgent = await toolOf(BOOK, { sideEffect: false, businessKey: [{ path: ['args', 'day'] }] });
  expect([ofTheAgent.sideEffect, ofTheAgent.businessKey?.({ day: 'Friday' }, CONTEXT)]).toEqual([false, 'Friday']);
});

test.each([
  ['undefined', { status: 'ok', message: 'Done.' }],
  ['7', { status: 'ok', data: 7 }],
  ["{ status: 'shipped', number: 1 }", { status: 'ok', data: { status: 'shipped', number: 1 } }],
  [
    "{ status: 'sold_out', message: 'Full.', waiting: 3 }",
    { status: 'sold_out', retryable: false, message: 'Full.', waiting: 3 },
  ],
  [
    "{ status: 'busy', retryable: true, message: 'Later.', error: 'x', output: 1 }",
    { status: 'busy', retryable: true, message: 'Later.', reason: 'x', data: 1 },
  ],
])('that gives %s', async (value, told) => {
  const tool = await toolOf(
    `export default ({ defineTool }) => defineTool({ name: 'book', description: 'Books.', run: () => (${value}) });`,
  );
  const result = await tool.run({}, CONTEXT, signal);
  expect(result).toMatchObject(told);
  expect(Object.keys(result)).not.toEqual(expect.arrayContaining(['error']));
});

describe('a file that cannot be used is told with what to do', () => {
  const wrongOf = async (...args: Parameters<typeof toolOf>): Promise<string> => {
    try {
      await toolOf(...args);
    } catch (error) {
      expect(error).toBeInstanceOf(Failure);
      return error instanceof Failure ? `${error.code} ${error.message}` : '';
    }
    return '';
  };
  const one = (definition: string) => `export default ({ defineTool, z }) => [defineTool(${definition})];`;

  test.each([
    [one("{ name: 'look', description: 'Looks.', run() {} }"), 'has no tool "book"; it has look'],
    ['export default () => [];', 'has no tool "book"; it gives none'],
    ['export const x = 1;', 'must have a function as its default export'],
    ["export default () => [{ name: 'book' }];", 'must give a list of what defineTool makes'],
    ["import 'no-such-package';", 'cannot be loaded: '],
    ["throw new Error('no database');", 'cannot be loaded: no database (`node config/tools/tables.mjs` shows where)'],
    ['export default ({ defineTool }) => [\n  run() {},\n];', '(`node config/tools/tables.mjs` shows where)'],
    ["export default () => { throw new Error('no database'); };", 'does not give its tools: no database'],
    [one("{ name: 'book', run() {} }"), 'description must be text'],
    [one("{ name: 'book', description: 'Books.' }"), 'run must be a function'],
    [one("{ name: 'book', description: 'Books.', parameters: {}, run() {} }"), 'parameters must be a z.object'],
    [
      one("{ name: 'book', description: 'Books.', parameters: z.object({ day: z.date() }), run() {} }"),
      'has parameters that no JSON Schema can say',
    ],
  ])('%s', async (source, complaint) => {
    const wrong = await wrongOf(source);
    expect(wrong).toMatch(/^CONFIG_INVALID config\/tools\/tables\.mjs: /);
    expect(wrong).toContain(complaint);
  });

  test('TypeScript runs where Node runs it, and is refused with a remedy where it does not', async () => {
    const source = BOOK.replace('({ defineTool, z })', '({ defineTool, z }: any)');
    const wrong = await wrongOf(source, {}, 'tables.ts');
    const { typescript } = process.features as { readonly typescript?: unknown };
    expect(wrong).toEqual(typescript ? '' : expect.stringContaining('needs Node 22.18 or newer'));
  });
});
