/** Entries and records as tests want them. */
import { type CallFacts, type CallRecord, type Entry, recordFrom } from '../../../src/transcript/index.ts';

/** 2026-01-01T00:00:00Z, where a ManualClock starts. */
export const START_MS = Date.UTC(2026, 0, 1);

export function callFacts(callId = 'CA1'): CallFacts {
  return {
    callId,
    provider: 'twilio',
    agent: 'reception',
    model: 'gemini-3.8-live',
    voice: 'Aoede',
    direction: 'inbound',
    from: '+15550001',
    to: '+15550002',
    sipHeaders: {},
  };
}

export function began(callId = 'CA1'): Entry {
  return { type: 'began', at: START_MS, version: 1, call: callFacts(callId) };
}

export function said(speaker: 'caller' | 'agent', text: string, startMs = 0): Entry {
  const line = { speaker, kind: 'speech', text, heardText: text, cut: false, startMs, endMs: startMs + 1_000 } as const;
  return { type: 'line', at: START_MS + startMs, line };
}

export function record(callId = 'CA1'): CallRecord {
  return recordFrom([
    began(callId),
    { type: 'answered', at: START_MS + 500 },
    said('agent', 'How can I help you?', 100),
    said('caller', 'What time is it?', 1_200),
    { type: 'ended', at: START_MS + 4_500, outcome: { kind: 'completed' } },
  ]);
}
