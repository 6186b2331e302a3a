/** What the verbs of a call's TwiML share: the caller's phone, the ways to the service, and what else can happen on the way. */
import type { Clock, Ids } from '../../lib/index.ts';
import type { CallEnd } from './events.ts';
import type { Handset } from './handset.ts';
import type { Line } from './line.ts';
import type { LineFaults } from './line-faults.ts';
import type { PhoneNetwork } from './network.ts';
import type { ProviderHabits } from './provider-habits.ts';
import type { Recording } from './record.ts';
import type { Rooms } from './rooms.ts';
import type { Steering } from './steering.ts';
import type { Verb } from './twiml.ts';
import type { SignedHttp } from './webhook.ts';
import type { CallFacts } from './wire.ts';

export interface TwimlDocument {
  /** Where it came from: its addresses are relative to this. */
  readonly url: string;
  readonly verbs: readonly Verb[];
}

/** What is asked of the service beside what every request carries. */
export type Extra = Readonly<Record<string, string>>;

export interface Journey {
  readonly facts: CallFacts;
  readonly handset: Handset;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly network: PhoneNetwork;
  readonly http: SignedHttp;
  readonly authToken: string;
  readonly habits: ProviderHabits;
  readonly faults: LineFaults;
  readonly steering: Steering;
  /** Asks the service what comes next. Throws TwilioFault. */
  ask(url: string, extra?: Extra, fallbackUrl?: string): Promise<TwimlDocument>;
  /** As `ask`, beside the call's own documents. */
  fetch(url: string): Promise<TwimlDocument>;
  /** As `ask`, where no answer is waited for: its failure changes nothing. */
  tell(url: string, extra: Extra): Promise<void>;
  /** Tells the service what is not of this call alone; never rejects. */
  post(url: string, form: Extra): Promise<void>;
  /** The conferences that it can join. */
  readonly rooms: Rooms;
  lineStarted(line: Line): void;
  recorded(recording: Recording): void;
}

/** What comes after a verb: the next one, another document, or the end of the call. */
export type Step = 'next' | { readonly ask: string; readonly extra?: Extra } | { readonly end: CallEnd };

/** Whether the call is over or was led elsewhere: no verb goes on then. */
export const left = ({ handset, steering }: Pick<Journey, 'handset' | 'steering'>): boolean =>
  handset.end !== undefined || steering.signal.aborted;

/** True when the time has passed, or there is `enough` before, false when the call left. */
export async function pause(
  journey: Pick<Journey, 'handset' | 'steering'>,
  lengthMs: number,
  enough: () => boolean = () => false,
): Promise<boolean> {
  if (lengthMs > 0) {
    const { handset, steering } = journey;
    const { signal } = steering;
    const untilMs = handset.elapsedMs() + lengthMs;
    await handset.until(() => signal.aborted || handset.elapsedMs() >= untilMs || enough());
  }
  return !left(journey);
}
