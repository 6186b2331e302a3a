/** What a call needs of the process that it is in. */
import type { Pcm } from '../audio/index.ts';
import type { Clock } from '../lib/index.ts';
import type { LiveHandlers, LiveSession, SeedTurn } from '../live/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import type { CallFacts, Collector, Outcome, Transfer } from '../transcript/index.ts';
import type { CallAgent } from './call-agent.ts';
import type { LateTools } from './late-results.ts';
import type { SharedKeys } from './shared-keys.ts';
import type { TakenUp } from './take-up.ts';

/** Words of our own in place of an agent that is gone, for the stream while it lives. */
export interface OwnSound {
  readonly samples: Pcm<8000>;
  /** What the transcript has for it. */
  readonly text: string;
}

/** What a call asks for when it asks for a session. */
export interface LiveRequest {
  readonly callId: string;
  readonly agent: CallAgent;
  readonly handlers: LiveHandlers;
  readonly seed: () => readonly SeedTurn[];
  readonly logger: Logger;
  /** Of a session that another process began. */
  readonly handle: TakenUp['handle'];
}

export interface CallDeps {
  readonly facts: CallFacts;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly collector: Collector;
  readonly openLive: (request: LiveRequest) => LiveSession;
  /** For a caller whose agent is gone for good; undefined: what follows the stream says it. */
  readonly apology: OwnSound | undefined;
  /** For one who waits while the session is away. */
  readonly oneMoment: OwnSound;
  readonly sharedKeys: SharedKeys;
  /** Who has answered an outbound call, in the provider's words; undefined while it has not told. */
  readonly whoAnswered: () => Promise<string | undefined>;
  /** Who has had the call ended that is over at the provider; undefined: the caller has hung up, as far as is known. */
  readonly endedBy: () => Promise<'api' | undefined>;
  /** Whether the other processes cannot be heard of: one of them may have the call by now, and have had our stream stopped. */
  readonly cutOff: () => boolean;
  /** The call has ended; its transcript is complete when its tools are idle. Once, unless `released` was told. */
  readonly ended: (outcome: Outcome, tools: LateTools) => void;
  /**
   * This process lets the call go, to have it go on elsewhere, or to have its caller put through; all that it knows of it is in the
   * transcript. Once, unless `ended` was told.
   */
  readonly released: (transfer: Transfer | undefined) => void;
}
