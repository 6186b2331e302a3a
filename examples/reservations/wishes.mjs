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
        name: z.string().min(1).max(100).describe('In whose name the guest books'),
        wish: z.string().min(1).max(200).describe('What they would like, in a few words'),
      },
      annotations: { readOnlyHint: false, idempotentHint: false },
    },
    ({ name, wish }) => {
      const guest = book.noteWish(name, wish);
      if (guest === undefined) {
        return { isError: true, content: [{ type: 'text', text: 'Nobody of that name has booked.' }] };
      }
      return { content: [], structuredContent: { name: guest.name, wishes: guest.wishes } };
    },
  );
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
  response.on('close', () => void server.close());
  await server.connect(transport);
  await transport.handleRequest(request, response, body);
}
