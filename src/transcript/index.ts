export type { PlayedTurn } from './agent-line.ts';
export { ANALYSES, type Analysis, type AnalysisName, analysisSchema, type Verdict } from './analysis.ts';
export { checkedCallId } from './call-id.ts';
export { beginTranscript, type CallTranscript, endTranscript } from './call-transcript.ts';
export { type Collector, type CollectorOptions, createCollector } from './collector.ts';
export { type Cost, costSchema } from './cost.ts';
export type { SaidTurn } from './dialogue.ts';
export {
  answeredMs,
  type EarlierToolCall,
  hasGreeted,
  hasUnusedKeys,
  lastHandle,
  lastTurn,
  machineNoticed,
  toolCallsOf,
  transferOf,
  wasHandedOver,
  withoutOwnWords,
} from './earlier.ts';
export {
  type CallFacts,
  type CallStart,
  callFactsSchema,
  callStartSchema,
  type Entry,
  entrySchema,
  type OutboundFacts,
  outboundFactsSchema,
  type Sound,
  type Usage,
  usageSchema,
} from './entry.ts';
export { heardText } from './heard.ts';
export { type Journal, PRIVATE_FILE, PRIVATE_FOLDER, readJournal, syncFolder } from './journal.ts';
export type { Line, Speaker } from './line.ts';
export { ifThere, moved, orphans } from './orphans.ts';
export { createOutbox, type LeftCall, type Outbox, type OutboxOptions } from './outbox.ts';
export { type Outcome, outcomeSchema, UNANSWERED, type Unanswered } from './outcome.ts';
export { type Owners, openOwners } from './owners.ts';
export { type CallRecord, callRecordSchema } from './record.ts';
export { recordFrom } from './record-from.ts';
export { heldLongerMs, type Transfer, transferSchema } from './transfer.ts';
export { addedUsage, NO_USAGE } from './usage.ts';
export type { JournalSeen, Whereabouts } from './whereabouts.ts';
