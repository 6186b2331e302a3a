/** Tools of real servers of the Model Context Protocol, over HTTP and as processes. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../../src/lib/index.ts';
import type { LoadSdk, McpServerSpec } from '../../../src/tools/mcp-server.ts';
import type { McpToolSpec } from '../../../src/tools/mcp-tool.ts';
import { Toolbox } from '../../../src/tools/toolbox.ts';
import { givenMcpHttp } from '../../support/mcp-http.ts';
import { CONTEXT } from './given.ts';

/** Something that is waited for. */
function gate() {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

function onlyOf<T>(list: readonly T[]): readonly T[] {
  expect(list).toHaveLength(1);
  return list;
}

const never = new AbortController().signal;

const PLACE = 'config/agents/sales.yaml:5 mcpServers.crm';

function given(how: McpServerSpec['how'], loadSdk?: LoadSdk) {
  const toolbox = new Toolbox({ clock: systemClock, loadSdk });
  onTestFinished(() => toolbox.close());
  return (name: string, more: Partial<McpToolSpec> = {}) =>
    toolbox.open({ kind: 'mcp', name, deadlineMs: 5_000, server: { name: 'crm', place: PLACE, how }, ...more });
}

const http = (url: string, headers: Record<string, string> = {}) => given({ url, headers });

describe('over HTTP', () => {
  test('a tool is declared as its server says, and asked with the secrets of the file', async () => {
    const server = await givenMcpHttp(({ day }) => ({ content: [{ type: 'text', text: `Seven on ${day}` }] }));
    const tool = await http(server.url, { authorization: 'Bearer s3cret' })('find_table', { meanwhile: 'Let me see.' });
    expect(tool.declaration).toMatchObject({
      name: 'find_table',
      description: 'Looks for a free table. Before you call it, tell the caller: "Let me see."',
      parameters: { type: 'object', properties: { day: { type: 'string' } } },
    });
    expect(tool.declaration.parameters).not.toHaveProperty('$schema');
    expect(tool.check({ day: 5 })).toBe('day must be string');
    expect(await tool.run({ day: 'Friday' }, CONTEXT, never)).toEqual({
      status: 'ok',
      retryable: false,
      message: 'Done.',
      data: 'Seven on Friday',
    });
    expect(new Set(server.headers.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer s3cret']));
  });

  test('nothing is said any more of a call that was answered', async () => {
    const server = await givenMcpHttp(() => ({ content: [] }));
    const tool = await http(server.url)('find_table');
    const before = server.headers.length;
    const abort = new AbortController();
    await tool.run({}, CONTEXT, abort.signal);
    abort.abort();
    await tool.run({}, CONTEXT, never);
    expect(server.headers).toHaveLength(before + 2);
  });

  test.each([
    [{ readOnlyHint: true }, undefined, [false, true]],
    [{ readOnlyHint: false, idempotentHint: true }, undefined, [true, true]],
    [{}, undefined, [true, false]],
    [{}, false, [false, true]],
  ])('%j is a side effect, unless the file says otherwise (%s)', async (annotations, sideEffect, expected) => {
    const server = await givenMcpHttp(() => ({ content: [] }), annotations);
    const tool = await http(server.url)('find_table', { sideEffect });
    expect([tool.sideEffect, tool.mayRepeat]).toEqual(expected);
  });

  test.each([
    [
      { content: [], structuredContent: { table: 7 } },
      { status: 'ok', data: { table: 7 } },
    ],
    [{ content: [{ type: 'image' as const, data: 'AA==', mimeType: 'image/png' }] }, { status: 'ok' }],
    [
      { isError: true, content: [{ type: 'text' as const, text: 'We are full.' }] },
      { status: 'refused', message: 'We are full.' },
    ],
  ])('%j is told', async (result, told) => {
    const server = await givenMcpHttp(() => result);
    const tool = await http(server.url)('find_table');
    expect(await tool.run({}, CONTEXT, never)).toMatchObject(told);
  });

  test.each([
    [
      'breaks the schema that its tool declares',
      { content: [], structuredContent: { table: 'seven' } },
      { table: 'seven' },
    ],
    ['is not the JSON that its tool declares', { content: [{ type: 'text' as const, text: 'Seven' }] }, 'Seven'],
  ])('a result that %s is told all the same: what was asked for is done', async (_how, result, data) => {
    const server = await givenMcpHttp(() => result, {}, { table: z.number() });
    const tool = await http(server.url)('find_table');
    expect(tool.sideEffect).toBe(true);
    expect(await tool.run({}, CONTEXT, never)).toMatchObject({ status: 'ok', retryable: false, data });
  });

  test('a server that was started anew, and does not know us by its own word for that, is asked again', async () => {
    const server = await givenMcpHttp(() => ({ content: [{ type: 'text', text: 'Seven' }] }));
    const tool = await http(server.url)('find_table');
    server.restart();
    server.refuse(400, 'Bad Request: No valid session ID provided');
    expect(await tool.run({}, CONTEXT, never)).toMatchObject({ status: 'ok', data: 'Seven' });
  });

  test('a server that has too much to do has done nothing, and may be asked again', async () => {
    const server = await givenMcpHttp(() => ({ content: [] }), {});
    const tool = await http(server.url)('find_table');
    server.refuse(429);
    await expect(tool.run({}, CONTEXT, never)).rejects.toMatchObject({
      message: 'mcpServers.crm: find_table failed with code 429',
      result: { status: 'unavailable', retryable: true },
    });
  });

  test('a server that was started anew is asked again', async () => {
    const server = await givenMcpHttp(() => ({ content: [{ type: 'text', text: 'Seven' }] }));
    const tool = await http(server.url)('find_table');
    server.restart();
    expect(await tool.run({}, CONTEXT, never)).toMatchObject({ status: 'ok', data: 'Seven' });
  });

  test('a server that is gone is not available', async () => {
    const server = await givenMcpHttp(() => ({ content: [] }));
    const tool = await http(server.url)('find_table');
    await server.stop();
    await expect(tool.run({}, CONTEXT, never)).rejects.toMatchObject({
      // As the connection that was kept is found closed, or a new one does not come about.
      message: expect.stringMatching(
        /^mcpServers\.crm: find_table failed with (ECONNREFUSED|ECONNRESET|UND_ERR_SOCKET)$/,
      ),
      result: { status: 'unavailable', retryable: true },
    });
  });

  test.each([
    [429, 'is refused'],
    [503, 'cannot be served'],
    [404, 'finds that the server was started anew'],
  ])('a call that gets %i, and %s, leaves those of other phone calls alone', async (status) => {
    const [begun, released] = [gate(), gate()];
    const server = await givenMcpHttp(async ({ day }) => {
      begun.open();
      if (day === 'Friday') await released.passed;
      return { content: [{ type: 'text', text: `Seven on ${day}` }] };
    });
    const tool = await http(server.url)('find_table');
    const other = tool.run({ day: 'Friday' }, CONTEXT, never);
    await begun.passed;
    server.refuse(status);
    await tool.run({ day: 'Saturday' }, CONTEXT, never).catch(() => undefined);
    released.open();
    expect(await other).toMatchObject({ status: 'ok', data: 'Seven on Friday' });
    expect(await tool.run({ day: 'Sunday' }, CONTEXT, never)).toMatchObject({ data: 'Seven on Sunday' });
  });

  test('of two calls that find the server started anew, the later one leaves the new connection alone', async () => {
    const [first, both] = [gate(), gate()];
    let begun = 0;
    const server = await givenMcpHttp(async ({ day }) => {
      begun += 1;
      first.open();
      if (begun === 2) both.open();
      await both.passed;
      return { content: [{ type: 'text', text: `Seven on ${day}` }] };
    });
    const tool = await http(server.url)('find_table');
    server.restart();
    server.refuse(404);
    // Only when the other one is under way by the new connection.
    server.refuse(404, '', first.passed);
    const days = ['Friday', 'Saturday'];
    const told = await Promise.all(days.map((day) => tool.run({ day }, CONTEXT, never)));
    expect(told).toMatchObject(days.map((day) => ({ status: 'ok', data: `Seven on ${day}` })));
  });

  test('a connection that nobody needs any more is closed', async () => {
    const server = await givenMcpHttp(() => ({ content: [] }));
    const tool = await http(server.url)('find_table');
    const [before] = await vi.waitFor(() => onlyOf(server.hearing()), 10_000);
    server.restart();
    await tool.run({}, CONTEXT, never);
    await vi.waitFor(() => expect(onlyOf(server.hearing())).not.toContain(before), 10_000);
  });

  test('what a server says of a fault of its own is thrown as its code alone, for the log is no place for it', async () => {
    const server = await givenMcpHttp(() => ({ content: [] }));
    const tool = await http(server.url)('find_table');
    const fault = JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32_000, message: 'Ann Rossi' } });
    server.refuse(403, fault);
    const thrown: unknown = await tool.run({}, CONTEXT, never).catch((error) => error);
    expect(thrown).toMatchObject({ result: { status: 'failed', retryable: false } });
    expect(inspect(thrown)).toMatch(/ToolFault: mcpServers\.crm: find_table failed with code 403\n/);
    expect(inspect(thrown)).not.toContain('Rossi');
  });

  test('a call ends at once when its signal is raised, and the server hears of it', async () => {
    const abort = new AbortController();
    let told: () => void = () => undefined;
    const stopped = new Promise<void>((resolve) => {
      told = resolve;
    });
    const server = await givenMcpHttp((_args, signal) => {
      signal.addEventListener('abort', told);
      abort.abort(new Error('enough'));
      return new Promise(() => undefined);
    });
    const tool = await http(server.url)('find_table');
    await expect(tool.run({}, CONTEXT, abort.signal)).rejects.toThrow('enough');
    await stopped;
  });
});

