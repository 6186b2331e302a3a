export type { Calls } from './calls.ts';
export { createServer, type HttpDeps, type HttpServer } from './server.ts';
