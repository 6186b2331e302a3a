/** The tools of an agent as they are run: judged, with their secrets, and their templates taken apart. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Tell } from './agent-checks.ts';
import type { BuiltInToolFile } from './builtin-tool-file.ts';
import type { LiveModel } from './catalogue.ts';
import type { Environment } from './environment.ts';
import { type McpServer, readMcpServers } from './mcp-servers.ts';
import { clearTextWarning, isPrivateHost } from './plain-http.ts';
import { type BodyTemplate, parseBody, parseTemplate, type Template, type TemplateBench } from './template.ts';
import type { FunctionToolFile, HttpToolFile, McpServersFile, McpToolFile, ToolFile, ToolHost } from './tool-file.ts';

interface ToolCommon {
  readonly name: string;
  readonly behavior?: 'BLOCKING' | 'NON_BLOCKING' | undefined;
  readonly scheduling?: 'SILENT' | 'WHEN_IDLE' | 'INTERRUPT' | undefined;
  readonly deadlineMs: number;
  readonly meanwhile?: string | undefined;
  readonly sideEffect?: boolean | undefined;
  readonly undoes?: readonly string[] | undefined;
  readonly businessKey?: Template | undefined;
}

export interface HttpTool extends ToolCommon, Readonly<Pick<HttpToolFile, 'kind' | 'description' | 'method'>> {
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  readonly url: Template;
  readonly query: Readonly<Record<string, Template>>;
  readonly headers: Readonly<Record<string, Template>>;
  readonly body?: BodyTemplate | undefined;
  readonly pick?: string | readonly string[] | undefined;
  readonly idempotencyHeader?: string | undefined;
  readonly allowsPrivate: boolean;
}

export interface FunctionTool extends ToolCommon, Readonly<Pick<FunctionToolFile, 'kind'>> {
  readonly file: { readonly path: string; readonly label: string };
}

export interface McpTool extends ToolCommon, Readonly<Pick<McpToolFile, 'kind'>> {
  readonly server: McpServer;
}

/** Fits AnyToolSpec of tools/, which the composition root has the compiler check. */
export type AgentTool = HttpTool | FunctionTool | McpTool | BuiltInTool;

type Noticing = Extract<BuiltInToolFile, { readonly kind: 'voicemailDetected' }>;
type BuiltInTool =
  | Readonly<Exclude<BuiltInToolFile, Noticing>>
  | (Readonly<Omit<Noticing, 'message'>> & { readonly message?: Template | undefined });

export interface ToolsBench {
  /** undefined: the model is judged elsewhere. */
  readonly model: LiveModel | undefined;
  readonly environment: Environment;
  /** Where the files of functions lie, and what the operator calls it. */
  readonly toolFiles: { readonly dir: string; readonly label: string };
  readonly problem: Tell;
  readonly warning: Tell;
  readonly place: (...path: PropertyKey[]) => string;
}

/** Of a tool of the operator's own. */
type OwnToolFile = HttpToolFile | FunctionToolFile | McpToolFile;

interface ToolsFile {
  readonly tools: readonly ToolFile[];
  readonly toolHosts: readonly ToolHost[];
  readonly mcpServers: McpServersFile;
}

export function readTools({ tools, toolHosts, mcpServers }: ToolsFile, bench: ToolsBench): AgentTool[] {
  const servers = readMcpServers(mcpServers, bench);
  return tools.flatMap((tool, index) => {
    const inside =
      (tell: Tell): Tell =>
      (path, message) =>
        tell(['tools', index, ...path], message);
    const inner = { ...bench, problem: inside(bench.problem), warning: inside(bench.warning) };
    if (tools.findIndex(({ name }) => name === tool.name) < index) {
      inner.problem(['name'], `"${tool.name}" is there twice: give each tool a name of its own`);
    }
    if (isBuiltIn(tool)) {
      checkBuiltIn(tool, tools, inner);
      return builtInOf(tool, inner);
    }
    if (bench.model !== undefined) checkBehavior(tool, bench.model, inner);
    checkUndoes(tool, tools, inner);
    if (tool.kind === 'http') return readHttpTool(tool, toolHosts, inner);
    if (tool.kind === 'function') return readFunctionTool(tool, inner);
    return readMcpTool(tool, servers, inner) ?? [];
  });
}

