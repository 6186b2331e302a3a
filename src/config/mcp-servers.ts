/** The servers of the Model Context Protocol that an agent's file names, with their secrets. */
import { clearTextWarning } from './plain-http.ts';
import { parseSecrets, type TemplateBench } from './template.ts';
import type { McpServersFile } from './tool-file.ts';

/** Fits McpServerSpec of tools/, which the composition root has the compiler check. */
export interface McpServer {
  readonly name: string;
  /** Where the file says so. */
  readonly place: string;
  readonly how:
    | { readonly url: string; readonly headers: Readonly<Record<string, string>> }
    | { readonly command: string; readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> };
}

export interface McpServersBench extends Pick<TemplateBench, 'environment' | 'problem'> {
  readonly warning: TemplateBench['problem'];
  readonly place: (...path: PropertyKey[]) => string;
}

/** By name; undefined: something is wrong with it, such as a secret that is not set, and was told. */
export function readMcpServers(
  servers: McpServersFile,
  { environment, problem, warning, place: placeOf }: McpServersBench,
): Map<string, McpServer | undefined> {
  const wrong = new Set<PropertyKey | undefined>();
  const tell: TemplateBench['problem'] = (path, message) => {
    wrong.add(path[1]);
    problem(path, message);
  };
  const bench: TemplateBench = { environment, args: [], problem: tell };
  const secrets = (values: Readonly<Record<string, string>>, path: readonly PropertyKey[]) =>
    Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, parseSecrets(value, [...path, key], bench)] as const),
    );
  const read = Object.entries(servers).map(([name, server]): McpServer => {
    const path = ['mcpServers', name];
    const place = placeOf(...path);
    const { command, args, url: address = '' } = server;
    if (command !== undefined) {
      return { name, place, how: { command, args, env: secrets(server.env, [...path, 'env']) } };
    }
    const url = parseSecrets(address, [...path, 'url'], bench);
    if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) tell([...path, 'url'], 'must be an http or https URL');
    const clear = clearTextWarning(url, 'what callers say');
    if (clear !== undefined) warning([...path, 'url'], clear);
    return { name, place, how: { url, headers: secrets(server.headers, [...path, 'headers']) } };
  });
  return new Map(read.map((server) => [server.name, wrong.has(server.name) ? undefined : server]));
}