describe('as a process', () => {
  const command = (env: Record<string, string> = {}) =>
    given({ command: process.execPath, args: [join(import.meta.dirname, '../../support/mcp-stdio.mjs')], env });

  test('a tool is run with what the file gives the process, and with nothing else of our environment', async () => {
    process.env['SECRET_OF_OURS'] = 'ours';
    onTestFinished(() => void delete process.env['SECRET_OF_OURS']);
    const tool = await command({ NOTES_KEY: 'k' })('tell');
    expect(await tool.run({ word: 'hello' }, CONTEXT, never)).toMatchObject({ status: 'ok', data: 'hello k' });
  });

  test('is not heard but by its answers: what it says besides may be about callers', async () => {
    const tool = await command()('unheard');
    expect(await tool.run({}, CONTEXT, never)).toMatchObject({ data: 'true' });
  });

  test('that ends in the middle of a call leaves nobody knowing, and is started again for the next', async () => {
    const open = command();
    const [tell, die] = [await open('tell'), await open('die')];
    await expect(die.run({}, CONTEXT, never)).rejects.toMatchObject({
      message: 'mcpServers.crm: die failed with code -32000',
      result: { status: 'unknown', retryable: false },
    });
    expect(await tell.run({ word: 'again' }, CONTEXT, never)).toMatchObject({ status: 'ok', data: 'again' });
  });
});

