/** The simulated parties: a phone and a Live model. Nothing but the command line and tests comes here. */
export { type Expectation, type ExpectedLine, matchesHeard } from './expectation.ts';
export { type FixtureCall, isParty, listFixtures, loadFixture } from './fixture.ts';
export type { UpgradeRequest } from './live/access.ts';
export { describeSessionEvent } from './live/describe.ts';
export type { SocketFault } from './live/faults.ts';
export type { Refusal } from './live/refusals.ts';
export { DEFAULT_SCENARIO, parseScenario, type Scenario, type ScenarioInput } from './live/scenario.ts';
export { readScenario } from './live/scenario-file.ts';
export {
  createLiveSimulator,
  type LiveServerOptions,
  type LiveSimulator,
  type LiveSimulatorOptions,
  type LiveSimulatorServer,
  startLiveSimulator,
} from './live/server.ts';
export type { SessionEvent, SessionRecord } from './live/session-record.ts';
export type { TextFault, TextRequest } from './live/text-model.ts';
export { type Balance, balance, balancedNetwork } from './phone/balance.ts';
export { type Callee, nobody, person, voicemail } from './phone/callee.ts';
export { type CallOptions, type CallResult, placeCall } from './phone/caller.ts';
export { describePhoneEvent } from './phone/describe.ts';
export {
  type CallEnd,
  createTimeline,
  type PhoneEvent,
  type PhoneHappening,
  type Timeline,
  type Warning,
} from './phone/events.ts';
export { TwilioFault, type TwilioFaultCode } from './phone/fault.ts';
export { createHandset, type Handset } from './phone/handset.ts';
export type { HeardSound, StreamSpan } from './phone/hindsight.ts';
export type { TwimlDocument } from './phone/journey.ts';
export { type Line, type LineEnd, startLine } from './phone/line.ts';
export { type LineFault, lineFault } from './phone/line-faults.ts';
export { type PhoneNetwork, type PhoneRequest, type PhoneResponse, realNetwork } from './phone/network.ts';
export { type ProviderHabits, type ProviderHabitsInput, providerHabits } from './phone/provider-habits.ts';
export type { Recording } from './phone/record.ts';
export { runScript, ScriptFailure } from './phone/run-script.ts';
export { type CallScript, callScript, type ScriptStep } from './phone/script.ts';
export {
  type CallState,
  createSwitchboard,
  type Destination,
  type Switchboard,
  type SwitchedCall,
} from './phone/switchboard.ts';
export { type Provider, type ProviderOptions, startProvider } from './provider.ts';
export { createExchange, type Exchange, type ExchangedCall, type ExchangeOptions } from './twilio/exchange.ts';
export type { RefusalCode } from './twilio/refusal.ts';
export {
  type RestTrouble,
  type ServedRequest,
  startTwilioSimulator,
  type TwilioSimulator,
  type TwilioSimulatorOptions,
} from './twilio/server.ts';
