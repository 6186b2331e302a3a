/**
 * A server of the Model Context Protocol as a process: tells what it got, and who hears it, or ends in the middle of a call.
 * With STEERING_PORT it also looks for tables, and a test says over that port what comes of it: mcp-stdio.ts is the other end.
 */
import { once } from 'node:events';
import { fstatSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { devNull } from 'node:os';
import { createInterface } from 'node:readline';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { z } from 'zod';

const { STEERING_PORT, NOTES_KEY, SECRET_OF_OURS } = process.env;

const server = new McpServer({ name: 'notes', version: '1' });
server.registerTool('tell', { description: 'Tells.', inputSchema: { word: z.string() } }, ({ word }) => ({
  content: [{ type: 'text', text: `${word} ${NOTES_KEY ?? ''} ${SECRET_OF_OURS ?? ''}`.trim() }],
}));
server.registerTool('unheard', { description: 'Tells whether what it says on stderr goes nowhere.' }, () => ({
  content: [{ type: 'text', text: String(fstatSync(2).rdev === statSync(devNull).rdev) }],
}));
server.registerTool('die', { description: 'Dies.' }, () => process.exit(1));

/** Resolves when the test knows of this process, with what is to be done once messages are read. */
async function steered(port) {
  const socket = connect(port, '127.0.0.1');
  const lines = createInterface({ input: socket });
  const say = (message) => socket.write(`${JSON.stringify(message)}\n`);
  const calls = [];
  server.registerTool(
    'find_table',
    {
      description: 'Looks for a free table.',
      inputSchema: { day: z.string().optional() },
      annotations: { readOnlyHint: true },
    },
    (args, { signal }) =>
      new Promise((resolve) => {
        const call = calls.push(resolve) - 1;
        signal.addEventListener('abort', () => say({ type: 'aborted', call }));
        say({ type: 'called', call, args });
      }),
  );
  say({ type: 'begun', pid: process.pid });
  await once(lines, 'line');

  let taken = 0;
  // In the next turn what came has been dealt with: whatever was to be said of it stands before this.
  const report = () =>
    setImmediate(() =>
      say({ type: 'done', read: process.stdin.bytesRead, written: process.stdout.bytesWritten, taken }),
    );
  lines.on('line', (line) => {
    const { call, result } = JSON.parse(line);
    calls[call](result);
    taken += 1;
    report();
  });
  return () => {
    process.stdin.on('data', report).on('end', () => socket.end());
    report();
  };
}

const begin = STEERING_PORT === undefined ? () => undefined : await steered(Number(STEERING_PORT));
await server.connect(new StdioServerTransport());
begin();
