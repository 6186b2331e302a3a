/** What the doors need to know of the calls behind them. */
import type { RingingCall } from '../call/index.ts';
import type { CallStream, StreamHandlers } from '../telephony/index.ts';

export interface Calls {
  /** The agent for a called number or SIP URI; undefined when nobody answers it. */
  agentFor(to: string): string | undefined;
  /** The call is announced. Idempotent by call id. Throws Failure SERVICE_DRAINING, SERVICE_FULL. */
  ring(call: RingingCall): void;
  /** The call's stream has started. Throws Failure STREAM_DUPLICATE, SERVICE_DRAINING, SERVICE_FULL. */
  answer(call: RingingCall, stream: CallStream): StreamHandlers;
  /** The provider says that the call is over, and how. Idempotent; unknown calls are ignored. */
  callerGone(callId: string, how: string): void;
  /** The stream is over and the caller is still there: what now? */
  afterStream(callId: string): 'hangUp' | 'apologise';
  /** Whether new calls are taken. */
  readonly ready: boolean;
  readonly active: number;
}
