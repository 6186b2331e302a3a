import { beforeEach, describe, expect, test } from 'vitest';
import {
  type Collector,
  createCollector,
  type Entry,
  type Line,
  type Outcome,
  recordFrom,
} from '../../../src/transcript/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { callFacts, START_MS } from './given.ts';

const COMPLETED: Outcome = { kind: 'completed' };

let clock: ManualClock;
let entries: Entry[];
let collector: Collector;
const now = () => clock.nowMs();
const lines = (): Line[] => entries.flatMap((entry) => (entry.type === 'line' ? [entry.line] : []));
const texts = () => lines().map(({ speaker, text }) => `${speaker}: ${text}`);
const played = (startMs: number, endMs: number) => ({
  startMs,
  endMs,
  heardMs: endMs - startMs,
  generatedMs: endMs - startMs,
  cut: false,
});

beforeEach(() => {
  clock = new ManualClock();
  entries = [];
  collector = createCollector({ call: callFacts(), clock, append: (entry) => entries.push(entry) });
  clock.tick(1_000);
  collector.answered(now());
});

describe('the caller', () => {
  test('is one line of many fragments, finished when the agent answers, with the times of the voice', () => {
    collector.callerVoice('started', now() + 200);
    clock.tick(1_500);
    collector.callerVoice('ended', now());
    collector.callerSaid(' What time', now() + 100);
    collector.callerSaid(' is it? ', now() + 200);
    expect(lines()).toEqual([]);
    clock.tick(800);
    collector.agentTurnStarted(1, now());
    expect(lines()).toEqual([
      {
        speaker: 'caller',
        kind: 'speech',
        text: 'What time is it?',
        heardText: 'What time is it?',
        cut: false,
        startMs: 200,
        endMs: 1_500,
      },
    ]);
  });

  test('is finished by a pause, when nobody answers', () => {
    collector.callerSaid('Hello?', now());
    clock.tick(2_999);
    expect(lines()).toEqual([]);
    clock.tick(1);
    expect(texts()).toEqual(['caller: Hello?']);
  });

  test('is not cut in two by a slow transcription while the voice goes on', () => {
    collector.callerVoice('started', now());
    collector.callerSaid('My number', now());
    clock.tick(10_000);
    collector.callerSaid(' is long', now());
    collector.callerVoice('ended', now());
    clock.tick(3_000);
    expect(texts()).toEqual(['caller: My number is long']);
  });

  test('whose transcription comes after the answer began gets a line of its own, at the time of the voice', () => {
    collector.callerVoice('started', now() + 100);
    clock.tick(1_000);
    collector.callerVoice('ended', now());
    clock.tick(500);
    collector.agentTurnStarted(1, now());
    collector.agentSaid(1, 'It is noon.');
    collector.callerSaid('What time is it?', now() + 50);
    clock.tick(2_000);
    collector.agentTurnEnded(1, played(now() - 2_000, now()));
    collector.end(COMPLETED, now());
    expect(lines().find(({ speaker }) => speaker === 'caller')).toMatchObject({ startMs: 100, endMs: 1_000 });
  });

  test('who pauses for long begins a new line, and noise without words does not move its start', () => {
    collector.callerVoice('started', now());
    collector.callerVoice('ended', now() + 300);
    clock.tick(20_000);
    collector.callerVoice('started', now());
    collector.callerVoice('ended', now() + 900);
    collector.callerSaid('Are you there?', now() + 1_000);
    collector.end(COMPLETED, now() + 2_000);
    expect(lines()[0]).toMatchObject({ startMs: 20_000, endMs: 20_900 });
  });
});

describe('keys', () => {
  test('pressed within two seconds of each other are one line', () => {
    for (const digit of '123#') {
      collector.digit(digit, now());
      clock.tick(1_900);
    }
    clock.tick(100);
    collector.digit('9', now());
    collector.end(COMPLETED, now());
    expect(lines().map(({ kind, text }) => [kind, text])).toEqual([
      ['digits', '123#'],
      ['digits', '9'],
    ]);
  });

  test('finish what the caller was saying, and stay together while the agent speaks', () => {
    collector.callerSaid('My code is', now());
    collector.digit('4', now());
    collector.agentTurnStarted(1, now());
    collector.digit('2', now());
    collector.end(COMPLETED, now());
    expect(texts().slice(0, 2)).toEqual(['caller: My code is', 'caller: 42']);
  });
});

