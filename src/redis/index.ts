export type { Redis } from 'ioredis';
export { connectRedis, reconnectDelayMs, whenReady } from './connection.ts';
