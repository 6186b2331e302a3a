/** Where an agent's tools are made of what its file says, and what they need is kept while the process lives. */
import { withDeadline } from '../lib/index.ts';
import { createEndCall, type EndCallSpec } from './end-call.ts';
import { createFunctionTool, type FunctionToolSpec } from './function-tool.ts';
import { createHttpTool, type HttpToolDeps, type HttpToolSpec } from './http-tool.ts';
import { type McpDeps, McpServer } from './mcp-server.ts';
import { createMcpTool, type McpToolSpec } from './mcp-tool.ts';
import { createSendDigits, type SendDigitsSpec } from './send-digits.ts';
import { createTakeMessage, type TakeMessageSpec } from './take-message.ts';
import type { OutsideTool, Tool } from './tool.ts';
import { createTransferCall, type TransferCallSpec } from './transfer-call.ts';
import { createVoicemailDetected, type VoicemailDetectedSpec } from './voicemail-detected.ts';

type OutsideToolSpec = HttpToolSpec | FunctionToolSpec | McpToolSpec;

export type AnyToolSpec =
  | OutsideToolSpec
  | EndCallSpec
  | TransferCallSpec
  | TakeMessageSpec
  | SendDigitsSpec
  | VoicemailDetectedSpec;

export type ToolboxDeps = HttpToolDeps & McpDeps;

/** The package ends a process by its stdin, after two seconds by SIGTERM, after four by SIGKILL. */
const CLOSE_DEADLINE_MS = 5_000;

export class Toolbox {
  readonly #deps: ToolboxDeps;
  /** Agents that name the same server share it. */
  readonly #servers = new Map<string, McpServer>();

  constructor(deps: ToolboxDeps) {
    this.#deps = deps;
  }

  /** Rejects with Failure CONFIG_INVALID when the tool cannot be had. */
  open(spec: OutsideToolSpec): Promise<OutsideTool>;
  open(spec: AnyToolSpec): Promise<Tool>;
  async open(spec: AnyToolSpec): Promise<Tool> {
    switch (spec.kind) {
      case 'http':
        return createHttpTool(spec, this.#deps);
      case 'function':
        return createFunctionTool(spec);
      case 'mcp':
        return createMcpTool(spec, this.#serverOf(spec));
      case 'endCall':
        return createEndCall(spec);
      case 'transferCall':
        return createTransferCall(spec);
      case 'takeMessage':
        return createTakeMessage(spec);
      case 'sendDigits':
        return createSendDigits(spec);
      case 'voicemailDetected':
        return createVoicemailDetected(spec);
    }
  }

  /** Leaves all servers; resolves after `CLOSE_DEADLINE_MS` at the latest. Idempotent. */
  async close(): Promise<void> {
    const leaving = Promise.allSettled(Array.from(this.#servers.values(), (server) => server.close()));
    const late = () => new Error('a server of tools does not end');
    await withDeadline(this.#deps.clock, CLOSE_DEADLINE_MS, leaving, late).catch(() => undefined);
  }

  #serverOf({ server: spec }: McpToolSpec): McpServer {
    const key = JSON.stringify(spec.how);
    const known = this.#servers.get(key) ?? new McpServer(spec, this.#deps);
    this.#servers.set(key, known);
    return known;
  }
}
