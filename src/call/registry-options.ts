/** What the calls of a process need of it. */
import type { CallStore, Notes } from '../cluster/index.ts';
import type { Clock } from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import type { CallControl } from '../telephony/index.ts';
import type { CallFacts, CallTranscript, Entry } from '../transcript/index.ts';
import type { Admission } from './admission.ts';
import type { CallAgent } from './call-agent.ts';
import type { CallDeps } from './call-deps.ts';
import type { CallStarts } from './call-start.ts';
import type { LeftCalls } from './left-calls.ts';
import type { RequestedEnds } from './requested-ends.ts';
import type { WarmTransfers } from './warm-transfers.ts';

export interface RegistryOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly admission: Admission;
  readonly callStarts: CallStarts;
  readonly agentFor: (to: string) => CallAgent | undefined;
  readonly agentNamed: (name: string) => CallAgent | undefined;
  readonly openLive: CallDeps['openLive'];
  readonly apologyOf: (agent: string) => CallDeps['apology'];
  readonly oneMomentOf: (agent: string) => CallDeps['oneMoment'];
  readonly beginTranscript: (call: CallFacts, earlier: readonly Entry[]) => CallTranscript;
  /** Where the calls of other processes are seen, and they see ours. */
  readonly store: CallStore;
  readonly notes: Notes;
  readonly whoAnswered: (callId: string) => Promise<string | undefined>;
  readonly warm: WarmTransfers;
  readonly left: LeftCalls;
  readonly requestedEnds: Pick<RequestedEnds, 'by'>;
  /** undefined: the provider cannot be asked for anything. */
  readonly control: CallControl | undefined;
  /** Where the provider asks what comes after a stream. */
  readonly streamEndedUrl: string;
}
