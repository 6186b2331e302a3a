export type { CallStore, CallStoreHandlers, Known } from './call-store.ts';
export { createLocalCallStore, type LocalCallStoreOptions } from './local-call-store.ts';
export { createLocalSlots, type Slots } from './slots.ts';
