/** A real server of the Model Context Protocol over HTTP on this machine, with one tool that the test answers. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { CallToolRequestSchema, type CallToolResult, type ToolAnnotations } from '@modelcontextprotocol/sdk/types.js';
import { onTestFinished } from 'vitest';
import { z } from 'zod';

export type Handle = (
  args: { day?: string | undefined },
  signal: AbortSignal,
) => CallToolResult | Promise<CallToolResult>;

export interface McpHttp {
  readonly url: string;
  /** The headers of each request. */
  readonly headers: readonly IncomingHttpHeaders[];
  /** Forgets all sessions, as a server does that was started anew. */
  readonly restart: () => void;
  /** Answers the next message of a session with this status and text, in place of the server; not before `when`. */
  readonly refuse: (status: number, text?: string, when?: Promise<void>) => void;
  /** The ids of the sessions whose client is there, and hears what the server says of its own accord. */
  readonly hearing: () => readonly string[];
  readonly stop: () => Promise<void>;
}

/** Stopped with the test. With an `outputSchema`, results are sent as they are, as by a server that does not hold itself to it. */
export async function givenMcpHttp(
  handle: Handle,
  annotations: ToolAnnotations = { readOnlyHint: true },
  outputSchema?: z.ZodRawShape,
): Promise<McpHttp> {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const headers: IncomingHttpHeaders[] = [];
  const hearing = new Set<string>();
  const refusals: ((response: ServerResponse) => void)[] = [];
  const server: Server = createServer(async (request, response) => {
    headers.push(request.headers);
    const id = request.headers['mcp-session-id'];
    const known = typeof id === 'string' ? sessions.get(id) : undefined;
    const refused = id !== undefined && request.method === 'POST' ? refusals.shift() : undefined;
    if (refused !== undefined) return refused(response);
    if (known !== undefined && request.method === 'GET') {
      hearing.add(String(id));
      response.on('close', () => hearing.delete(String(id)));
    }
    if (known !== undefined) return known.handleRequest(request, response);
    if (id !== undefined) return void response.writeHead(404).end();
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (newId) => void sessions.set(newId, transport),
    });
    const mcp = new McpServer({ name: 'tables', version: '1' });
    mcp.registerTool(
      'find_table',
      {
        description: 'Looks for a free table.',
        inputSchema: { day: z.string().optional() },
        annotations,
        ...(outputSchema && { outputSchema }),
      },
      (args, { signal }) => handle(args, signal),
    );
    if (outputSchema !== undefined) {
      mcp.server.setRequestHandler(CallToolRequestSchema, ({ params }, { signal }) =>
        handle({ ...params.arguments }, signal),
      );
    }
    // The package's types are not exact about undefined.
    await mcp.connect(transport as Parameters<typeof mcp.connect>[0]);
    await transport.handleRequest(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(stop);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  const refuse = (status: number, text = '', when = Promise.resolve()): void =>
    void refusals.push((response) => void when.then(() => response.writeHead(status).end(text)));
  return { url, headers, restart: () => sessions.clear(), refuse, hearing: () => [...hearing], stop };
}
