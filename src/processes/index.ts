export { isWorker, Member, primaryChannel } from './member.ts';
export { Primary } from './primary.ts';
export { forkWorker } from './worker-process.ts';
