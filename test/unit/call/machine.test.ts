/** Visits every state that a call can reach with every event that can come, and holds the drawn life against it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  advance,
  begin,
  beginTakenUp,
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
  { type: 'leave', next: 'agent' },
  { type: 'leave', next: 'silence' },
  { type: 'leave', next: { name: 'desk', to: '+15551230100', timeoutSeconds: 20 } },
  { type: 'heardOut' },
  { type: 'callerSpoke' },
  { type: 'hangUp', by: 'silence' },
  { type: 'hangUp', by: 'timeLimit' },
  { type: 'hangUp', by: 'shutdown' },
  { type: 'hangUp', by: 'machine' },
  { type: 'playedOut' },
  { type: 'agentMute', rung: 'nudge' },
  { type: 'agentMute', rung: 'resume' },
  { type: 'agentMute', rung: 'afresh' },
  { type: 'agentMute', rung: 'goodbye' },
  { type: 'callerGone' },
  { type: 'callerGone', by: 'api' },
  { type: 'abandoned', code: 'SHUTDOWN' },
  { type: 'streamLost', code: 'STREAM_LOST' },
  { type: 'handOver' },
  { type: 'taken' },
  { type: 'deadline' },
];

interface Edge {
  from: CallState;
  event: CallEvent;
  to: CallState;
  effects: readonly Effect[];
}

function walk(): { states: CallState[]; edges: Edge[] } {
  const states: CallState[] = [begin()[0], beginTakenUp('PROCESS_DIED')[0]];
  const seen = new Set(states.map((state) => JSON.stringify(state)));
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

/** What can end a call, or this process's part in it, from anywhere. */
const ANYWHERE: ReadonlySet<CallEvent['type']> = new Set(['callerGone', 'abandoned', 'handOver', 'taken']);

