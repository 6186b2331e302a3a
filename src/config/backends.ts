/** All the services and credentials by which sessions may be held: that of the environment, and those of backends.yaml. */
import { existsSync } from 'node:fs';
import { type Backend, type BackendSource, readServiceAccount } from './backend.ts';
import { type BackendEntry, backendsFile, PRIMARY } from './backends-file.ts';
import { nearest } from './nearest.ts';
import { clearTextWarning } from './plain-http.ts';
import { credential } from './variables.ts';
import { judgeYaml, readYaml, type YamlFile } from './yaml-file.ts';

export interface NamedBackend {
  readonly name: string;
  readonly backend: Backend;
  /** How many sessions at once its credential allows; undefined: they are not counted. */
  readonly sessions?: number | undefined;
}

export interface Backends {
  readonly all: readonly NamedBackend[];
  /** The names of those to try unless an agent names one, best first. */
  readonly order: readonly string[];
}

export interface BackendsSource extends BackendSource {
  readonly path: string;
  /** What the operator calls the file. */
  readonly label: string;
}

/** Undefined when something is wrong, and told as a problem. The file may be missing. */
export function readBackends(source: BackendsSource, primary: Backend | undefined): Backends | undefined {
  const { path, label, problems } = source;
  const alone = primary && { all: [{ name: PRIMARY, backend: primary }], order: [PRIMARY] };
  if (!existsSync(path)) return alone;
  const file = readYaml(path, label, problems);
  const content = file && judgeYaml(file, backendsFile, problems).content;
  if (file === undefined || content === undefined) return undefined;
  const { [PRIMARY]: own, ...entries } = content.backends;
  const others = Object.entries(entries as Record<string, BackendEntry>).map(([name, entry]) =>
    readEntry(name, entry, file, source),
  );
  const names = [PRIMARY, ...Object.keys(entries)];
  const order = content.order ?? names;
  const inOrder = judgeOrder(order, names, file, source);
  if (primary === undefined || !inOrder || others.includes(undefined)) return undefined;
  const known = others.filter((each) => each !== undefined);
  return { all: [{ name: PRIMARY, backend: primary, sessions: own?.sessions }, ...known], order };
}

function readEntry(
  name: string,
  entry: BackendEntry,
  { place }: YamlFile,
  { environment, cwd, problems, warnings }: BackendsSource,
): NamedBackend | undefined {
  const refuse = (key: string, message: string): undefined => {
    problems.add(place('backends', name, key), message);
  };
  const { sessions, baseUrl } = entry;
  warnings.addIf(place('backends', name, 'baseUrl'), clearTextWarning(baseUrl, 'its credentials'));
  if (!/^[a-z0-9-]+$/.test(name)) {
    problems.add(place('backends', name), 'must be named by lower-case letters, digits and hyphens');
    return undefined;
  }
  if (entry.api === 'developer') {
    const { keyEnv } = entry;
    if (environment.raw(keyEnv) === undefined) return refuse('keyEnv', `${keyEnv} is not set: it must hold an API key`);
    const apiKey = environment.read(keyEnv, credential);
    return apiKey === undefined ? undefined : { name, backend: { kind: 'developer', apiKey, baseUrl }, sessions };
  }
  const { project, location, credentialsEnv } = entry;
  if (credentialsEnv === undefined) return { name, backend: { kind: 'vertex', project, location, baseUrl }, sessions };
  const given = environment.raw(credentialsEnv);
  if (given === undefined) {
    return refuse(
      'credentialsEnv',
      `${credentialsEnv} is not set: it must hold the path of a service account's key file`,
    );
  }
  const account = readServiceAccount(given, cwd, (message) => problems.add(credentialsEnv, message));
  const credentialsFile = account?.path;
  return account && { name, backend: { kind: 'vertex', project, location, credentialsFile, baseUrl }, sessions };
}

function judgeOrder(
  order: readonly string[],
  names: readonly string[],
  { place }: YamlFile,
  { problems }: BackendsSource,
): boolean {
  let holds = true;
  for (const [index, name] of order.entries()) {
    const known = names.includes(name);
    if (known && order.indexOf(name) === index) continue;
    holds = false;
    const fault = known ? 'stands here twice' : `is not a back end; the nearest are ${nearest(name, names).join(', ')}`;
    problems.add(place('order', index), `"${name}" ${fault}`);
  }
  return holds;
}