describe('the agent', () => {
  test('is a line a turn, also when text came before the first sound', () => {
    collector.agentSaid(1, 'Good ');
    collector.agentTurnStarted(1, now());
    collector.agentSaid(1, 'morning.');
    clock.tick(1_200);
    collector.agentTurnEnded(1, played(now() - 1_200, now()));
    collector.end(COMPLETED, now());
    expect(lines()).toEqual([
      {
        speaker: 'agent',
        kind: 'speech',
        text: 'Good morning.',
        heardText: 'Good morning.',
        cut: false,
        startMs: 0,
        endMs: 1_200,
      },
    ]);
  });

  test('who is cut is recorded as far as it was heard', () => {
    collector.agentTurnStarted(1, now());
    collector.agentSaid(1, 'one two three four');
    collector.agentTurnEnded(1, { startMs: now(), endMs: now() + 500, heardMs: 500, generatedMs: 1_000, cut: true });
    collector.end(COMPLETED, now());
    expect(lines()).toMatchObject([{ text: 'one two three four', heardText: 'one two', cut: true }]);
  });

  test('text that comes just after the end of its turn still belongs to it; later, nothing is added', () => {
    collector.agentTurnStarted(1, now());
    collector.agentSaid(1, 'Good');
    collector.agentTurnEnded(1, played(now(), now()));
    clock.tick(900);
    collector.agentSaid(1, ' bye.');
    expect(lines()).toEqual([]);
    clock.tick(100);
    collector.agentSaid(1, ' What else?');
    expect(collector.seed()).toEqual([{ speaker: 'agent', text: 'Good bye.' }]);
    collector.end(COMPLETED, now());
    expect(texts()).toEqual(['agent: Good bye.']);
  });

  test('turn without text makes no line, and is counted', () => {
    collector.agentTurnStarted(7, now());
    collector.agentTurnEnded(7, played(now(), now() + 100));
    collector.end(COMPLETED, now());
    expect(lines()).toEqual([]);
    expect(entries).toContainEqual(expect.objectContaining({ type: 'untranscribed', turn: 7 }));
  });

  test('text that never sounded is no part of the dialogue', () => {
    collector.agentSaid(1, 'never played');
    collector.end(COMPLETED, now());
    expect(lines()).toEqual([]);
  });

  test('turn of which no sound ever went out makes no line, and is not missed', () => {
    collector.agentSaid(1, 'cut off before its first word');
    collector.agentTurnEnded(1, { startMs: now(), endMs: now(), heardMs: 0, generatedMs: 400, cut: true });
    collector.agentTurnEnded(2, { startMs: now(), endMs: now(), heardMs: 0, generatedMs: 400, cut: true });
    collector.end(COMPLETED, now());
    expect(entries.map(({ type }) => type)).toEqual(['began', 'answered', 'ended']);
  });

  test('whose turn nobody ended is not claimed to have been heard', () => {
    collector.agentTurnStarted(1, now());
    collector.agentSaid(1, 'Hello');
    collector.end(COMPLETED, now());
    expect(lines()).toMatchObject([{ text: 'Hello', heardText: '', cut: true }]);
  });
});

describe('a stream that breaks', () => {
  const heard = () => entries.flatMap((entry) => (entry.type === 'heard' ? [[entry.turn, entry.line.heardText]] : []));

  test('has written down what was heard of each turn, and what the caller said, before anybody else takes the call up', () => {
    collector.agentTurnStarted(1, now());
    collector.agentSaid(1, 'Good morning.');
    collector.agentTurnEnded(1, played(now(), now()));
    collector.callerSaid('Hello', now());
    collector.agentSaid(2, 'one two three four');
    collector.agentSaid(3, 'not begun');
    collector.interrupted(new Map([[2, { startMs: now(), endMs: now(), heardMs: 5, generatedMs: 10, cut: true }]]));
    expect(heard()).toEqual([
      [1, 'Good morning.'],
      [2, 'one two'],
    ]);
    expect(texts()).toEqual(['caller: Hello']);
  });

  test('leaves the turn open: it may be heard to its end by the next one', () => {
    collector.agentTurnStarted(1, now());
    collector.agentSaid(1, 'one two');
    collector.interrupted(new Map([[1, { startMs: now(), endMs: now(), heardMs: 5, generatedMs: 10, cut: true }]]));
    collector.agentSaid(1, ' three four');
    collector.agentTurnEnded(1, played(now(), now() + 100));
    collector.end(COMPLETED, now());
    expect(texts()).toEqual(['agent: one two three four']);
  });
});

describe('the response time', () => {
  test("runs from the caller's last voice to the agent's first sound", () => {
    collector.callerVoice('started', now());
    collector.callerVoice('ended', now() + 400);
    expect(collector.agentTurnStarted(3, now() + 1_150)).toBe(750);
    expect(entries.at(-1)).toEqual({ type: 'latency', at: now() + 1_150, turn: 3, responseMs: 750 });
  });

  test('is not measured for a turn that answers nothing, nor while the caller still speaks', () => {
    expect(collector.agentTurnStarted(1, now())).toBeUndefined();
    collector.agentTurnEnded(1, played(now(), now() + 500));
    expect(collector.agentTurnStarted(2, now() + 9_000)).toBeUndefined();
    collector.callerVoice('started', now() + 9_100);
    expect(collector.agentTurnStarted(3, now() + 9_500)).toBeUndefined();
  });

  test('ignores a cough that did not stop the agent, and counts what did', () => {
    for (const cut of [false, true]) {
      collector.agentTurnStarted(1, now());
      collector.callerVoice('started', now() + 100);
      collector.callerVoice('ended', now() + 200);
      collector.agentTurnEnded(1, { ...played(now(), now() + 1_000), cut });
      expect(collector.agentTurnStarted(2, now() + 1_200)).toBe(cut ? 1_000 : undefined);
      collector.agentTurnEnded(2, played(now(), now() + 2_000));
    }
  });
});

