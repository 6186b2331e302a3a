export type { Apology, CallAgent } from './call.ts';
export { advance, begin, type CallEvent, type CallState, type Effect, FLOW, type Phase } from './machine.ts';
export { CallRegistry, type RegistryOptions, type RingingCall } from './registry.ts';
