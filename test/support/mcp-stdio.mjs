/** A server of the Model Context Protocol as a process: tells what it got, and who hears it, or ends in the middle of a call. */
import { fstatSync, statSync } from 'node:fs';
import { devNull } from 'node:os';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { z } from 'zod';

const server = new McpServer({ name: 'notes', version: '1' });
server.registerTool('tell', { description: 'Tells.', inputSchema: { word: z.string() } }, ({ word }) => ({
  content: [
    { type: 'text', text: `${word} ${process.env.NOTES_KEY ?? ''} ${process.env.SECRET_OF_OURS ?? ''}`.trim() },
  ],
}));
server.registerTool('unheard', { description: 'Tells whether what it says on stderr goes nowhere.' }, () => ({
  content: [{ type: 'text', text: String(fstatSync(2).rdev === statSync(devNull).rdev) }],
}));
server.registerTool('die', { description: 'Dies.' }, () => process.exit(1));
await server.connect(new StdioServerTransport());