/** The changes of phase as Mermaid's edges, but for those that are possible from anywhere. */
function diagram(): string[] {
  const labels = new Map<string, Set<string>>();
  for (const { from, event, to } of edges) {
    if (from.phase === to.phase || ANYWHERE.has(event.type)) continue;
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

  test('never leaves ended or released, and does nothing there', () => {
    for (const { from, to, effects } of edges) {
      if (from.phase !== 'ended' && from.phase !== 'released') continue;
      expect(to).toEqual(from);
      expect(effects).toEqual([]);
    }
  });

  test('is ended by the caller hanging up or by being abandoned, from any phase that is not final, unless they are put through', () => {
    for (const { from, event, to, effects } of edges) {
      if (from.phase === 'released') continue;
      if (event.type === 'callerGone') expect(to.phase).toBe('ended');
      if (event.type !== 'abandoned') continue;
      if (from.phase === 'farewell' && typeof from.next !== 'string') {
        expect([to, effects]).toEqual([{ phase: 'released', transfer: from.next }, ['closeLive', 'letGo']]);
      } else expect(to.phase).toBe('ended');
    }
  });

  test('says who had it ended, unless it was ending by itself', () => {
    for (const { from, event, to } of edges) {
      if (event.type !== 'callerGone' || from.phase === 'released' || !('outcome' in to)) continue;
      const outcome = event.by === undefined ? { kind: 'callerGone' } : { kind: 'completed', by: event.by };
      expect(to.outcome).toEqual('outcome' in from ? from.outcome : outcome);
    }
  });

  test('is let go without an outcome when another process has it, and when it is handed over before its goodbye', () => {
    for (const { from, event, to, effects } of edges) {
      if (from.phase === 'ended' || from.phase === 'released') continue;
      if (event.type === 'taken') expect(effects).toEqual(['closeLive', 'closeStream', 'letGo']);
      // The stream stays open until the next process can find the call.
      const saysGoodbye = from.phase === 'draining' || from.phase === 'farewell';
      if (event.type === 'handOver' && !saysGoodbye) expect(effects).toEqual(['closeLive', 'letGo']);
      if (event.type === 'handOver') expect(to.phase).toBe(saysGoodbye ? from.phase : 'released');
    }
  });

  test('outlives its stream as long as its session lives: it waits for another one', () => {
    for (const { from, event, to } of edges) {
      if (event.type !== 'streamLost' || !['connecting', 'talking', 'resuming'].includes(from.phase)) continue;
      expect(['parted', 'adrift']).toContain(to.phase);
      const [again] = advance(to, { type: 'streamStarted' });
      expect(['talking', 'resuming']).toContain(again.phase);
    }
  });

  test('leaves or acts in every phase that has a deadline when it falls due', () => {
    for (const { from, event, to } of edges) {
      if (event.type !== 'deadline' || FLOW[from.phase].deadlineMs === Number.POSITIVE_INFINITY) continue;
      expect(to.phase).not.toBe(from.phase);
    }
  });

  test('is over for this process by deadlines alone from any phase that has one', () => {
    for (const from of states) {
      if (FLOW[from.phase].deadlineMs === Number.POSITIVE_INFINITY) continue;
      let state = from;
      for (let steps = 0; steps < 5; steps++) [state] = advance(state, { type: 'deadline' });
      const isTransferred = from.phase === 'farewell' && typeof from.next !== 'string';
      expect(state.phase).toBe(isTransferred ? 'released' : 'ended');
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
      if (lost && !['farewell', 'draining', 'ended', 'released'].includes(from.phase)) {
        expect(effects).toContain('apologise');
      }
      if (event.type === 'hangUp') expect(effects).not.toContain('apologise');
    }
  });

  test('asks for the greeting whenever a session becomes ready, and never otherwise', () => {
    for (const { from, event, effects } of edges) {
      const ready = event.type === 'liveReady' && ['ringing', 'connecting', 'resuming', 'adrift'].includes(from.phase);
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

  test.each<[Extract<CallEvent, { type: 'agentMute' }>['rung'], Phase, Effect[]]>([
    ['nudge', 'talking', ['nudge']],
    ['resume', 'resuming', ['resumeLive']],
    ['afresh', 'resuming', ['beginAfresh']],
    ['goodbye', 'draining', ['closeLive', 'apologise']],
  ])('climbs the ladder for a mute agent: %s', (rung, to, effects) => {
    expect(advance({ phase: 'talking' }, { type: 'agentMute', rung })).toMatchObject([{ phase: to }, effects]);
    // Whatever else is under way mends the session by itself.
    for (const phase of ['connecting', 'resuming'] as const) {
      expect(advance({ phase }, { type: 'agentMute', rung })).toEqual([{ phase }, []]);
    }
  });

  test('says goodbye only from talk, and goes back to talk when the caller speaks, as long as there is a session', () => {
    for (const { from, event, to } of edges) {
      if (event.type === 'leave') expect(to.phase).toBe(from.phase === 'talking' ? 'farewell' : from.phase);
      if (from.phase !== 'farewell') continue;
      const speaks = event.type === 'callerSpoke' || event.type === 'bargedIn';
      if (speaks) expect(to).toEqual(from.alone ? from : { phase: 'talking' });
    }
  });

  test('does what the agent asked for last, as long as there is a session, and never what it is told to say instead', () => {
    for (const { from, event, to } of edges) {
      if (from.phase !== 'farewell' || event.type !== 'leave') continue;
      expect(to).toEqual(from.alone || event.next === 'silence' ? from : { ...from, next: event.next });
    }
  });

  test('has ended well when the agent’s goodbye is heard, its stream is lost, or it does not come to an end', () => {
    for (const { from, event, to } of edges) {
      if (from.phase !== 'farewell' || !['heardOut', 'streamLost', 'deadline'].includes(event.type)) continue;
      if (typeof from.next === 'string') {
        expect(to).toEqual({ phase: 'ended', outcome: { kind: 'completed', by: from.next } });
      } else expect(to).toEqual({ phase: 'released', transfer: from.next });
    }
  });

  test('whose caller was told that they are put through is, whatever limit is reached and whoever stops, unless a machine was told', () => {
    const endedBy = new Set<string>();
    for (const { from, event, to, effects } of edges) {
      if (from.phase !== 'farewell' || event.type !== 'hangUp') continue;
      if (typeof from.next === 'string' || event.by === 'machine') {
        expect([to, effects]).toEqual([
          { phase: 'draining', outcome: { kind: 'completed', by: event.by } },
          ['closeLive'],
        ]);
      } else expect([to, effects]).toEqual([{ ...from, alone: true }, ['closeLive']]);
      endedBy.add(event.by);
    }
    expect([...endedBy]).toEqual(['silence', 'timeLimit', 'shutdown', 'machine']);
  });

  test('ends for the reason for which its stream was lost, when nobody brings the caller back', () => {
    const [adrift] = beginTakenUp('PROCESS_DIED');
    const [parted] = advance(adrift, { type: 'liveReady' });
    for (const state of [adrift, parted]) {
      expect(advance(state, { type: 'deadline' })[0]).toMatchObject({ outcome: { code: 'PROCESS_DIED', fault: 'us' } });
    }
  });

  test.each<[Phase, CallEvent['type'], boolean | undefined, Phase, Effect[]]>([
    ['ringing', 'streamStarted', undefined, 'connecting', []],
    ['ringing', 'liveReady', undefined, 'prepared', ['greet', 'carryOn']],
    ['ringing', 'liveLost', true, 'ringing', ['resumeLive']],
    ['prepared', 'streamStarted', undefined, 'talking', ['releaseHeldAudio']],
    ['prepared', 'liveLost', true, 'ringing', ['resumeLive']],
    ['connecting', 'liveReady', undefined, 'talking', ['greet', 'carryOn', 'releaseHeldAudio']],
    ['connecting', 'streamLost', undefined, 'adrift', ['rewindPlayout']],
    ['talking', 'bargedIn', undefined, 'talking', ['clearPlayout']],
    ['talking', 'liveLost', true, 'resuming', ['resumeLive']],
    ['talking', 'liveLeaving', undefined, 'resuming', ['resumeLive']],
    ['talking', 'hangUp', undefined, 'draining', ['closeLive']],
    ['talking', 'leave', undefined, 'farewell', []],
    ['farewell', 'bargedIn', undefined, 'talking', ['clearPlayout']],
    ['farewell', 'liveLost', true, 'farewell', ['closeLive']],
    ['farewell', 'hangUp', undefined, 'draining', ['closeLive']],
    ['talking', 'streamLost', undefined, 'parted', ['rewindPlayout']],
    ['parted', 'streamStarted', undefined, 'talking', ['carryOn', 'releaseHeldAudio']],
    ['parted', 'liveLost', true, 'adrift', ['resumeLive']],
    ['adrift', 'liveReady', undefined, 'parted', ['greet']],
    ['adrift', 'streamStarted', undefined, 'resuming', []],
    ['parted', 'deadline', undefined, 'ended', ['closeLive', 'closeStream', 'finish']],
    ['resuming', 'liveReady', undefined, 'talking', ['greet', 'carryOn', 'releaseHeldAudio']],
    ['resuming', 'liveLost', true, 'resuming', ['resumeLive']],
    ['resuming', 'deadline', undefined, 'draining', ['closeLive', 'apologise']],
    ['draining', 'playedOut', undefined, 'ended', ['closeLive', 'closeStream', 'finish']],
  ])('%s, %s (recoverable %s): %s', (from, event, recoverable, to, effects) => {
    const found = edge(from, event, recoverable);
    expect(found.to.phase).toBe(to);
    expect(found.effects).toEqual(effects);
  });
});
