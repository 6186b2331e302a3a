export { type Backoff, backoffMs } from './backoff.ts';
export { type Cancel, type Clock, systemClock, withDeadline } from './clock.ts';
export { asFailure, FAILURES, Failure, type FailureCode, type Fault, unreachable } from './errors.ts';
export { type Ids, systemIds } from './ids.ts';
export { describeIssues } from './issues.ts';
export { type LoopDelay, measureLoopDelay } from './loop-delay.ts';
export { Recent, type RecentLimits } from './recent.ts';
export { isShallow } from './shallow.ts';
export { type MessageSocket, type SocketHandlers, type WebSocketLike, wrapWebSocket } from './socket.ts';
