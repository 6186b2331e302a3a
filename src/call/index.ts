export {
  Admission,
  type AdmissionOptions,
  type Admittance,
  type AgentLimits,
  type CallSlots,
  type CountedCredential,
} from './admission.ts';
export type { CallAgent } from './call-agent.ts';
export type { LiveRequest, OwnSound } from './call-deps.ts';
export { CallStarts, type CallStartsOptions } from './call-start.ts';
export { languageTag, voiceName } from './choices.ts';
export { LeftCalls, type LeftCallsOptions } from './left-calls.ts';
export type { Next } from './next.ts';
export {
  OutboundCalls,
  type OutboundCallsOptions,
  type OutboundOrder,
  type PlacedCall,
} from './outbound-calls.ts';
export { type OutboundEnd, type OutboundState, outboundEndSchema, outboundStateSchema } from './outbound-state.ts';
export { Overload, type OverloadDeps } from './overload.ts';
export { CallRegistry } from './registry.ts';
export type { RegistryOptions } from './registry-options.ts';
export { RequestedEnds, type RequestedEndsOptions } from './requested-ends.ts';
export type { RingingCall } from './ringing-call.ts';
export type { TakenUp } from './take-up.ts';
export { UnansweredCalls, type UnansweredCallsOptions } from './unanswered-calls.ts';
export { type Ticket, WarmTransfers, type WarmTransfersOptions, withTicket } from './warm-transfers.ts';
