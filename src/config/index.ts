export type { Agent } from './agent.ts';
export { carriers, liveRoutes, type RouteFacts } from './alternatives.ts';
export type { Backend } from './backend.ts';
export type { Backends, NamedBackend } from './backends.ts';
export type { Catalogue, LiveModel } from './catalogue.ts';
export { isVoice, languageNamed, languagesNear, voicesNear } from './choices.ts';
export {
  type Config,
  type ConfigSource,
  type Inspection,
  inspectConfig,
  loadCatalogue,
  loadConfig,
  loadWorkerConfig,
  type WorkerConfig,
} from './config.ts';
export { type Env, processEnv } from './environment.ts';
export { jsonSchemas, writeJsonSchemas } from './json-schemas.ts';
export type { Problem } from './problems.ts';
export { agentFor } from './routing.ts';
export type { AgentTool } from './tools.ts';
