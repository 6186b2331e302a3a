import { describe, expect, test } from 'vitest';
import { callRecordSchema, type Entry, recordFrom } from '../../../src/transcript/index.ts';
import { began, callFacts, START_MS, said } from './given.ts';

const usage = (promptTokens: number, audio: number): Entry => ({
  type: 'usage',
  at: START_MS,
  usage: {
    promptTokens,
    responseTokens: 1,
    thoughtsTokens: 2,
    toolUseTokens: 3,
    cachedTokens: 4,
    totalTokens: promptTokens + 1,
    promptByModality: { audio },
    responseByModality: { audio: 1 },
  },
});
const latency = (turn: number, responseMs: number): Entry => ({ type: 'latency', at: START_MS, turn, responseMs });

describe('the record', () => {
  test('holds what the journal does, in order, with totals', () => {
    const record = recordFrom([
      began(),
      { type: 'event', at: START_MS + 100, code: 'LIVE_LOST', detail: 'resumed' },
      { type: 'answered', at: START_MS + 500 },
      said('agent', 'second', 2_000),
      said('caller', 'first', 1_000),
      { type: 'handle', at: START_MS, handle: 'secret-handle' },
      { type: 'toolCalled', at: START_MS + 700, id: 'a', name: 'look', args: { q: 1 } },
      { type: 'toolCalled', at: START_MS + 800, id: 'b', name: 'look', args: {} },
      { type: 'toolAnswered', at: START_MS + 900, id: 'a', name: 'look', answer: { r: 2 } },
      usage(10, 7),
      usage(20, 8),
      { type: 'untranscribed', at: START_MS, turn: 4 },
      { type: 'ended', at: START_MS + 60_500, outcome: { kind: 'callerGone' } },
    ]);
    expect(callRecordSchema.parse(record)).toEqual(record);
    expect(record).toMatchObject({
      ...callFacts(),
      startedAt: '2026-01-01T00:00:00.000Z',
      answeredAt: '2026-01-01T00:00:00.500Z',
      endedAt: '2026-01-01T00:01:00.500Z',
      durationMs: 60_000,
      outcome: { kind: 'callerGone' },
      lines: [{ text: 'first' }, { text: 'second' }],
      toolCalls: [
        { id: 'a', answer: { r: 2 }, calledAtMs: 200, answeredAtMs: 400 },
        { id: 'b', answer: null, answeredAtMs: null },
      ],
      usage: { promptTokens: 30, totalTokens: 32, promptByModality: { audio: 15 }, responseByModality: { audio: 2 } },
      events: [{ atMs: -400, code: 'LIVE_LOST', detail: 'resumed' }],
      missing: { untranscribedTurns: 1, damagedLines: 0, lostEntries: 0 },
    });
    expect(JSON.stringify(record)).not.toContain('secret-handle');
  });

  test('tells what was looked up, and has no word of it when nothing was', () => {
    const grounding = { queries: ['hours'], sources: [{ title: 'Example', uri: 'https://example.com/' }] };
    const record = recordFrom([
      began(),
      { type: 'answered', at: START_MS + 500 },
      { type: 'grounded', at: START_MS + 900, grounding },
    ]);
    expect(record.grounding).toEqual([{ atMs: 400, ...grounding }]);
    expect(callRecordSchema.parse(record)).toEqual(record);
    expect(recordFrom([began()])).not.toHaveProperty('grounding');
  });

  test('has each tool call with its own answer, also where the service gives no ids', () => {
    const called = (at: number, name: string): Entry => ({ type: 'toolCalled', at, id: '', name, args: {} });
    const answered = (at: number, name: string, free: number): Entry => {
      return { type: 'toolAnswered', at, id: '', name, answer: { free } };
    };
    const { toolCalls } = recordFrom([
      began(),
      { type: 'answered', at: START_MS },
      called(START_MS + 100, 'look'),
      called(START_MS + 200, 'book'),
      answered(START_MS + 300, 'book', 1),
      answered(START_MS + 400, 'look', 2),
      called(START_MS + 500, 'look'),
      answered(START_MS + 600, 'look', 3),
      called(START_MS + 700, 'look'),
    ]);
    expect(toolCalls.map(({ name, answer, answeredAtMs }) => [name, answer, answeredAtMs])).toEqual([
      ['look', { free: 2 }, 400],
      ['book', { free: 1 }, 300],
      ['look', { free: 3 }, 600],
      ['look', null, null],
    ]);
  });

  test('says how fast the agent answered: percentiles are measured values', () => {
    const { responses } = recordFrom([began(), ...[900, 100, 500, 300, 700].map((ms, turn) => latency(turn, ms))]);
    expect(responses.turns).toHaveLength(5);
    expect([responses.p50Ms, responses.p95Ms]).toEqual([500, 900]);
    expect(recordFrom([began()]).responses).toEqual({ turns: [], p50Ms: null, p95Ms: null });
  });

  test('of a journal without an end tells that the process died, as of its last entry', () => {
    const record = recordFrom([began(), { type: 'answered', at: START_MS }, said('caller', 'help', 9_000)]);
    expect(record.outcome).toEqual({ kind: 'failed', fault: 'us', code: 'PROCESS_DIED' });
    expect(record.endedAt).toBe('2026-01-01T00:00:09.000Z');
    expect(record.durationMs).toBe(9_000);
  });

  test('of a caller who was put through says so, unless they came back', () => {
    const transfer = { name: 'desk', to: '+15550177', timeoutSeconds: 20 };
    const put = [
      began(),
      said('agent', 'I put you through.'),
      { type: 'transferred', at: START_MS + 9_000, transfer },
    ] as const;
    const record = recordFrom(put);
    expect(record.outcome).toEqual({ kind: 'transferred', to: 'desk' });
    expect(record.endedAt).toBe('2026-01-01T00:00:09.000Z');
    expect(JSON.stringify(record)).not.toContain(transfer.to);
    expect(recordFrom([...put, began()]).outcome).toMatchObject({ code: 'PROCESS_DIED' });
    // Of those who wait until somebody takes their call, that is said.
    const warm = { accept: 'key', summary: 'Ada calls.', prompt: 'Press 1.' } as const;
    const waiting = { type: 'transferred', at: START_MS + 9_000, transfer: { ...transfer, warm } } as const;
    expect(recordFrom([began(), waiting]).outcome).toEqual({ kind: 'callerGone' });
  });

  test('has the messages that were taken, and none where none was', () => {
    const message = { text: 'Call me.', name: 'Ann' };
    const record = recordFrom([
      began(),
      { type: 'answered', at: START_MS },
      { type: 'message', at: START_MS + 4_000, message },
    ]);
    expect(record.messages).toEqual([{ atMs: 4_000, ...message }]);
    expect(recordFrom([began()])).not.toHaveProperty('messages');
  });

  test('of a call that was never answered lasts no time', () => {
    const record = recordFrom([
      began(),
      {
        type: 'ended',
        at: START_MS + 30_000,
        outcome: { kind: 'failed', fault: 'provider', code: 'STREAM_START_TIMEOUT' },
      },
    ]);
    expect(record).toMatchObject({ answeredAt: null, durationMs: 0 });
  });

  test('of a call that another process took up keeps what the first one knew', () => {
    const later = began();
    const record = recordFrom([
      began(),
      said('caller', 'a'),
      { ...later, at: START_MS + 5_000 },
      said('agent', 'b', 6_000),
    ]);
    expect(record.startedAt).toBe('2026-01-01T00:00:00.000Z');
    expect(record.lines).toHaveLength(2);
  });

  test('cannot be made when nobody knows of which call', () => {
    expect(() => recordFrom([said('caller', 'hi')])).toThrow(expect.objectContaining({ code: 'RECORD_INVALID' }));
  });
});
