/** Reads all agents of config/agents, one a file, and judges them by themselves and against each other. */
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Agent, agentFrom } from './agent.ts';
import { checkFeatures, checkIdle, checkLanguage, checkModel, checkVoice, type Tell } from './agent-checks.ts';
import { type AgentFile, agentFile, type ReadableAgentFile, readableAgentFile } from './agent-file.ts';
import { carriers, checkAlternatives } from './alternatives.ts';
import { checkAnalysis } from './analysis-checks.ts';
import type { Backends } from './backends.ts';
import type { Catalogue, LiveApi } from './catalogue.ts';
import type { Environment } from './environment.ts';
import { MAX_ONE_MOMENT_SECONDS } from './patience-file.ts';
import { clearTextWarning } from './plain-http.ts';
import { checkPlainTexts } from './plain-texts.ts';
import type { Problem, Problems } from './problems.ts';
import { normalAddress } from './routing.ts';
import { soundProblem, streamSoundProblem } from './sound-file.ts';
import { readTools } from './tools.ts';
import { readWebhookSecret } from './webhook-secret.ts';
import { readWording } from './wording.ts';
import { judgeYaml, readYaml, type YamlFile } from './yaml-file.ts';

export interface AgentsSource {
  /** The directory of the files, and what the operator calls it. */
  readonly dir: string;
  readonly label: string;
  /** Where the recordings lie that agents play. */
  readonly sounds: { readonly dir: string; readonly label: string };
  /** Where the files lie whose functions are tools; undefined: this process answers no calls, and needs no tools. */
  readonly toolFiles: { readonly dir: string; readonly label: string } | undefined;
  /** Undefined when it is wrong itself: then the files are judged without it, and none becomes an agent. */
  readonly catalogue: Catalogue | undefined;
  readonly api: LiveApi | undefined;
  readonly backends: Backends | undefined;
  readonly environment: Environment;
  readonly problems: Problems;
  readonly warnings: Problems;
}

/** An agent that is not there, as its file asks for, and why. */
export interface LeftOut extends Problem {
  readonly agent: string;
}

interface NamedFile extends Pick<YamlFile, 'place'> {
  readonly name: string;
  readonly content: ReadableAgentFile;
  /** The content again, when all of it is in order. */
  readonly whole: AgentFile | undefined;
  /** The keys of which something wrong was told already. */
  readonly doubtful: ReadonlySet<PropertyKey>;
}

export function readAgents(source: AgentsSource): { readonly agents: Agent[]; readonly leftOut: LeftOut[] } {
  const files = agentPaths(source).flatMap((path) => readFile(path, source) ?? []);
  judgeTogether(files, source.problems);
  const leftOut = files.flatMap((file) => findLeftOut(file, source) ?? []);
  const wanted = files.filter(({ name }) => leftOut.every(({ agent }) => agent !== name));
  if (files.length > 0 && wanted.length === 0) {
    source.problems.add(source.label, 'holds no agent that is not left out: set what they need');
  }
  return { agents: wanted.flatMap((file) => readAgent(file, source) ?? []), leftOut };
}

/** A process that answers no calls needs the secret alone by which they are told of. */
function findLeftOut({ name, content, place }: NamedFile, source: AgentsSource): LeftOut | undefined {
  const { needs, afterwards } = content;
  const needed =
    source.toolFiles === undefined ? needs.filter((each) => each === afterwards.webhook?.secretEnv) : needs;
  const missing = needed.filter((each) => source.environment.raw(each) === undefined);
  if (missing.length === 0) return undefined;
  // What is to be done comes first: lists cut off the rest.
  const message = `set ${missing.join(', ')}: until then this agent is left out`;
  return { agent: name, place: place('needs'), message };
}

function agentPaths({ dir, label, problems }: AgentsSource): string[] {
  let names: string[];
  try {
    names = readdirSync(dir).sort();
  } catch {
    names = [];
  }
  const paths = names.filter((name) => /\.ya?ml$/.test(name));
  if (paths.length === 0) {
    problems.add(label, 'holds no agent: add a file such as reception.yaml with "default: true" and an instruction');
  }
  return paths;
}