function isBuiltIn(tool: ToolFile): tool is BuiltInToolFile {
  return tool.kind !== 'http' && tool.kind !== 'function' && tool.kind !== 'mcp';
}

function checkBuiltIn(tool: BuiltInToolFile, tools: readonly ToolFile[], { problem, environment }: ToolsBench): void {
  if (tool.kind === 'transferCall' && environment.raw('TWILIO_ACCOUNT_SID') === undefined) {
    for (const [name, { warm }] of Object.entries(tool.destinations)) {
      if (warm) problem(['destinations', name, 'warm'], 'needs TWILIO_ACCOUNT_SID: they are called by the REST API');
    }
  }
  if (tool.kind !== 'voicemailDetected' || tool.message === undefined) return;
  if (!tools.some(({ kind }) => kind === 'endCall')) {
    problem(['message'], 'needs a tool of kind endCall beside it: the agent hangs up when it has said this');
  }
}

function builtInOf(tool: BuiltInToolFile, { problem }: ToolsBench): BuiltInTool {
  if (tool.kind !== 'voicemailDetected') return tool;
  const { message } = tool;
  const bench: TemplateBench = { environment: undefined, args: 'none', problem };
  return { ...tool, message: message === undefined ? undefined : parseTemplate(message, ['message'], bench) };
}

function checkUndoes({ name, undoes = [] }: OwnToolFile, tools: readonly ToolFile[], { problem }: ToolsBench): void {
  const others = tools.map((each) => each.name).filter((other) => other !== name);
  for (const [at, other] of undoes.entries()) {
    if (!others.includes(other)) problem(['undoes', at], `"${other}" is no other tool of this agent`);
  }
}

function checkBehavior({ behavior, scheduling }: OwnToolFile, model: LiveModel, { problem }: ToolsBench): void {
  const { functionBehaviors, name } = model;
  if (behavior !== undefined && !functionBehaviors.includes(BEHAVIORS[behavior])) {
    const allowed = functionBehaviors.map((each) => (each === 'BLOCKING' ? 'blocking' : 'nonBlocking')).join(' or ');
    problem(
      ['behavior'],
      `${name} does not take ${behavior}; ${allowed === '' ? 'leave it out' : `it takes ${allowed}`}`,
    );
  }
  if (scheduling === undefined) return;
  if (behavior === 'blocking') {
    problem(['scheduling'], 'stands beside behavior: blocking, where the model speaks when it has the result');
  } else if (functionBehaviors.length < 2) problem(['scheduling'], `${name} does not take it: leave it out`);
}

const BEHAVIORS = { blocking: 'BLOCKING', nonBlocking: 'NON_BLOCKING' } as const;
const SCHEDULINGS = { whenIdle: 'WHEN_IDLE', silent: 'SILENT', interrupt: 'INTERRUPT' } as const;

function commonOf(file: OwnToolFile, bench: TemplateBench): ToolCommon {
  const { name, behavior, scheduling, deadlineMs, meanwhile, sideEffect, undoes, businessKey } = file;
  return {
    name,
    behavior: behavior && BEHAVIORS[behavior],
    scheduling: scheduling && SCHEDULINGS[scheduling],
    deadlineMs,
    meanwhile,
    sideEffect,
    undoes,
    businessKey: businessKey === undefined ? undefined : parseTemplate(businessKey, ['businessKey'], bench),
  };
}

function readHttpTool(file: HttpToolFile, hosts: readonly ToolHost[], bench: ToolsBench): HttpTool {
  const { kind, description, parameters, method, body, pick, idempotencyHeader } = file;
  const { problem, environment } = bench;
  checkParameters(parameters, problem);
  if (body !== undefined && (method === 'GET' || method === 'HEAD')) problem(['body'], `${method} has none`);
  const open: TemplateBench = { environment: undefined, args: argumentsOf(parameters), problem };
  const secret: TemplateBench = { ...open, environment };
  const templates = (key: 'query' | 'headers', inner: TemplateBench) =>
    Object.fromEntries(
      Object.entries(file[key]).map(([name, text]) => [name, parseTemplate(text, [key, name], inner)] as const),
    );
  const url = parseTemplate(file.url, ['url'], secret);
  return {
    kind,
    description,
    parameters,
    method,
    ...commonOf(file, open),
    url,
    query: templates('query', open),
    headers: templates('headers', secret),
    body: body === undefined ? undefined : parseBody(body, ['body'], open),
    pick,
    idempotencyHeader,
    allowsPrivate: checkUrl(url, hosts, bench)?.private ?? false,
  };
}

