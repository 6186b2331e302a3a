/** A transcript that goes on from what an earlier holder of the call left. */
import { beforeEach, describe, expect, test } from 'vitest';
import {
  beginTranscript,
  createCollector,
  type Entry,
  hasGreeted,
  hasUnusedKeys,
  type Line,
  lastHandle,
  lastTurn,
  recordFrom,
  toolCallsOf,
} from '../../../src/transcript/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { began, callFacts, START_MS, said } from './given.ts';

const earlier: Entry[] = [
  began(),
  { type: 'answered', at: START_MS + 500 },
  { type: 'greeted', at: START_MS + 510 },
  { type: 'handle', at: START_MS + 600, handle: 'old', route: 'main' },
  { type: 'latency', at: START_MS + 700, turn: 1, responseMs: 200 },
  { ...said('agent', 'How can I help you?', 300), turn: 2 } as Entry,
  said('caller', 'What time is it?', 1_500),
  { type: 'handle', at: START_MS + 900, handle: 'new', route: 'spare' },
];

const lineOf = (text: string): Line => ({
  speaker: 'caller',
  kind: 'speech',
  text,
  heardText: text,
  cut: false,
  startMs: 0,
  endMs: 100,
});

let clock: ManualClock;
beforeEach(() => {
  clock = new ManualClock(START_MS + 10_000);
});

