export type { Calls, IncomingCall } from './calls.ts';
export { createServer, type HttpDeps, type HttpServer } from './server.ts';
