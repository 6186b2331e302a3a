export type { Redis } from 'ioredis';
export { connectRedis, reconnectDelayMs, whenReady } from './connection.ts';
export { defineScript, REDIS_CLOCK, type Script } from './script.ts';
