export type { Apology, CallAgent } from './call.ts';
export type { Next } from './next.ts';
export { CallRegistry, type RegistryOptions, type RingingCall } from './registry.ts';
