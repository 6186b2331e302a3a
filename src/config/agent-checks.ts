/** Judges an agent's file against the catalogue: what it names must exist, and its model must be able to do it. */
import type { ReadableAgentFile } from './agent-file.ts';
import type { Catalogue, LiveApi, LiveModel } from './catalogue.ts';
import { nearestOf } from './nearest.ts';

/** Reports on a key of the file under judgement. */
export type Tell = (path: readonly PropertyKey[], message: string) => void;

export interface Bench {
  readonly catalogue: Catalogue;
  /** The backend in use; undefined judges without one. */
  readonly api: LiveApi | undefined;
  readonly problem: Tell;
  readonly warning: Tell;
}

/** The model by its name, "models/" in front or not, or undefined when an agent cannot use it. */
export function checkModel(
  file: ReadableAgentFile,
  { catalogue, api, problem, warning }: Bench,
): LiveModel | undefined {
  const name = file.model.replace(/^models\//, '');
  const model = catalogue.models.find((candidate) => candidate.name === name);
  const refuse = (message: string) => problem(['model'], message);
  if (model === undefined) {
    const names = recommended(catalogue, api).map((candidate) => candidate.name);
    refuse(`"${name}" is not in models.yaml, where you can add a model of your own; ${nearestOf(name, names)}`);
    return undefined;
  }
  const successor = model.successor === undefined ? '' : `; use ${model.successor}`;
  const on = model.shutDownOn === undefined ? '' : ` on ${model.shutDownOn}`;
  if (model.state === 'shutDown') {
    refuse(`${name} was shut down${on}${successor}`);
    return undefined;
  }
  if (model.purpose !== 'dialogue') {
    refuse(`${name} is for ${model.purpose}, not for dialogue; ${oneOf(recommended(catalogue, api))}`);
    return undefined;
  }
  if (api !== undefined && !model.apis.includes(api)) {
    const offered = model.apis.map((each) => API_NAMES[each]).join(' and ');
    refuse(
      `${name} is offered on ${offered}, not on ${API_NAMES[api]}, which is configured; ${oneOf(recommended(catalogue, api))}`,
    );
    return undefined;
  }
  if (model.state === 'deprecated') {
    const past = model.shutDownOn !== undefined && catalogue.asOf !== undefined && model.shutDownOn <= catalogue.asOf;
    warning(['model'], `${name} is deprecated${past ? ' and was' : ','} to be shut down${on}${successor}`);
  }
  return model;
}

export function checkVoice(file: ReadableAgentFile, { catalogue, problem }: Bench): void {
  const names = Object.keys(catalogue.voices);
  if (!names.includes(file.voice))
    problem(['voice'], `"${file.voice}" is not a voice; ${nearestOf(file.voice, names)}`);
}

/** BCP 47 as far as it matters here, and no language's name. */
const LANGUAGE_TAG = /^[a-z]{2,3}(-|$)/i;

/** The agent's language as the catalogue writes it. */
export function checkLanguage(file: ReadableAgentFile, { catalogue, api, problem }: Bench): string | undefined {
  const find = (tag: string, tags: readonly string[]) => knownLanguage(tag, tags, api !== 'vertex');
  const everywhere = [...catalogue.languages.developer, ...catalogue.languages.vertex];
  const unknown = (tag: string, tags: readonly string[]) =>
    `"${tag}" is not a known language; ${LANGUAGE_TAG.test(tag) ? nearestOf(tag, tags) : 'write its tag, such as en-US'}`;
  for (const [index, hint] of file.transcription.languages.entries()) {
    if (knownLanguage(hint, everywhere, true) === undefined) {
      problem(['transcription', 'languages', index], unknown(hint, everywhere));
    }
  }
  if (file.language === undefined) return undefined;
  const tags = api === undefined ? everywhere : catalogue.languages[api];
  const language = find(file.language, tags);
  if (language === undefined) problem(['language'], unknown(file.language, tags));
  return language;
}

/** A tag of the list; or, where a region may be added, a tag whose language is in the list. */
export function knownLanguage(tag: string, tags: readonly string[], mayAddRegion: boolean): string | undefined {
  const same = (wanted: string) => tags.find((each) => each.toLowerCase() === wanted.toLowerCase());
  const exact = same(tag);
  if (exact !== undefined || !mayAddRegion) return exact;
  const [language = ''] = tag.split('-');
  return same(language) === undefined ? undefined : tag;
}

/** What the agent asks for and the model lacks. */
export function checkFeatures(file: ReadableAgentFile, model: LiveModel, bench: Bench): void {
  const lacking = (key: string, feature: Exclude<keyof LiveModel['features'], 'thinking' | 'realtimeText'>) => {
    if (model.features[feature]) return;
    const others = recommended(bench.catalogue, bench.api).filter((candidate) => candidate.features[feature]);
    bench.problem([key], `${model.name} does not take ${feature}: leave it out${orUse(others)}`);
  };
  if (file.googleSearch) lacking('googleSearch', 'googleSearch');
  if (file.codeExecution) lacking('codeExecution', 'codeExecution');
  if (file.tools.length > 0) lacking('tools', 'functionCalling');
  // A model that lacks these as settings may do them all the time, so false is refused as well.
  if (file.affectiveDialog !== undefined) lacking('affectiveDialog', 'affectiveDialog');
  if (file.proactiveAudio !== undefined) lacking('proactiveAudio', 'proactiveAudio');
  checkThinking(file, model, bench);
  checkCompression(file, model, bench);
}

function checkThinking({ thinking }: ReadableAgentFile, model: LiveModel, { catalogue, api, problem }: Bench): void {
  if (thinking === undefined) return;
  switch (model.features.thinking) {
    case 'none': {
      const others = recommended(catalogue, api).filter((candidate) => candidate.features.thinking !== 'none');
      problem(['thinking'], `${model.name} takes no setting for thinking: leave it out${orUse(others)}`);
      return;
    }
    case 'level': {
      const levels = model.thinkingLevels.join(', ');
      if (thinking.level === undefined || thinking.budgetTokens !== undefined) {
        problem(['thinking'], `${model.name} takes only a level: one of ${levels}`);
      } else if (!model.thinkingLevels.includes(thinking.level)) {
        problem(['thinking', 'level'], `${model.name} takes one of ${levels}, not "${thinking.level}"`);
      }
      return;
    }
    case 'budget':
      if (thinking.budgetTokens === undefined || thinking.level !== undefined) {
        problem(['thinking'], `${model.name} takes only budgetTokens`);
      }
  }
}

export function checkIdle({ idle, limits }: ReadableAgentFile, warning: Tell): void {
  if (idle === false || limits.silenceSeconds > idle.askAfterSeconds) return;
  warning(['limits', 'silenceSeconds'], `ends the call before the agent asks, after ${idle.askAfterSeconds} s (idle)`);
}

/** The Live API compresses at this share of the window unless told otherwise. */
const DEFAULT_TRIGGER_SHARE = 0.8;

function checkCompression({ compression }: ReadableAgentFile, model: LiveModel, { problem }: Bench): void {
  if (compression === false) return;
  const { triggerTokens = Math.floor(model.contextTokens * DEFAULT_TRIGGER_SHARE), targetTokens } = compression;
  if (triggerTokens > model.contextTokens) {
    problem(['compression', 'triggerTokens'], `must be at most ${model.contextTokens}, the window of ${model.name}`);
  }
  if (targetTokens !== undefined && targetTokens >= triggerTokens) {
    problem(['compression', 'targetTokens'], `must be less than triggerTokens (${triggerTokens})`);
  }
}

const API_NAMES = { developer: 'the Developer API', vertex: 'Vertex AI' } as const satisfies Record<LiveApi, string>;

/** The models to recommend on this backend: none that is near its end. */
function recommended({ models }: Catalogue, api: LiveApi | undefined): LiveModel[] {
  return models
    .filter(({ state, purpose }) => state === 'current' && purpose === 'dialogue')
    .filter(({ apis }) => api === undefined || apis.includes(api));
}

function oneOf(models: readonly LiveModel[]): string {
  return models.length === 0 ? 'there is none to choose from' : `use ${models.map(({ name }) => name).join(' or ')}`;
}

function orUse(models: readonly LiveModel[]): string {
  return models.length === 0 ? ' (no current model does)' : `, or ${oneOf(models)}`;
}
