export type { Apology, CallAgent } from './call.ts';
export { CallRegistry, type RegistryOptions, type RingingCall } from './registry.ts';
