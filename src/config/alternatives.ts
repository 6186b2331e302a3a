/** What an agent falls back to when its own model or its service fails: judged here, and put together with the back ends. */
import type { Agent, AgentLive } from './agent.ts';
import { type Bench, checkModel, checkVoice, knownLanguage, type Tell } from './agent-checks.ts';
import type { ReadableAgentFile } from './agent-file.ts';
import type { Backend } from './backend.ts';
import type { Backends } from './backends.ts';
import type { Catalogue, LiveModel } from './catalogue.ts';
import { nearest } from './nearest.ts';

/** The agent's own where a key is left out. */
export interface Alternative {
  readonly model?: string | undefined;
  readonly voice?: string | undefined;
  readonly backend?: string | undefined;
}

/** One way to a model, as plain data; fits LiveRoute of live/, but for what the composition root adds. */
export interface RouteFacts {
  /** The same in every process with this configuration. */
  readonly name: string;
  readonly settings: AgentLive;
  readonly backend: Backend;
  readonly backendName: string;
  /** The behaviours that its model lets a tool declare. */
  readonly functionBehaviors: LiveModel['functionBehaviors'];
  /** How many sessions at once the back end's credential allows. */
  readonly sessions?: number | undefined;
}

/** The alternatives with their models' names as the catalogue writes them. `backends` undefined judges without them. */
export function checkAlternatives(
  file: ReadableAgentFile,
  backends: Backends | undefined,
  bench: Bench,
): readonly Alternative[] {
  return file.alternatives.map((alternative, index) => {
    const inside =
      (tell: Tell): Tell =>
      (path, message) =>
        tell(['alternatives', index, ...path], message);
    const named = backends?.all.find(({ name }) => name === alternative.backend);
    const problem = inside(bench.problem);
    const inner = { ...bench, api: named?.backend.kind, problem, warning: inside(bench.warning) };
    if (backends !== undefined && alternative.backend !== undefined && named === undefined) {
      const names = backends.all.map(({ name }) => name);
      const near = nearest(alternative.backend, names).join(', ');
      problem(['backend'], `"${alternative.backend}" is not in backends.yaml; the nearest are ${near}`);
    }
    const model = checkModel({ ...file, model: alternative.model ?? file.model }, inner);
    if (alternative.voice !== undefined) checkVoice({ ...file, voice: alternative.voice }, inner);
    if (model !== undefined && backends !== undefined && alternative.backend === undefined) {
      if (carriers(backends, model).length === 0) problem(['model'], `no back end in the order offers ${model.name}`);
    }
    return { ...alternative, model: model?.name };
  });
}

/** What `liveRoutes` needs of a configuration. */
export interface RoutesSource {
  readonly models: readonly LiveModel[];
  readonly languages: Catalogue['languages'];
  readonly live: { readonly backends: Backends };
}

/** The agent's own model on each back end that offers it, in order, and then its alternatives. None twice. */
export function liveRoutes({ models, languages, live: { backends } }: RoutesSource, agent: Agent): RouteFacts[] {
  const routes = new Map<string, RouteFacts>();
  for (const { model: modelName = agent.live.model, voice = agent.live.voice, backend } of [
    {},
    ...agent.alternatives,
  ]) {
    const model = models.find(({ name }) => name === modelName);
    if (model === undefined) continue;
    const on = backend === undefined ? carriers(backends, model) : backends.all.filter(({ name }) => name === backend);
    for (const each of on) {
      const suffix = voice === agent.live.voice ? '' : `/${voice}`;
      const name = `${each.name}/${model.name}${suffix}`;
      const settings = settingsFor(agent.live, model, voice, languages[each.backend.kind]);
      const { functionBehaviors } = model;
      const { backend, name: backendName, sessions } = each;
      routes.set(name, { name, settings, backend, backendName, functionBehaviors, sessions });
    }
  }
  return [...routes.values()];
}

/** The back ends of the order that offer a model. */
export function carriers({ all, order }: Backends, model: LiveModel): Backends['all'] {
  return order.flatMap((name) => all.filter((each) => each.name === name && model.apis.includes(each.backend.kind)));
}

/** What another model does not take is left out: an agent that does less is better than none. */
function settingsFor(live: AgentLive, model: LiveModel, voice: string, tags: readonly string[]): AgentLive {
  const { language, thinking, compression } = live;
  const level = thinking?.level;
  const fits = compression?.triggerTokens === undefined || compression.triggerTokens <= model.contextTokens;
  return {
    ...live,
    model: model.name,
    features: model.features,
    voice,
    language: language === undefined ? undefined : knownLanguage(language, tags, true),
    thinking: thinking && { ...thinking, level: level && model.thinkingLevels.includes(level) ? level : undefined },
    compression: fits ? compression : compression && {},
  };
}
