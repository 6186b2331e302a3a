/** The guests' wishes as a server of the Model Context Protocol, over HTTP: https://modelcontextprotocol.io. */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { z } from 'zod';

/** Answers one request; each stands alone, so that nothing is kept of who asks. */
export async function serveWishes(book, request, response, body) {
  const server = new McpServer({ name: 'wishes', version: '1.0.0' });
  server.registerTool(
    'note_wish',
    {
      description:
        'Notes what a guest would like, such as a high chair or a quiet table. Use it when they ask for something that a booking does not hold.',
      inputSchema: {
        phone: z.string().min(1).max(100).describe("The caller's number, by which the guest is known"),
        wish: z.string().min(1).max(200).describe('What they would like, in a few words'),
      },
      annotations: { readOnlyHint: false, idempotentHint: false },
    },
    ({ phone, wish }) =>
      // Who asks hears of their own wish alone.
      book.noteWish(phone, wish)
        ? { content: [], structuredContent: { noted: wish } }
        : { isError: true, content: [{ type: 'text', text: 'Nobody with this number has booked.' }] },
  );
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
  response.on('close', () => void server.close());
  await server.connect(transport);
  await transport.handleRequest(request, response, body);
}
