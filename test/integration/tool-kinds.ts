/** One tool, `find_table`, by each kind, whose runs the test ends; real ones: a service, a file of functions, a server. */
import { givenHttpService, json } from '../support/http-service.ts';
import { givenMcpHttp, type Handle } from '../support/mcp-http.ts';
import { givenMcpStdio } from '../support/mcp-stdio.ts';

/** What the test does with a run that is under way. */
export interface OpenRun {
  /** Ends it with this. */
  readonly give: (table: number) => void;
  /** Ends it as refused. */
  readonly refuse: () => void;
}

export interface GivenTool {
  /** Files by their path below the configuration's directory. */
  readonly files: Readonly<Record<string, string>>;
  readonly runs: readonly OpenRun[];
  /** How many runs were told to stop. */
  readonly stopped: () => number;
}

export interface ToolKind {
  readonly name: string;
  /** `more`: keys of the agent's file. `started` is told of each run. */
  readonly given: (more: string, started: (run: OpenRun) => void) => Promise<GivenTool>;
}

const agentWith = (lists: string): string =>
  `default: true\ninstruction: Be kind.\ngreeting: Greet the caller.\n${lists}`;

const http: ToolKind = {
  name: 'http',
  async given(more, started) {
    const runs: OpenRun[] = [];
    let stopped = 0;
    const service = await givenHttpService((_asked, response) => {
      response.on('close', () => {
        if (!response.writableEnded) stopped += 1;
      });
      const run = {
        give: (table: number) => json(response, { table }),
        refuse: () => json(response, { reason: 'full' }, 409),
      };
      runs.push(run);
      started(run);
    });
    const agent = agentWith(`toolHosts: [{ host: "127.0.0.1:${service.port}", private: true }]
tools:
  - kind: http
    name: find_table
    description: Looks for a free table.
    url: http://127.0.0.1:${service.port}/tables
    ${more}
`);
    return { files: { 'agents/reception.yaml': agent }, runs, stopped: () => stopped };
  },
};

/** How the function in the file, which is loaded as any other, reaches the test. */
const HOOK = 'callbridgeTestTools';

interface FunctionRun {
  readonly signal: AbortSignal;
  readonly resolve: (value: unknown) => void;
}

const functions: ToolKind = {
  name: 'function',
  async given(more, started) {
    const runs: OpenRun[] = [];
    let stopped = 0;
    (globalThis as Record<string, unknown>)[HOOK] = ({ signal, resolve }: FunctionRun): void => {
      signal.addEventListener('abort', () => {
        if (!ended) stopped += 1;
      });
      let ended = false;
      const end = (value: unknown): void => {
        ended = true;
        resolve(value);
      };
      const run = {
        give: (table: number) => end({ table }),
        refuse: () => end({ status: 'refused', message: 'It was refused.', data: { reason: 'full' } }),
      };
      runs.push(run);
      started(run);
    };
    const file = `export default ({ defineTool, z }) => [
  defineTool({
    name: 'find_table',
    description: 'Looks for a free table.',
    parameters: z.object({ day: z.string().optional() }),
    sideEffect: false,
    run: (_args, { signal }) => new Promise((resolve) => globalThis.${HOOK}({ signal, resolve })),
  }),
];`;
    const agent = agentWith(`tools:
  - kind: function
    name: find_table
    file: tables.mjs
    ${more}
`);
    return { files: { 'agents/reception.yaml': agent, 'tools/tables.mjs': file }, runs, stopped: () => stopped };
  },
};

/** `serve` gives the server as an agent's file names it. */
const mcp = (how: string, serve: (handle: Handle) => Promise<unknown>): ToolKind => ({
  name: `mcp by ${how}`,
  async given(more, started) {
    const runs: OpenRun[] = [];
    let stopped = 0;
    const server = await serve((_args, signal) => {
      signal.addEventListener('abort', () => {
        stopped += 1;
      });
      return new Promise((resolve) => {
        const run = {
          give: (table: number) => resolve({ content: [], structuredContent: { table } }),
          refuse: () => resolve({ isError: true, content: [{ type: 'text', text: 'We are full.' }] }),
        };
        runs.push(run);
        started(run);
      });
    });
    const agent = agentWith(`mcpServers: { tables: ${JSON.stringify(server)} }
tools:
  - kind: mcp
    name: find_table
    server: tables
    ${more}
`);
    return { files: { 'agents/reception.yaml': agent }, runs, stopped: () => stopped };
  },
});

export const KINDS: readonly ToolKind[] = [
  http,
  functions,
  mcp('streamable HTTP', async (handle) => ({ url: (await givenMcpHttp(handle)).url })),
  mcp('stdio', givenMcpStdio),
];
