export type { Calls } from './calls.ts';
export { STREAM_ENDED_PATH } from './connect.ts';
export type { Goodbye } from './goodbyes.ts';
export { HTTP_LIMITS, type HttpLimits } from './limits.ts';
export { createServer, type HttpDeps, type HttpServer } from './server.ts';
export type { PassedUpgrade, Siblings } from './siblings.ts';
export { APOLOGY_NAME, type Recordings } from './sounds.ts';