describe('what cannot be had is told at start', () => {
  test('a tool that the server has not, with those that it has', async () => {
    const server = await givenMcpHttp(() => ({ content: [] }));
    await expect(http(server.url)('find_tables')).rejects.toThrow(
      `${PLACE}: has no tool "find_tables"; it has find_table`,
    );
  });

  test.each<[string, McpServerSpec['how'], string]>([
    [
      'a program that is not there',
      { command: '/no/such/program', args: [], env: {} },
      '`/no/such/program` cannot be started (ENOENT): install it, or mend its path',
    ],
    [
      'a program that ends',
      { command: process.execPath, args: ['-e', '0'], env: { KEY: 's3cret' } },
      `\`${process.execPath} -e 0\` ended at once: run it yourself to see why`,
    ],
    [
      'a host that is not there',
      { url: 'http://tables.invalid/s3cret', headers: {} },
      'http://tables.invalid cannot be reached (ENOTFOUND): check its url and the network',
    ],
  ])('%s, with what to do', async (_what, how, complaint) => {
    const wrong = await given(how)('f').catch(({ message }) => message.replace('EAI_AGAIN', 'ENOTFOUND'));
    expect(wrong).toBe(`${PLACE}: ${complaint}`);
  });

  test('a server that is not there, and one whose path is another, by no more of their URLs than leads there', async () => {
    const server = await givenMcpHttp(() => ({ content: [] }));
    const { origin } = new URL(server.url);
    const elsewhere = createServer((_, response) => response.writeHead(404).end('no page s3cret')).listen(
      0,
      '127.0.0.1',
    );
    await once(elsewhere, 'listening');
    onTestFinished(() => void elsewhere.close());
    const other = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
    await expect(http(`${other}/s3cret`)('f')).rejects.toMatchObject({
      message: `${PLACE}: ${other} answers 404: check its url and headers`,
    });
    await server.stop();
    await expect(http(`${origin}/s3cret?key=s3cret`)('f')).rejects.toMatchObject({
      message: `${PLACE}: ${origin} cannot be reached (ECONNREFUSED): start it first`,
    });
  });

  test('the package, with what to do', async () => {
    const loadSdk = (): never => {
      throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
    };
    const opening = given({ url: 'http://127.0.0.1:1/mcp', headers: {} }, async () => loadSdk())('f');
    await expect(opening).rejects.toThrow(`${PLACE}: needs the package @modelcontextprotocol/sdk: npm install`);
  });
});
