/** What an operator may write under `tools`: what the agent can do besides talking. */
import { z } from 'zod';
import { endCall, sendDigits, takeMessage, transferCall, voicemailDetected } from './builtin-tool-file.ts';
import { text, toolName } from './tool-words.ts';

const template = z.string().min(1);

const headerName = z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'must be the name of a header, such as Idempotency-Key');

/** After a minute of silence the model was seen to forget that it had called anything. */
const MAX_DEADLINE_MS = 50_000;

const common = {
  behavior: z
    .enum(['blocking', 'nonBlocking'])
    .optional()
    .describe('Whether the model waits for the result. Default: as the model does it by itself.'),
  scheduling: z
    .enum(['whenIdle', 'silent', 'interrupt'])
    .optional()
    .describe('When the model speaks of a result that it did not wait for. Default: whenIdle.'),
  deadlineMs: z
    .int()
    .min(500)
    .max(MAX_DEADLINE_MS)
    .default(10_000)
    .describe('How long it may take, in ms. Then the model is told that it took too long.'),
  meanwhile: text.optional().describe('What the agent says before it uses the tool.'),
  sideEffect: z
    .boolean()
    .optional()
    .describe('Whether using it twice does something twice. Then a repetition within a call gets the first result.'),
  businessKey: template
    .optional()
    .describe('By what two uses are the same, such as "{{args.day}} {{args.time}}". Default: all arguments.'),
  undoes: z
    .array(toolName)
    .min(1)
    .optional()
    .describe('Tools whose effect it takes back, such as [book_table]. The same again is then done again.'),
};

const httpTool = z.strictObject({
  kind: z.literal('http'),
  name: toolName,
  description: text.describe('When and why the model should use it, and what it gives.'),
  parameters: z.record(z.string(), z.unknown()).optional().describe('JSON Schema of the arguments, of type "object".'),
  ...common,
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'),
  url: template.describe('Its host stands as it is, and among toolHosts; {{args.x}} may stand in path and query.'),
  query: z
    .record(z.string(), template)
    .default({})
    .describe('What is added to the query; left out where its only variable is not given.'),
  headers: z.record(headerName, template).default({}).describe('Secrets are written {{env.NAME}}.'),
  body: z
    .unknown()
    .optional()
    .describe('Sent as JSON. A text that is one variable, such as "{{args.guests}}", becomes its value.'),
  pick: z
    .union([text, z.array(text).min(1).max(50)], { error: 'must be a path such as data.tables, or a list of paths' })
    .optional()
    .describe('The part of a JSON answer that the model gets. Default: all of it.'),
  idempotencyHeader: headerName
    .optional()
    .describe('The header by which the service recognises a repetition. Then a request that broke is sent again.'),
});

const functionTool = z.strictObject({
  kind: z.literal('function'),
  name: toolName.describe('As the file calls it.'),
  file: z
    .string()
    .regex(/^[\w-]+\.(mjs|js|mts|ts)$/, 'must be the name of a file in config/tools, such as tables.mjs')
    .describe('The name of a file in config/tools: https://nodejs.org/api/typescript.html for .ts'),
  ...common,
});

const mcpTool = z.strictObject({
  kind: z.literal('mcp'),
  name: toolName.describe('As the server calls it.'),
  server: z.string().describe('A server of mcpServers.'),
  ...common,
});

/** Servers of the Model Context Protocol by name. */
export const mcpServers = z.record(
  z.string().regex(/^[\w-]{1,64}$/, 'must be a name of letters, digits, _ and -'),
  z
    .strictObject({
      url: template.optional().describe('Over HTTP, streamable. Secrets are written {{env.NAME}}.'),
      headers: z.record(headerName, template).default({}).describe('Beside url.'),
      command: text
        .optional()
        .describe('In place of url: a program that is started with the service, and spoken to by stdin and stdout.'),
      args: z.array(z.string()).default([]).describe('Beside command.'),
      env: z.record(z.string(), template).default({}).describe('Beside command: what it gets of the environment.'),
    })
    .refine(
      ({ url, headers, command, args, env }) =>
        command === undefined
          ? url !== undefined && args.length === 0 && Object.keys(env).length === 0
          : url === undefined && Object.keys(headers).length === 0,
      'must have either url, and headers, or command, args and env',
    ),
);

export const tool = z.discriminatedUnion(
  'kind',
  [httpTool, functionTool, mcpTool, endCall, transferCall, takeMessage, sendDigits, voicemailDetected],
  { error: kindMissing },
);

/** A host, with its port where that is not the usual one. */
const hostName = z
  .string()
  .toLowerCase()
  .regex(/^([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/, 'must be a host, such as api.example.com or localhost:8090');

export const toolHost = z.union(
  [
    hostName.transform((host) => ({ host, private: false })),
    z.strictObject({
      host: hostName,
      private: z.boolean().default(false).describe('Whether it may have an address of a private network.'),
    }),
  ],
  { error: 'must be a host such as api.example.com, or a map of host and private' },
);

export type ToolFile = z.output<typeof tool>;
export type HttpToolFile = z.output<typeof httpTool>;
export type FunctionToolFile = z.output<typeof functionTool>;
export type McpToolFile = z.output<typeof mcpTool>;
export type McpServersFile = z.output<typeof mcpServers>;
export type ToolHost = z.output<typeof toolHost>;

const KINDS = '"http", "function", "mcp", "endCall", "transferCall", "takeMessage", "sendDigits", "voicemailDetected"';

function kindMissing(issue: z.core.$ZodRawIssue): string | undefined {
  return issue.code === 'invalid_union' ? `must be one of ${KINDS}` : undefined;
}