function readFile(path: string, { dir, label, problems }: AgentsSource): NamedFile | undefined {
  const fileLabel = `${label}/${path}`;
  const name = basename(path, '.yaml');
  if (!/^[a-z0-9-]+\.yaml$/.test(path)) {
    problems.add(fileLabel, 'must be named by lower-case letters, digits and hyphens, and end in .yaml');
  }
  const file = readYaml(join(dir, path), fileLabel, problems);
  if (file === undefined) return undefined;
  const { content: whole, doubtful = new Set<PropertyKey>() } = judgeYaml(file, agentFile, problems);
  const content = whole ?? readableAgentFile(file.value, doubtful);
  return content && { name, place: file.place, content, whole, doubtful };
}

function readAgent({ name, content, whole, doubtful, place }: NamedFile, source: AgentsSource): Agent | undefined {
  const { catalogue, backends, environment, problems, warnings } = source;
  // What is known of a doubtful key is its default, which the operator did not ask for.
  const telling =
    (list: Problems): Tell =>
    ([key, ...inner], message) => {
      if (key !== undefined && !doubtful.has(key)) list.add(place(key, ...inner), message);
    };
  const api = apiOf(content, source);
  const bench = { api, problem: telling(problems), warning: telling(warnings) };
  const { webhook } = content.afterwards;
  const webhookSecret =
    webhook &&
    readWebhookSecret(webhook.secretEnv, environment, (message) =>
      bench.problem(['afterwards', 'webhook', 'secretEnv'], message),
    );
  const clear = clearTextWarning(webhook?.url, 'what callers say');
  if (clear !== undefined) bench.warning(['afterwards', 'webhook', 'url'], clear);
  const callStart = readCallStart(content, source, bench);
  const recordingPath = findRecording(name, content, source.sounds, bench.problem);
  const noticePath = findSound(['notice'], content.notice?.play, source.sounds, bench.problem);
  const oneMomentPath = findOneMoment(content, source.sounds, bench.problem);
  checkIdle(content, bench.warning);
  checkPlainTexts(content, bench.problem);
  if (catalogue === undefined) return undefined;
  const model = checkModel(content, { catalogue, ...bench });
  checkVoice(content, { catalogue, ...bench });
  const language = checkLanguage(content, { catalogue, ...bench });
  if (model !== undefined && !doubtful.has('model')) checkFeatures(content, model, { catalogue, ...bench });
  const alternatives = checkAlternatives(content, backends, { catalogue, ...bench });
  if (model !== undefined && backends !== undefined && carriers(backends, model).length === 0) {
    bench.problem(['model'], `no back end in the order offers ${model.name}`);
  }
  const judgedModel = doubtful.has('model') ? undefined : model;
  const { toolFiles } = source;
  const toolSpecs = toolFiles
    ? readTools(content, { model: judgedModel, environment, toolFiles, place, ...bench })
    : [];
  const asked = checkAnalysis(content, catalogue, backends, bench.problem);
  const wording = readWording(content, bench.problem);
  const sounds = { recordingPath, noticePath, oneMomentPath };
  const resolved = { language, webhookSecret, callStart, ...asked, alternatives, toolSpecs, wording, ...sounds };
  return model && whole && agentFrom(name, whole, { model, ...resolved });
}

