export type { Apology, CallAgent } from './call.ts';
export type { Next } from './next.ts';
export { CallRegistry, type RegistryOptions } from './registry.ts';
export type { RingingCall } from './ringing-call.ts';
export type { TakenUp } from './take-up.ts';
