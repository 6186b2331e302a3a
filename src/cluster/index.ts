export type { CallStore, CallStoreHandlers, Known } from './call-store.ts';
export { createLocalCallStore, type LocalCallStoreOptions } from './local-call-store.ts';
export { createLocalNotes, type Note, type Notes } from './notes.ts';
export { type Cluster, type ClusterOptions, openCluster } from './open.ts';
export type { SharedNonces } from './redis-nonces.ts';
export { createLocalSlots, type Slots } from './slots.ts';
export { STORE_TIMES, type StoreTimes } from './store-times.ts';