describe('the seed', () => {
  test('is the dialogue as it was heard, with what is being said now', () => {
    collector.agentTurnStarted(1, now());
    collector.agentSaid(1, 'one two three four');
    collector.agentTurnEnded(1, { startMs: now(), endMs: now() + 500, heardMs: 500, generatedMs: 1_000, cut: true });
    collector.callerSaid('Stop.', now());
    clock.tick(4_000);
    collector.digit('5', now());
    clock.tick(2_000);
    collector.agentTurnStarted(2, now());
    collector.agentSaid(2, 'Fine, I');
    collector.callerSaid('And', now());
    expect(collector.seed()).toEqual([
      { speaker: 'agent', text: 'one two' },
      { speaker: 'caller', text: 'Stop.' },
      { speaker: 'caller', text: '(keys pressed: 5)' },
      { speaker: 'agent', text: 'Fine, I' },
      { speaker: 'caller', text: 'And' },
    ]);
    expect(lines()).toHaveLength(3);
  });

  test('keeps the newest of a long call', () => {
    for (let i = 0; i < 100; i++) {
      collector.callerSaid(`${i} ${'x'.repeat(996)}`, now());
      clock.tick(3_000);
    }
    const seed = collector.seed();
    expect(seed.at(-1)?.text).toMatch(/^99 /);
    expect(seed.length).toBeGreaterThan(15);
    expect(seed.map(({ text }) => text).join('').length).toBeLessThanOrEqual(20_000);
  });
});

describe('a call', () => {
  test('is journaled from its first moment to its last, with what happened between', () => {
    collector.toolCalled({ id: 't1', name: 'lookup', args: { q: 'x' } });
    collector.toolAnswered({ id: 't1', name: 'lookup', answer: { ok: true } });
    collector.handle('h1');
    collector.event(now(), 'LIVE_LOST', 'resumed after 300 ms');
    collector.end(COMPLETED, now() + 5);
    expect(entries.map(({ type, at }) => [type, at - START_MS])).toEqual([
      ['began', 0],
      ['answered', 1_000],
      ['toolCalled', 1_000],
      ['toolAnswered', 1_000],
      ['handle', 1_000],
      ['event', 1_000],
      ['ended', 1_005],
    ]);
  });

  test('has a word of model and voice only where they are not those before, whichever process had these', () => {
    const own = { model: 'gemini-3.8-live', voice: 'Aoede' };
    const other = { model: 'gemini-3.8-live', voice: 'Kore' };
    const call = { ...callFacts(), ...own };
    const alternativesOf = (...sessions: (typeof own)[]): unknown[] => {
      const before = entries.length;
      const one = createCollector({ call, clock, append: (entry) => entries.push(entry), earlier: entries.slice() });
      for (const session of sessions) one.spoken(session);
      return entries.slice(before).filter(({ type }) => type === 'alternative');
    };
    entries.length = 0;
    expect(alternativesOf(own, own)).toEqual([]);
    expect(alternativesOf(other, other)).toMatchObject([other]);
    expect(alternativesOf(other)).toEqual([]);
    expect(alternativesOf(own)).toMatchObject([own]);
    expect(recordFrom(entries).alternatives).toMatchObject([other, own]);
  });

  test('takes nothing after its end, and leaves no timer', () => {
    collector.callerSaid('Bye', now());
    collector.agentTurnStarted(1, now());
    collector.agentSaid(1, 'Bye');
    collector.agentTurnEnded(1, played(now(), now() + 100));
    collector.end(COMPLETED, now());
    const count = entries.length;
    collector.end({ kind: 'callerGone' }, now());
    collector.callerSaid('more', now());
    collector.digit('1', now());
    collector.agentTurnEnded(2, played(now(), now()));
    collector.event(now(), 'LIVE_LOST', '');
    expect(collector.agentTurnStarted(2, now())).toBeUndefined();
    expect(entries).toHaveLength(count);
    expect(clock.armed).toBe(0);
  });

  const booked = { id: 'c1', name: 'book', answer: { status: 'ok' } };

  test('takes what became of a side effect that was under way when it ended', () => {
    collector.toolCalled({ id: 'c1', name: 'book', args: {} });
    collector.end({ kind: 'callerGone' }, now());
    clock.tick(2_000);
    collector.toolAnswered(booked);
    const { endedAt, toolCalls } = recordFrom(entries);
    expect(toolCalls).toMatchObject([{ answer: { status: 'ok' } }]);
    expect(toolCalls[0]!.answeredAtMs! - toolCalls[0]!.calledAtMs).toBe(2_000);
    expect(Date.parse(endedAt)).toBe(now() - 2_000);
  });

  test('takes nothing when another process goes on with it', () => {
    collector.leave();
    const count = entries.length;
    collector.toolAnswered(booked);
    expect(entries).toHaveLength(count);
  });
});
