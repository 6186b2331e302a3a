export { STREAM_ENDED_PATH } from './answers.ts';
export type { Calls } from './calls.ts';
export { HTTP_LIMITS, type HttpLimits } from './limits.ts';
export { createServer, type HttpDeps, type HttpServer } from './server.ts';