describe('what an earlier holder left', () => {
  test('tells the newest handle and its route, whether the agent has greeted, and its last turn', () => {
    expect(lastHandle(earlier)).toEqual({ handle: 'new', route: 'spare' });
    expect(hasGreeted(earlier)).toBe(true);
    expect(lastTurn(earlier)).toBe(2);
    expect([lastHandle([]), hasGreeted([]), lastTurn([])]).toEqual([undefined, false, 0]);
  });

  test('tells what tools were called, and which of them still ran', () => {
    const calledOf = (id: string, name: string): Entry => ({
      type: 'toolCalled',
      at: START_MS,
      id,
      name,
      args: { of: id },
    });
    const answeredOf = (id: string, name: string): Entry => {
      return { type: 'toolAnswered', at: START_MS, id, name, answer: { status: 'ok' } };
    };
    const entries = [
      calledOf('c1', 'look'),
      calledOf('c2', 'look'),
      answeredOf('c2', 'look'),
      calledOf('', 'look'),
      calledOf('', 'book'),
      answeredOf('', 'book'),
    ];
    expect(toolCallsOf(entries).map(({ id, name, answer }) => [id, name, answer])).toEqual([
      ['c1', 'look', undefined],
      ['c2', 'look', { status: 'ok' }],
      ['', 'look', undefined],
      ['', 'book', { status: 'ok' }],
    ]);
  });

  test('tells who was to hear of a call, and what answers the session that its handle leads to may not have heard', () => {
    const at = START_MS;
    const calledOf = (id: string): Entry => ({ type: 'toolCalled', at, id, name: 'look', args: {} });
    const answeredOf = (id: string): Entry => ({
      type: 'toolAnswered',
      at,
      id,
      name: 'look',
      answer: { status: 'ok' },
    });
    const toldOf = (id: string, told: 'text' | 'nobody'): Entry => ({
      type: 'toolUnawaited',
      at,
      id,
      name: 'look',
      told,
    });
    const entries: Entry[] = [
      ...['c1', 'c2', 'c3', 'c4', '', ''].map(calledOf),
      answeredOf('c1'),
      { type: 'handle', at, handle: 'h1', route: 'main' },
      ...[toldOf('c3', 'text'), toldOf('c3', 'nobody'), toldOf('c4', 'text')],
      ...[toldOf('', 'text'), toldOf('', 'text')],
      ...['c2', 'c3'].map(answeredOf),
    ];
    expect(toolCallsOf(entries).map(({ id, told, unheard }) => [id, told, unheard])).toEqual([
      ['c1', 'answer', false],
      ['c2', 'answer', true],
      ['c3', 'nobody', false],
      ['c4', 'text', false],
      ['', 'text', false],
      ['', 'text', false],
    ]);
  });

  test('tells whether keys were pressed that no tool has used', () => {
    const pressed: Entry = { type: 'line', at: START_MS, line: { ...lineOf('1'), kind: 'digits' } };
    const called: Entry = { type: 'toolCalled', at: START_MS, id: 'c1', name: 'check', args: {} };
    const spoken: Entry = { type: 'line', at: START_MS, line: lineOf('Yes.') };
    expect([[], [called, spoken], [pressed, spoken], [called, pressed], [pressed, called]].map(hasUnusedKeys)).toEqual([
      false,
      false,
      true,
      true,
      false,
    ]);
  });

  test('is one record with what follows: one time line, nothing doubled, and the takeover among its events', () => {
    const entries = [...earlier];
    const collector = createCollector({ call: callFacts(), clock, append: (entry) => entries.push(entry), earlier });
    collector.answered(clock.nowMs());
    collector.digit('7', clock.nowMs());
    expect(collector.seed()).toEqual([
      { speaker: 'agent', text: 'How can I help you?' },
      { speaker: 'caller', text: 'What time is it?' },
    ]);
    collector.end({ kind: 'completed' }, clock.nowMs());
    const record = recordFrom(entries);
    expect(record.answeredAt).toBe(new Date(START_MS + 500).toISOString());
    expect(record.lines.map(({ text, startMs }) => [text, startMs])).toEqual([
      ['How can I help you?', 300],
      ['What time is it?', 1_500],
      ['7', 9_500],
    ]);
    expect(record.events).toEqual([{ atMs: 9_500, code: 'TAKEN_UP', detail: expect.any(String) }]);
    expect(entries.filter(({ type }) => type === 'answered')).toHaveLength(1);
  });

  test('has what was heard of a turn when its stream broke, the last of it, unless the turn has its line', () => {
    const heard = (turn: number, heardText: string): Entry => {
      const line = { speaker: 'agent', kind: 'speech', text: 'Good morning.', heardText, cut: true } as const;
      return { type: 'heard', at: START_MS + 900, turn, line: { ...line, startMs: 200 * turn, endMs: 900 } };
    };
    const broken = [began(), heard(1, 'Good'), heard(2, ''), heard(1, 'Good morning')];
    expect(recordFrom(broken).lines.map(({ heardText }) => heardText)).toEqual(['Good morning', '']);
    const finished = [...broken, { ...said('agent', 'Good morning.', 200), turn: 1 } as Entry];
    expect(recordFrom(finished).lines.map(({ heardText }) => heardText)).toEqual(['Good morning.', '']);
    expect(lastTurn(broken)).toBe(2);
    const collector = createCollector({ call: callFacts(), clock, append: () => undefined, earlier: broken });
    expect(collector.seed()).toEqual([{ speaker: 'agent', text: 'Good morning' }]);
  });

  test('stands first in the new journal, and is not told to others again', () => {
    const mirrored: Entry[] = [];
    let opened: readonly Entry[] | undefined;
    const transcript = beginTranscript({
      call: callFacts(),
      clock,
      earlier,
      outbox: {
        open: (_callId: string, first: readonly Entry[] = []) => {
          opened = first;
          return {
            append: () => undefined,
            kept: [],
            unwritten: [],
            lost: 0,
            rewritten: false,
            finish: () => Promise.resolve(),
          };
        },
        settle: () => undefined,
      },
      mirror: (_callId, entry) => mirrored.push(entry),
    });
    transcript.collector.greeted();
    expect(opened).toEqual(earlier);
    expect(mirrored.map(({ type }) => type)).toEqual(['began', 'event', 'greeted']);
  });
});

test('a transcript that is left finishes its lines, arms nothing and takes no more', () => {
  const entries: Entry[] = [];
  const collector = createCollector({ call: callFacts(), clock, append: (entry) => entries.push(entry) });
  collector.answered(clock.nowMs());
  collector.callerSaid('Hello?', clock.nowMs());
  collector.leave();
  collector.callerSaid('Anybody?', clock.nowMs());
  collector.end({ kind: 'completed' }, clock.nowMs());
  expect(entries.flatMap((entry) => (entry.type === 'line' ? [entry.line.text] : []))).toEqual(['Hello?']);
  expect(entries.some(({ type }) => type === 'ended')).toBe(false);
  expect(clock.armed).toBe(0);
});
