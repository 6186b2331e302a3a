/** A tool of a server of the Model Context Protocol. */
import { Failure } from '../lib/index.ts';
import { argumentCheck } from './arguments.ts';
import { declared, type ToolSpec } from './declaration.ts';
import { NOT_SERVED } from './http-answer.ts';
import { codeOf } from './http-request.ts';
import type { McpResult, McpServer, McpServerSpec } from './mcp-server.ts';
import { innermost } from './mcp-unreachable.ts';
import { badArguments, failed, ToolFault, unavailable } from './results.ts';
import { plainText } from './template.ts';
import type { OutsideTool, Tool, ToolResult } from './tool.ts';

export interface McpToolSpec extends ToolSpec {
  readonly kind: 'mcp';
  readonly server: McpServerSpec;
}

/** https://www.jsonrpc.org/specification#error_object, and the two that the package adds for itself. */
const INVALID_PARAMS = -32_602;
const LOST = new Set([-32_000, -32_001]);
/** Of the former: what was asked was not read, or there is no such method. */
const NOT_TAKEN = new Set([-32_700, -32_600, -32_601]);

/** Rejects with Failure CONFIG_INVALID when the server has no such tool, or cannot be had. */
export async function createMcpTool(spec: McpToolSpec, server: McpServer): Promise<OutsideTool> {
  const { name, businessKey, deadlineMs } = spec;
  const { place } = spec.server;
  const tools = await server.tools();
  const found = tools.find((tool) => tool.name === name);
  if (found === undefined) {
    const names = tools.map((tool) => tool.name).join(', ');
    throw new Failure(
      'CONFIG_INVALID',
      `${place}: has no tool "${name}"; ${names === '' ? 'it has none' : `it has ${names}`}`,
    );
  }
  // The service knows no dialects.
  const { $schema: _, ...parameters } = found.inputSchema;
  const sideEffect = spec.sideEffect ?? !found.readOnly;
  const mayRepeat = !sideEffect || found.idempotent;
  return {
    declaration: declared(spec, found.description, parameters),
    deadlineMs,
    sideEffect,
    mayRepeat,
    undoes: spec.undoes,
    businessKey: businessKey && ((args, context) => plainText(businessKey, { ...context, args })),
    check: checkOf(parameters, `${place}: ${name}`),
    run: async (args, _context, signal) => {
      let result: McpResult;
      try {
        result = await server.call(name, args, { signal, limitMs: deadlineMs });
      } catch (error) {
        signal.throwIfAborted();
        const code = error instanceof Error && 'code' in error ? error.code : undefined;
        if (code === INVALID_PARAMS && error instanceof Error) return badArguments(error.message);
        const fault = `mcpServers.${spec.server.name}: ${name} failed with ${codeText(error, code)}`;
        if (code === NOT_SERVED) throw new ToolFault(fault, unavailable(true));
        if (isLost(error, code)) throw new ToolFault(fault, unavailable(mayRepeat));
        if (isRefused(code)) throw new ToolFault(fault, failed());
        throw new Error(fault);
      }
      return resultOf(result);
    },
  };
}

function checkOf(parameters: Readonly<Record<string, unknown>>, place: string): Tool['check'] {
  try {
    return argumentCheck(parameters);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Failure('CONFIG_INVALID', `${place} has parameters that are no JSON Schema: ${message}`, {
      cause: error,
    });
  }
}

/** A connection that broke, by the package's codes or HTTP's, or by what fetch throws. */
function isLost(error: unknown, code: unknown): boolean {
  return (
    LOST.has(Number(code)) || Number(code) >= 500 || (error instanceof TypeError && error.message === 'fetch failed')
  );
}

/** Nothing was begun. */
function isRefused(code: unknown): boolean {
  return NOT_TAKEN.has(Number(code)) || (Number(code) >= 400 && Number(code) < 500);
}

/** What is thrown goes to the log, where nothing belongs that a server says of a caller: no words of its own. */
function codeText(error: unknown, code: unknown): string {
  return typeof code === 'number' ? `code ${code}` : codeOf(innermost(error));
}

function resultOf({ texts, structured, isError }: McpResult): ToolResult {
  const text = texts.join('\n');
  if (isError) return { status: 'refused', retryable: false, message: text === '' ? 'It was refused.' : text };
  const data = structured ?? (text === '' ? undefined : text);
  return { status: 'ok', retryable: false, message: 'Done.', ...(data !== undefined && { data }) };
}
