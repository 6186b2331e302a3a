/** When it is time to ask a caller for a moment; and what words of our own leave as they were for the agent, and whoever takes the call up. */
import { describe, expect, test } from 'vitest';
import { tone } from '../../../src/audio/index.ts';
import { AgentVoice } from '../../../src/call/agent-voice.ts';
import { OneMoment, type Wait } from '../../../src/call/one-moment.ts';
import { takenUpFrom } from '../../../src/call/take-up.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import { createCollector, type Entry, type Line } from '../../../src/transcript/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { ONE_MOMENT, ONE_MOMENT_MS } from '../../support/one-call.ts';

describe('now is the time', () => {
  const AFTER_MS = 4_000;
  const WAITS: Wait = { away: true, owed: true, sounds: false };
  function given(afterMs: number | undefined = AFTER_MS) {
    const clock = new ManualClock();
    const oneMoment = new OneMoment(clock, afterMs);
    /** After how many ms of this it was, looked at as often as a call does; undefined: never. */
    const during = (wait: Partial<Wait>, lengthMs: number): number | undefined => {
      for (let atMs = 100; atMs <= lengthMs; atMs += 100) {
        clock.tick(100);
        if (oneMoment.look({ ...WAITS, ...wait })) return atMs;
      }
      return undefined;
    };
    return { oneMoment, during };
  }

  test('when the caller has waited, and heard nothing, for so long', () => {
    const { during } = given();
    expect(during({ sounds: true }, 3_000)).toBeUndefined();
    expect(during({}, 10_000)).toBe(AFTER_MS);
  });

  test('when the session is lost in a silence that has lasted for long already', () => {
    const { during } = given();
    expect(during({ away: false }, 6_000)).toBeUndefined();
    expect(during({}, 1_000)).toBe(100);
  });

  test.each<[string, Partial<Wait>]>([
    ['while the session is there', { away: false }],
    ['while the caller waits for nothing', { owed: false }],
    ['while something is heard', { sounds: true }],
  ])('never %s', (_, wait) => {
    expect(given().during(wait, 30_000)).toBeUndefined();
  });

  test('never where the agent’s file does not want it', () => {
    const oneMoment = new OneMoment(new ManualClock(), undefined);
    expect(oneMoment.look(WAITS)).toBe(false);
  });

  test('once a break, however often the session comes back mute; in the next one again', () => {
    const { oneMoment, during } = given();
    expect(during({}, 10_000)).toBe(AFTER_MS);
    expect(during({}, 10_000)).toBeUndefined();
    during({ away: false }, 1_000);
    expect(during({}, 10_000)).toBeUndefined();
    oneMoment.agentSpoke();
    during({ sounds: true }, 1_000);
    expect(during({}, 10_000)).toBe(AFTER_MS);
  });
});

describe('a process that takes the call up after it was said', () => {
  const at = Date.UTC(2026, 0, 1);
  const said = (speaker: Line['speaker'], text: string, turn?: number): Entry => ({
    type: 'line',
    at,
    line: { speaker, kind: 'speech', text, heardText: text, cut: false, startMs: 0, endMs: 1_000 },
    ...(turn !== undefined && { turn }),
  });
  const moment: Entry[] = [{ type: 'speaking', at, turn: 1, own: true }, said('agent', ONE_MOMENT, 1)];

  test('knows that the caller still waits for an answer', () => {
    expect(takenUpFrom([said('caller', 'Hello?'), ...moment], {})).toMatchObject({
      loose: 'callerUnanswered',
      lastTurn: 1,
    });
    expect(takenUpFrom([said('caller', 'Hello?'), moment[0]!], {})).toMatchObject({ loose: 'callerUnanswered' });
  });

  test('greets who has heard nothing but that', () => {
    expect(takenUpFrom([{ type: 'greeted', at }, ...moment], {}).greeted).toBe(false);
    expect(takenUpFrom([{ type: 'greeted', at }, ...moment, said('agent', 'Good morning.', 2)], {}).greeted).toBe(true);
  });
});

test('what the agent was told to say is protected from the caller’s voice after it, as before it', () => {
  const clock = new ManualClock();
  const guard = { protect: ['greeting'] as const, echoGuard: false, backchannelMs: undefined };
  const call = {
    callId: 'CA1',
    provider: 'twilio',
    agent: 'a',
    model: 'm',
    voice: 'v',
    from: '',
    to: '',
    sipHeaders: {},
  };
  const voice = new AgentVoice({
    agent: { name: 'a', guard, echoFactor: 0.25 },
    deps: {
      clock,
      collector: createCollector({ call: { ...call, direction: 'inbound' }, clock, append: () => undefined }),
      logger: createLogger({ level: 'silent' }),
      metrics: createMetrics(),
    },
    turnsBefore: 0,
    sounded: () => undefined,
  });
  const marks: string[] = [];
  voice.attach({
    format: { encoding: 'ulaw', rateHz: 8000 },
    playout: { leadMs: 5_000, maxMessageMs: 200 },
    send: (command) => void (command.type === 'mark' && marks.push(command.name)),
  });
  voice.heard.ordered('greeting', voice.downlink.turn);
  voice.say({ samples: tone({ hz: 440, lengthMs: ONE_MOMENT_MS, dbov: -20 }, 8000), text: ONE_MOMENT });
  clock.tick(ONE_MOMENT_MS);
  for (const mark of marks) voice.markReached(mark);
  clock.tick(1_200);
  expect(voice.heard.isProtected).toBe(true);
  voice.settle();
  clock.tick(1_000);
});
