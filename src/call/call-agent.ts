/** What a call needs to know of its agent. */
import type { LiveSettings } from '../live/index.ts';
import type { Tool } from '../tools/index.ts';
import type { AgentLimits, CountedCredential } from './admission.ts';
import type { GuardSettings } from './guard-settings.ts';
import type { IdleSettings } from './idle.ts';
import type { KeySettings } from './keys.ts';
import type { Patience } from './patience.ts';
import type { Wording } from './wording.ts';

/** Who is asked about a call while it rings. */
export interface CallStartWebhook {
  readonly url: string;
  /** "whsec_" and base64. */
  readonly secret: string;
  readonly deadlineMs: number;
}

export interface CallAgent {
  readonly name: string;
  /** What the agent says first; undefined: it waits for the caller. */
  readonly greeting?: string | undefined;
  /** What is said to a machine that answers an outbound call. */
  readonly message?: string | undefined;
  readonly live: LiveSettings;
  /** Greeting and instruction with places for what is known of the call; undefined: they stand as they are. */
  readonly wording?: Wording | undefined;
  readonly callStart?: CallStartWebhook | undefined;
  /** What the model may call; undefined: nothing. */
  readonly tools?: readonly Tool[] | undefined;
  /** What happens when a machine answers an outbound call; undefined: nobody looks. */
  readonly outbound: { readonly machine?: 'hangUp' | 'leaveMessage' | undefined };
  readonly limits: {
    readonly callMs: number;
    /** When nobody has said anything for so long, the call ends. */
    readonly silenceMs: number;
    readonly heldAudioMs: number;
  } & AgentLimits;
  /** Whose sessions are counted, in the order of preference; empty when one of them is without limit. */
  readonly credentials: readonly CountedCredential[];
  /** How long it may say nothing in its turn, and what each remedy has to help; undefined: nobody watches. */
  readonly patience?: Patience | undefined;
  /** When a caller who says nothing is asked whether they are there; undefined: nobody asks. */
  readonly idle?: IdleSettings | undefined;
  /** What the caller hears before the stream opens, and how long that lasts at most. */
  readonly notice?: { readonly lengthMs: number } | undefined;
  /** What the model does not hear of the caller while the agent speaks; undefined: it hears everything. */
  readonly guard?: GuardSettings | undefined;
  /** Up to this share of the agent's amplitude, what comes from the phone may be its echo. */
  readonly echoFactor: number;
  /** How keys are put together; undefined: each is told by itself. */
  readonly keys?: KeySettings | undefined;
}