/** That of the first back end in the order that offers the agent's model. undefined: of several none does, or there is none. */
function apiOf({ model: name }: ReadableAgentFile, { api, backends, catalogue }: AgentsSource): LiveApi | undefined {
  if (backends === undefined || backends.all.length === 1) return api;
  const model = catalogue?.models.find((candidate) => candidate.name === name.replace(/^models\//, ''));
  return model && carriers(backends, model)[0]?.backend.kind;
}

/** A process that answers no calls asks nobody about them. */
function readCallStart(
  { callStart }: ReadableAgentFile,
  { environment, toolFiles }: AgentsSource,
  { problem, warning }: Record<'problem' | 'warning', Tell>,
): Agent['callStart'] {
  if (callStart === undefined || toolFiles === undefined) return undefined;
  const { url, secretEnv, deadlineMs } = callStart;
  const clear = clearTextWarning(url, "callers' numbers");
  if (clear !== undefined) warning(['callStart', 'url'], clear);
  const secret = readWebhookSecret(secretEnv, environment, (message) => problem(['callStart', 'secretEnv'], message));
  return secret === undefined ? undefined : { url, secret, deadlineMs };
}

/** The recording of the service itself is served by this name, and those of agents beside it by theirs. */
const TAKEN_NAME = 'apology';

function findRecording(
  name: string,
  { fallback }: ReadableAgentFile,
  sounds: AgentsSource['sounds'],
  problem: Tell,
): string | undefined {
  const path = findSound(['fallback'], fallback?.play, sounds, problem);
  if (path !== undefined && name === TAKEN_NAME) {
    problem(['fallback', 'play'], `an agent of the name "${name}" can have no recording`);
  }
  return path;
}

/** It is heard on the stream, or not at all. */
function findOneMoment(
  { patience }: ReadableAgentFile,
  sounds: AgentsSource['sounds'],
  problem: Tell,
): string | undefined {
  if (patience === false || patience.oneMoment === false) return undefined;
  return findSound(['patience', 'oneMoment'], patience.oneMoment.play, sounds, problem, (path) =>
    streamSoundProblem(path, MAX_ONE_MOMENT_SECONDS),
  );
}

function findSound(
  key: readonly PropertyKey[],
  play: string | undefined,
  { dir, label }: AgentsSource['sounds'],
  problem: Tell,
  judge: (path: string) => string | undefined = soundProblem,
): string | undefined {
  if (play === undefined) return undefined;
  const path = join(dir, play);
  const wrong = judge(path);
  if (wrong !== undefined) problem([...key, 'play'], `${label}/${play} ${wrong}`);
  return path;
}

/** Where its callers are sent on, and where the file says so. */
function transfersOf({
  fallback,
  tools = [],
}: ReadableAgentFile): (readonly [to: string, path: readonly PropertyKey[]])[] {
  const to = fallback?.transfer?.to;
  const byTools = tools.flatMap((tool, index) =>
    tool.kind !== 'transferCall'
      ? []
      : Object.entries(tool.destinations).map(
          ([name, { to }]) => [to, ['tools', index, 'destinations', name, 'to']] as const,
        ),
  );
  return to === undefined ? byTools : [[to, ['fallback', 'transfer', 'to']], ...byTools];
}

/** Each number has one agent, at most one agent is the default, each can be reached, and none is transferred to. */
function judgeTogether(files: readonly NamedFile[], problems: Problems): void {
  const owners = new Map<string, string>();
  let defaultAgent: string | undefined;
  for (const { name, content, doubtful, place } of files) {
    for (const [index, answer] of content.answers.entries()) {
      if (answer === '') continue;
      const address = normalAddress(answer);
      const owner = owners.get(address);
      if (owner === undefined) owners.set(address, name);
      else
        problems.add(place('answers', index), `${address} is answered by ${owner} already: remove it from one of them`);
    }
    if (content.default && defaultAgent !== undefined) {
      problems.add(place('default'), `${defaultAgent} is the default already: only one agent can be`);
    }
    if (content.default) defaultAgent ??= name;
    const isKnown = !doubtful.has('answers') && !doubtful.has('default');
    if (isKnown && !content.default && content.answers.length === 0) {
      problems.add(
        place('answers'),
        'no call can reach this agent: give it numbers under "answers", or "default: true"',
      );
    }
  }
  for (const { content, place } of files) {
    for (const [to, path] of transfersOf(content)) {
      const owner = owners.get(normalAddress(to));
      if (owner !== undefined) problems.add(place(...path), `is answered by ${owner}: the call would come back here`);
    }
  }
}