/** What its arguments are, only the file knows, which is loaded later. */
function readFunctionTool(tool: FunctionToolFile, { toolFiles, problem }: ToolsBench): FunctionTool {
  const { kind, file } = tool;
  const path = join(toolFiles.dir, file);
  const label = `${toolFiles.label}/${file}`;
  if (!existsSync(path)) problem(['file'], `there is no ${label}`);
  const bench: TemplateBench = { environment: undefined, args: undefined, problem };
  return { kind, ...commonOf(tool, bench), file: { path, label } };
}

/** What it is for and what its arguments are, only the server knows, which is asked later. */
function readMcpTool(
  tool: McpToolFile,
  servers: ReadonlyMap<string, McpServer | undefined>,
  { problem }: ToolsBench,
): McpTool | undefined {
  if (!servers.has(tool.server)) {
    const names = [...servers.keys()].join(', ');
    problem(
      ['server'],
      `"${tool.server}" is not among mcpServers: ${names === '' ? 'add it there' : `there are ${names}`}`,
    );
  }
  const common = commonOf(tool, { environment: undefined, args: undefined, problem });
  const server = servers.get(tool.server);
  return server && { kind: tool.kind, ...common, server };
}

/** The host that the URL leads to, whatever is put into it; undefined, and told, when it is not allowed. */
function checkUrl(url: Template, hosts: readonly ToolHost[], { problem, warning }: ToolsBench): ToolHost | undefined {
  const [first = ''] = url;
  const whole = url.map((part) => (typeof part === 'string' ? part : 'x')).join('');
  const isOpen = url.length > 1 && (typeof first !== 'string' || !/^https?:\/\/[^/?]+[/?]/i.test(first));
  if (isOpen || !/^https?:\/\//i.test(whole) || !URL.canParse(whole)) {
    problem(
      ['url'],
      'must begin with scheme and host as they are, such as https://api.example.com/; variables come after',
    );
    return undefined;
  }
  const { host, hostname, username, password, hash } = new URL(whole);
  if (username !== '' || password !== '') problem(['url'], 'must not hold a user name or password: use headers');
  if (hash !== '') problem(['url'], 'must not have a part behind #: nobody is sent that');
  const allowed = hosts.find((each) => each.host === host);
  if (allowed === undefined) {
    const remedy = hosts.some((each) => each.host === hostname) ? 'give it its port there' : 'add it there';
    problem(['url'], `leads to ${host}, which is not among toolHosts: ${remedy}`);
  } else if (!allowed.private && isPrivateHost(hostname)) {
    problem(
      ['url'],
      `leads into a private network: to allow that, write { host: "${host}", private: true } in toolHosts`,
    );
  }
  const clear = clearTextWarning(whole, 'what callers say');
  if (clear !== undefined) warning(['url'], clear);
  return allowed;
}

function checkParameters(parameters: HttpToolFile['parameters'], problem: Tell): void {
  if (parameters === undefined) return;
  if (parameters['type'] !== 'object') {
    problem(['parameters'], 'must be a JSON Schema with type: object');
    return;
  }
  try {
    // Formats are hints to the model, and not checked.
    new Ajv2020({ strict: false, strictSchema: true, validateFormats: false }).compile(parameters);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    problem(['parameters'], `is no JSON Schema: ${message.replace(/^strict mode: /, '').replaceAll('data/', '')}`);
  }
}

/** undefined where the schema leaves open which there are. */
function argumentsOf(parameters: HttpToolFile['parameters']): readonly string[] | undefined {
  const properties = parameters?.['properties'];
  if (parameters === undefined) return [];
  return typeof properties === 'object' && properties !== null ? Object.keys(properties) : undefined;
}
