/** What the doors need to know of the calls behind them. */
import type { Next, RingingCall } from '../call/index.ts';
import type { CallStream, StreamHandlers } from '../telephony/index.ts';

export interface Calls {
  /** The agent for a called number or SIP URI; undefined when nobody answers it. */
  agentFor(to: string): string | undefined;
  /**
   * The call is announced, and what its caller gets comes back: of one that has ended already, what an ended one gets. Idempotent
   * by call id. A call that is `abandoned` before it was taken is not. Rejects with Failure SERVICE_DRAINING, SERVICE_FULL,
   * SERVICE_OVERLOADED, AGENT_FULL, CALLER_LIMIT, LIVE_FULL, AGENT_UNKNOWN.
   */
  ring(call: RingingCall, abandoned: AbortSignal): Promise<Next>;
  /** The call's stream has started. Fails as `ring` does, and with STREAM_DUPLICATE. */
  answer(call: RingingCall, stream: CallStream): StreamHandlers | Promise<StreamHandlers>;
  /**
   * The provider says that the call is over, and how; and `transferStatus`, how its transfer went, where it says that, too. Idempotent;
   * unknown calls are ignored. When it resolves, the provider need not tell of it again.
   */
  callerGone(callId: string, how: string, transferStatus?: string): void | Promise<void>;
  /** The stream is over and the caller is still there: what now? `call` is what the provider says of it now. */
  afterStream(call: RingingCall): Promise<Next>;
  /** As `afterStream`, when a transfer is over; `status` is the provider's word for how it went. */
  afterTransfer(call: RingingCall, status: string): Promise<Next>;
  /** Whoever the caller is put through to has answered. Idempotent. */
  putThrough(callId: string): Promise<void>;
  /** Whether there are other processes that might take a call. */
  hasNeighbours(): Promise<boolean>;
  /** Whether new calls are taken, and if not, why. */
  readonly ready: boolean;
  readonly notReadyBecause: readonly string[];
  readonly active: number;
}
