/** Visits every state that a call can reach with every event that can come, and holds the drawn life against it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  advance,
  begin,
  type CallEvent,
  type CallState,
  type Effect,
  FLOW,
  type Phase,
} from '../../../src/call/machine.ts';

const EVENTS: readonly CallEvent[] = [
  { type: 'streamStarted' },
  { type: 'liveReady' },
  { type: 'liveLost', code: 'LIVE_INTERNAL', recoverable: true },
  { type: 'liveLost', code: 'LIVE_QUOTA', recoverable: false },
  { type: 'liveLeaving' },
  { type: 'bargedIn' },
  { type: 'hangUp' },
  { type: 'playedOut' },
  { type: 'callerGone' },
  { type: 'streamLost', code: 'STREAM_LOST' },
  { type: 'deadline' },
];

interface Edge {
  from: CallState;
  event: CallEvent;
  to: CallState;
  effects: readonly Effect[];
}

function walk(): { states: CallState[]; edges: Edge[] } {
  const states: CallState[] = [begin()[0]];
  const seen = new Set([JSON.stringify(states[0])]);
  const edges: Edge[] = [];
  for (const from of states) {
    for (const event of EVENTS) {
      const [to, effects] = advance(from, event);
      edges.push({ from, event, to, effects });
      const key = JSON.stringify(to);
      if (!seen.has(key)) {
        seen.add(key);
        states.push(to);
      }
    }
  }
  return { states, edges };
}

const { states, edges } = walk();
const edge = (phase: Phase, type: CallEvent['type'], recoverable?: boolean): Edge => {
  const found = edges.find(
    (e) =>
      e.from.phase === phase &&
      e.event.type === type &&
      (recoverable === undefined || (e.event.type === 'liveLost' && e.event.recoverable === recoverable)),
  );
  if (found === undefined) throw new Error(`no edge ${phase} ${type}`);
  return found;
};

/** The changes of phase as Mermaid's edges, but for the two ends that are possible from anywhere. */
function diagram(): string[] {
  const labels = new Map<string, Set<string>>();
  for (const { from, event, to } of edges) {
    if (from.phase === to.phase || event.type === 'callerGone' || event.type === 'streamLost') continue;
    const label = event.type === 'liveLost' && !event.recoverable ? 'lostForGood' : event.type;
    const arrow = `${from.phase} --> ${to.phase}`;
    labels.set(arrow, (labels.get(arrow) ?? new Set()).add(label));
  }
  return [...labels].map(([arrow, events]) => `${arrow}: ${[...events].join(', ')}`);
}

describe('the life of a call', () => {
  test('is as ARCHITECTURE.md draws it', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../ARCHITECTURE.md'), 'utf8');
    const drawn = [...page.matchAll(/^ {2}(\w+ --> \w+: .+)$/gm)].map((match) => match[1]);
    expect(drawn.filter((line) => !line?.startsWith('phone'))).toEqual(diagram());
  });

  test('reaches every phase', () => {
    expect(new Set(states.map((state) => state.phase))).toEqual(new Set(Object.keys(FLOW)));
  });

  test('never leaves ended, and does nothing there', () => {
    for (const { from, to, effects } of edges) {
      if (from.phase !== 'ended') continue;
      expect(to).toEqual(from);
      expect(effects).toEqual([]);
    }
  });

  test('is ended by the caller hanging up or the stream breaking, from any phase', () => {
    for (const { event, to } of edges) {
      if (event.type === 'callerGone' || event.type === 'streamLost') expect(to.phase).toBe('ended');
    }
  });

  test('leaves or acts in every phase that has a deadline when it falls due', () => {
    for (const { from, event, to } of edges) {
      if (event.type !== 'deadline' || FLOW[from.phase].deadlineMs === Number.POSITIVE_INFINITY) continue;
      expect(to.phase).not.toBe(from.phase);
    }
  });

  test('reaches ended by deadlines alone from any phase that has one', () => {
    for (const from of states) {
      if (FLOW[from.phase].deadlineMs === Number.POSITIVE_INFINITY) continue;
      let state = from;
      for (let steps = 0; steps < 5 && state.phase !== 'ended'; steps++) [state] = advance(state, { type: 'deadline' });
      expect(state.phase).toBe('ended');
    }
  });

  test('closes session and stream and finishes the transcript exactly when it ends', () => {
    for (const { from, to, effects } of edges) {
      const ends = from.phase !== 'ended' && to.phase === 'ended';
      expect(effects.includes('finish')).toBe(ends);
      if (ends) expect(effects).toEqual(['closeLive', 'closeStream', 'finish']);
    }
  });

  test('apologises whenever the agent is lost for good, and never when the call was asked to end', () => {
    for (const { from, event, effects } of edges) {
      const lost = event.type === 'liveLost' && !event.recoverable;
      if (lost && !['draining', 'ended'].includes(from.phase)) expect(effects).toContain('apologise');
      if (event.type === 'hangUp') expect(effects).not.toContain('apologise');
    }
  });

  test('asks for the greeting whenever a session becomes ready, and never otherwise', () => {
    for (const { from, event, effects } of edges) {
      const ready = event.type === 'liveReady' && ['ringing', 'connecting', 'resuming'].includes(from.phase);
      expect(effects.includes('greet')).toBe(ready);
    }
  });

  test('sends what was held whenever sound begins to flow', () => {
    for (const { from, to, effects } of edges) {
      const begins = FLOW[from.phase].callerAudio !== 'forward' && FLOW[to.phase].callerAudio === 'forward';
      expect(effects.includes('releaseHeldAudio')).toBe(begins);
    }
  });

  test('keeps the outcome that it had when the caller hangs up during the goodbye', () => {
    const [draining] = advance({ phase: 'talking' }, { type: 'liveLost', code: 'LIVE_QUOTA', recoverable: false });
    const [ended] = advance(draining, { type: 'callerGone' });
    expect(ended).toEqual({ phase: 'ended', outcome: { kind: 'failed', fault: 'model', code: 'LIVE_QUOTA' } });
  });

  test.each<[Phase, CallEvent['type'], boolean | undefined, Phase, Effect[]]>([
    ['ringing', 'streamStarted', undefined, 'connecting', []],
    ['ringing', 'liveReady', undefined, 'prepared', ['greet']],
    ['ringing', 'liveLost', true, 'ringing', ['resumeLive']],
    ['prepared', 'streamStarted', undefined, 'talking', ['releaseHeldAudio']],
    ['prepared', 'liveLost', true, 'ringing', ['resumeLive']],
    ['connecting', 'liveReady', undefined, 'talking', ['greet', 'releaseHeldAudio']],
    ['talking', 'bargedIn', undefined, 'talking', ['clearPlayout']],
    ['talking', 'liveLost', true, 'resuming', ['resumeLive']],
    ['talking', 'liveLeaving', undefined, 'resuming', ['resumeLive']],
    ['talking', 'hangUp', undefined, 'draining', ['closeLive']],
    ['resuming', 'liveReady', undefined, 'talking', ['greet', 'releaseHeldAudio']],
    ['resuming', 'deadline', undefined, 'draining', ['closeLive', 'apologise']],
    ['draining', 'playedOut', undefined, 'ended', ['closeLive', 'closeStream', 'finish']],
  ])('%s, %s (recoverable %s): %s', (from, event, recoverable, to, effects) => {
    const found = edge(from, event, recoverable);
    expect(found.to.phase).toBe(to);
    expect(found.effects).toEqual(effects);
  });
});
