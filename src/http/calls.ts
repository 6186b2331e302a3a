/** What the doors need to know of the calls behind them. */
import type { CallStream, StreamHandlers } from '../telephony/index.ts';

/** A call as its provider announces it. */
export interface IncomingCall {
  readonly callId: string;
  readonly provider: string;
  /** The name of the agent that answers. */
  readonly agent: string;
  /** Numbers in E.164, `sip:` URIs, or what the provider says when a caller withholds theirs. */
  readonly from: string;
  readonly to: string;
  readonly direction: 'inbound' | 'outbound';
  /** The `X-` headers of a SIP caller's INVITE, by name. */
  readonly sipHeaders: Readonly<Record<string, string>>;
}

export interface Calls {
  /** The agent for a called number or SIP URI; undefined when nobody answers it. */
  agentFor(to: string): string | undefined;
  /** The call is announced. Idempotent by call id. Throws Failure SERVICE_DRAINING, SERVICE_FULL. */
  ring(call: IncomingCall): void;
  /** The call's stream has started. Throws Failure STREAM_DUPLICATE, SERVICE_DRAINING, SERVICE_FULL. */
  answer(call: IncomingCall, stream: CallStream): StreamHandlers;
  /** The provider says that the call is over, and how. Idempotent; unknown calls are ignored. */
  callerGone(callId: string, how: string): void;
  /** The stream is over and the caller is still there: what now? */
  afterStream(callId: string): 'hangUp' | 'apologise';
  /** Whether new calls are taken. */
  readonly ready: boolean;
  readonly active: number;
}
