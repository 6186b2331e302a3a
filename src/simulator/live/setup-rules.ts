/** What the service refuses in a setup that parses: by model, by API, and by what Live cannot do at all. */
import { type Backend, findModel, type SimulatedModel, VOICES } from './models.ts';
import {
  INVALID_ARGUMENT,
  type Judgement,
  modalitiesUnsupported,
  modelUnknown,
  type Refusal,
  unknownName,
  voiceUnknown,
} from './refusals.ts';
import { type Content, REFUSED_IN_LIVE, type Setup, type Tool } from './setup-message.ts';

/** Letters, digits and `_ . : -`, up to 128, not beginning with a digit or a sign. */
const FUNCTION_NAME = /^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/u;

export function judgeSetup(setup: Setup, backend: Backend, apiVersion: string): Judgement {
  if (setup.model === undefined) return INVALID_ARGUMENT;
  const model = findModel(setup.model, backend);
  if (model === undefined) return modelUnknown(setup.model, apiVersion);
  return (
    fieldsOfOtherApi(setup, backend) ??
    unsupportedOutput(setup, setup.model) ??
    unsupportedByModel(setup, model) ??
    (isValid(setup) ? undefined : INVALID_ARGUMENT) ??
    (hangs(setup, model) ? 'hangs' : 'accepted')
  );
}

/** Accepted in setup, but the first content then closes the socket. */
export function refusesFirstContent(setup: Setup, backend: Backend): boolean {
  const model = findModel(setup.model ?? '', backend);
  return setup.generationConfig?.enableAffectiveDialog === true && model?.affective === false;
}

/** The Developer API does not know some names of Vertex AI at all. */
function fieldsOfOtherApi(setup: Setup, backend: Backend): Refusal | undefined {
  if (backend === 'vertex') return undefined;
  if (setup.sessionResumption?.transparent !== undefined) {
    return unknownName('transparent', 'setup.session_resumption');
  }
  return setup.explicitVadSignal === undefined ? undefined : unknownName('explicitVadSignal', 'setup');
}

function unsupportedOutput({ generationConfig }: Setup, modelPath: string): Refusal | undefined {
  const modalities = generationConfig?.responseModalities ?? ['AUDIO'];
  if (modalities.length !== 1 || modalities[0] !== 'AUDIO') return modalitiesUnsupported(modalities);
  const voice = generationConfig?.speechConfig?.voiceConfig?.prebuiltVoiceConfig?.voiceName;
  return voice === undefined || VOICES.has(voice) ? undefined : voiceUnknown(voice, modelPath);
}

function unsupportedByModel(setup: Setup, model: SimulatedModel): Refusal | undefined {
  const thinking = setup.generationConfig?.thinkingConfig;
  const proactivityOff = !model.affective && setup.proactivity?.proactiveAudio === false;
  const noSuchLevel = model.thinking === 'levels' && thinking?.thinkingLevel === 'MINIMAL';
  const blocking = (setup.tools ?? []).some((tool) => declares(tool, 'BLOCKING'));
  return proactivityOff || noSuchLevel || (blocking && !model.blockingTools) ? INVALID_ARGUMENT : undefined;
}

/** One field report: neither completed nor refused. */
const hangs = (setup: Setup, model: SimulatedModel): boolean =>
  model.thinking === 'hangs' && setup.generationConfig?.thinkingConfig !== undefined;

function isValid(setup: Setup): boolean {
  const { contextWindowCompression: compression, generationConfig, systemInstruction } = setup;
  if (compression !== undefined && compression.slidingWindow === undefined) return false;
  if (REFUSED_IN_LIVE.some((name) => generationConfig?.[name] !== undefined)) return false;
  if (systemInstruction !== undefined && !isInstruction(systemInstruction)) return false;
  return (setup.tools ?? []).every(isUsableTool);
}

export function isInstruction(instruction: Content): boolean {
  return instruction.role !== 'system' && (instruction.parts ?? []).every((part) => part.text !== undefined);
}

/** Code execution, URL context and Maps are not for Live models; a function has a proper name and one schema. */
export function isUsableTool(tool: Tool): boolean {
  if (tool.codeExecution !== undefined || tool.urlContext !== undefined || tool.googleMaps !== undefined) return false;
  return (tool.functionDeclarations ?? []).every(
    (declaration) =>
      FUNCTION_NAME.test(declaration.name) &&
      (declaration.parameters === undefined || declaration.parametersJsonSchema === undefined),
  );
}

const declares = (tool: Tool, behavior: 'BLOCKING' | 'NON_BLOCKING'): boolean =>
  (tool.functionDeclarations ?? []).some((declaration) => declaration.behavior === behavior);
