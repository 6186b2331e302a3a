/** A call as its provider announces it. */
import type { CallFacts, CallStart, OutboundFacts } from '../transcript/index.ts';
import type { CallAgent } from './call-agent.ts';

export interface RingingCall {
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
  /** What whoever placed an outbound call gave it. */
  readonly outbound?: OutboundFacts | undefined;
  /** What whoever was asked about it made of it; there is none while nobody was. */
  readonly callStart?: CallStart | undefined;
  /** The caller is back from a transfer: the provider's word for how that went. */
  readonly transferStatus?: string | undefined;
  /** The other side is back from having keys pressed for it. */
  readonly keysPressed?: boolean | undefined;
}

/** What the transcript knows of it, once it is known who answers. */
export function factsOf(
  { transferStatus: _, keysPressed: __, ...ringing }: RingingCall,
  { live }: CallAgent,
): CallFacts {
  return { ...ringing, sipHeaders: { ...ringing.sipHeaders }, model: live.model, voice: live.voice };
}

/** The way back. */
export function ringingOf({ model: _model, voice: _voice, ...ringing }: CallFacts): RingingCall {
  return ringing;
}
