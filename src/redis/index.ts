export type { Redis } from 'ioredis';
export { connectRedis, reconnectDelayMs, whenReady } from './connection.ts';
export { defineScript, type Script } from './script.ts';
