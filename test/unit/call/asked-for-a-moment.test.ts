/** When a caller who waits is asked for a moment, and when never; what is heard and written down of it, in whole calls. */
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { ScenarioInput } from '../../../src/simulator/index.ts';
import { Toolbox } from '../../../src/tools/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { ONE_MOMENT, ONE_MOMENT_MS, type OneCall, type OneCallOptions, placeOneCall } from '../../support/one-call.ts';

const PATIENCE = {
  answerMs: 4_000,
  stallMs: 3_000,
  nudgeMs: 4_000,
  resumeMs: 4_000,
  afreshMs: 4_000,
  oneMoment: { afterMs: 4_000 },
};
const GREETING = 'Good morning, this is Callbridge. How can I help you?';
const [greeting, thanks] = (['agent-greeting', 'agent-go-ahead'] as const).map((name) => ({
  wav: join(import.meta.dirname, `../../../fixtures/audio/${name}.wav`),
}));
const GREETS = { on: 'greeting', says: GREETING, sound: greeting } as const;
const GOES_ON = { on: 'text', says: 'Of course.', sound: thanks } as const;
/** It thinks for longer than any of these calls lasts. */
const THINKS = { on: 'speech', hears: 'Hello, hello', says: 'Never.', delayMs: 60_000 } as const;

/** The session is closed at `atMs`, from its setup on, and refused for `times` times after that: 1.5, 3 and 6 s pass between. */
type Faults = NonNullable<ScenarioInput['faults']>;
const breaks = (atMs: number, times: number): Faults => [
  { kind: 'close', atMs, code: 1011, reason: 'Internal error encountered.', times: 1 },
  { kind: 'httpStatus', status: 503, fromConnection: 2, times },
];

const toolOf = (spec: Parameters<Toolbox['open']>[0]) => new Toolbox({ clock: new ManualClock() }).open(spec);

type Options = Omit<OneCallOptions, 'clock'>;

let clock: ManualClock;
let placed: OneCall;
afterEach(async () => {
  placed.close();
  await clock.advance(5_000);
  expect(clock.armed).toBe(0);
});

function callOf({ agent, ...options }: Options): OneCall {
  clock = new ManualClock();
  placed = placeOneCall({ ...options, clock, agent: { patience: PATIENCE, ...agent } });
  return placed;
}

/** The caller speaks first, from 6 to 7 s; the session is lost at about 7.5 s and refused three times, for some ten seconds. */
async function asksIntoABreak({ faults = breaks(7_500, 3), ...options }: Partial<Options> & { faults?: Faults } = {}) {
  const agent = { greeting: undefined, ...options.agent };
  const scene = callOf({ model: { turns: [THINKS, GOES_ON], faults }, ...options, agent });
  await clock.advance(6_000);
  await scene.says(1_000);
  return scene;
}

describe('a caller whose session breaks', () => {
  test('before the answer is asked for a moment four seconds after their last word, once, and answered when it is back', async () => {
    const scene = await asksIntoABreak();
    await clock.advance(20_000);
    expect(scene.asked()).toEqual([expect.closeTo(11_200, -3)]);
    expect(scene.asked()[0]).toBeGreaterThanOrEqual(11_000);
    expect(scene.asked()[0]).toBeLessThanOrEqual(11_300);
    const [moment, answer] = scene.agentLines();
    expect(moment).toMatchObject({ text: ONE_MOMENT, heardText: ONE_MOMENT, cut: false });
    expect(moment!.endMs - moment!.startMs).toBe(ONE_MOMENT_MS);
    expect(answer).toMatchObject({ text: 'Of course.', cut: false });
    const events = scene.entries.flatMap((entry) => (entry.type === 'event' ? [entry.code] : []));
    expect(events).toEqual(['LIVE_INTERNAL', 'ONE_MOMENT', 'LIVE_BACK']);
    expect(await scene.metrics.text()).toContain('callbridge_one_moments_total 1');
  });

  test('is known to have been asked by a session that begins afresh, which answers without an apology', async () => {
    const { live, texts } = await asksIntoABreak();
    await clock.advance(20_000);
    expect(live.sessions).toHaveLength(2);
    expect(JSON.stringify(live.sessions[0])).not.toContain(ONE_MOMENT);
    expect(JSON.stringify(live.sessions[1])).toContain(ONE_MOMENT);
    expect(texts()).toEqual([expect.stringMatching(/Answer what the caller said last.* no apology/)]);
  });

  test('is not answered by it: the response, and the first sound, are the agent’s own', async () => {
    const { entries, metrics } = await asksIntoABreak();
    await clock.advance(20_000);
    const responses = entries.flatMap((entry) => (entry.type === 'latency' ? [entry] : []));
    expect(responses).toMatchObject([{ turn: 2, responseMs: expect.closeTo(12_000, -3) }]);
    const text = await metrics.text();
    expect(text).toMatch(/callbridge_response_seconds_sum\{agent="reception"\} 12\.0/);
    expect(text).toMatch(/callbridge_first_sound_seconds_sum\{agent="reception"\} 19\.0/);
  });

  test('hears the agent behind it, and all of it, when the session is back meanwhile', async () => {
    const scene = await asksIntoABreak({ faults: breaks(9_200, 1) });
    await clock.advance(15_000);
    const [moment, answer, ...others] = scene.agentLines();
    expect(others).toEqual([]);
    const back = scene.entries.find((entry) => entry.type === 'event' && entry.code === 'LIVE_BACK')!;
    const backMs = back.at - scene.beganMs;
    expect(moment!.startMs).toBeLessThan(backMs);
    expect(moment!.endMs).toBeGreaterThan(backMs);
    expect(moment).toMatchObject({ text: ONE_MOMENT, cut: false });
    expect(answer).toMatchObject({ text: 'Of course.', heardText: 'Of course.', cut: false });
    expect(answer!.startMs).toBe(moment!.endMs);
  });

  test('in mid-sentence is asked four seconds after the last of it was heard', async () => {
    const turns: ScenarioInput['turns'] = [{ ...GREETS, delivery: { speed: 1 } }];
    const scene = callOf({ model: { turns, faults: breaks(3_000, 3) } });
    await clock.advance(13_000);
    const [cut, moment] = scene.agentLines();
    expect(cut!.text).toMatch(/^Good morning, .* can I$/);
    expect(moment).toMatchObject({ text: ONE_MOMENT });
    expect(moment!.startMs - cut!.endMs).toBeGreaterThanOrEqual(3_900);
    expect(moment!.startMs - cut!.endMs).toBeLessThanOrEqual(4_300);
  });

  test('before the greeting is greeted after it, once', async () => {
    const faults = breaks(400, 3);
    const scene = callOf({ model: { turns: [{ ...GREETS, delayMs: 2_000 }], faults } });
    await clock.advance(20_000);
    expect(scene.agentLines().map(({ text }) => text)).toEqual([ONE_MOMENT, GREETING]);
  });

  test('again, after the agent has spoken, is asked again', async () => {
    const faults: Faults = [
      ...breaks(9_200, 1),
      { kind: 'close', connection: 2, atMs: 11_000, code: 1011, reason: 'Internal error encountered.', times: 1 },
      { kind: 'refusal', code: 1011, reason: 'The service is currently unavailable.', fromConnection: 3, times: 3 },
    ];
    const scene = await asksIntoABreak({ model: { turns: [THINKS, GOES_ON, THINKS], faults } });
    await clock.advance(10_000);
    expect(scene.agentLines().map(({ text }) => text)).toEqual([ONE_MOMENT, 'Of course.']);
    await clock.advance(3_000);
    await scene.says(1_000);
    await clock.advance(8_000);
    expect(scene.asked()).toHaveLength(2);
  });

  test('for good hears the apology behind it', async () => {
    const scene = await asksIntoABreak({ faults: breaks(7_500, 100) });
    await clock.advance(25_000);
    expect(scene.agentLines()).toMatchObject([
      { text: ONE_MOMENT, cut: false },
      { text: 'Sorry.', cut: false },
    ]);
    expect(scene.call.apologyHeard).toBe(true);
  });

  test('and who hangs up in the middle of it has heard so much of it', async () => {
    const scene = await asksIntoABreak();
    await clock.advance(4_200 + ONE_MOMENT_MS / 2);
    await scene.call.callerGone();
    const [moment] = scene.agentLines();
    expect(moment).toMatchObject({ text: ONE_MOMENT, cut: true });
    expect(moment!.heardText).not.toBe('');
    expect(ONE_MOMENT.startsWith(moment!.heardText)).toBe(true);
    expect(scene.call.apologyHeard).toBe(false);
  });

  test('and who loses the stream, too, is asked when they are back, and not before', async () => {
    const scene = await asksIntoABreak();
    await clock.advance(1_000);
    scene.handlers.ended('lost');
    await clock.advance(5_000);
    expect(scene.asked()).toEqual([]);
    scene.answer();
    await clock.advance(200);
    expect(scene.asked()).toHaveLength(1);
  });
});

describe('a caller whose first session is late', () => {
  const faults: Faults = [{ kind: 'silentSetup', times: 1 }];

  test('is asked for a moment four seconds after they were answered, and greeted behind it, once', async () => {
    const scene = callOf({ model: { turns: [GREETS], faults } });
    await clock.advance(15_000);
    expect(scene.asked()).toEqual([expect.closeTo(4_000, -3)]);
    expect(scene.asked()[0]).toBeGreaterThanOrEqual(4_000);
    expect(scene.agentLines().map(({ text }) => text)).toEqual([ONE_MOMENT, GREETING]);
  });

  test('and whom the agent does not greet waits for nothing', async () => {
    const scene = callOf({ model: { turns: [], faults }, agent: { greeting: undefined } });
    await clock.advance(4_900);
    expect(scene.asked()).toEqual([]);
  });
});

describe('an agent that is connected and mute', () => {
  test('has its caller asked for a moment once, when it is taken from its session', async () => {
    const scene = await asksIntoABreak({ model: { turns: [], fallbackTurn: {} } });
    await clock.advance(30_000);
    const mutes = scene.entries.filter((entry) => entry.type === 'event' && entry.code === 'LIVE_MUTE');
    const rungs = mutes.flatMap((entry) => (entry.type === 'event' ? [entry.detail.split(':')[0]] : []));
    expect(rungs).toEqual(['nudge', 'resume', 'afresh', 'goodbye']);
    expect(scene.asked()).toEqual([mutes[1]!.at - scene.beganMs]);
    expect(scene.agentLines().map(({ text }) => text)).toEqual([ONE_MOMENT, 'Sorry.']);
  });
});

describe('nobody is asked for a moment', () => {
  test('who waits for nothing', async () => {
    const { asked } = callOf({ model: { turns: [GREETS], faults: breaks(7_500, 3) } });
    await clock.advance(17_000);
    expect(asked()).toEqual([]);
  });

  test('when the session is back in time', async () => {
    const scene = await asksIntoABreak({ faults: breaks(7_500, 1) });
    await clock.advance(15_000);
    expect(scene.asked()).toEqual([]);
    expect(scene.agentLines().map(({ text }) => text)).toEqual(['Of course.']);
  });

  test.each([450, 1_500])('while the agent’s sound is still played by the provider, %i ms late', async (heldUpMs) => {
    const turns: ScenarioInput['turns'] = [{ ...GREETS, delivery: { speed: 1 } }];
    const scene = callOf({ model: { turns, faults: breaks(3_000, 3) }, heldUpMs });
    await clock.advance(4_000);
    const heardUntilMs = scene.playedUntilMs();
    expect(heardUntilMs).toBeGreaterThan(3_000 + heldUpMs);
    await clock.advance(9_000);
    expect(scene.asked()).toHaveLength(1);
    expect(scene.asked()[0]).toBeGreaterThanOrEqual(heardUntilMs + 3_900);
  });

  test('while they speak', async () => {
    const scene = await asksIntoABreak();
    await clock.advance(3_000);
    await scene.says(3_000);
    expect(scene.asked()).toEqual([]);
    await clock.advance(3_800);
    expect(scene.asked()).toEqual([]);
    await clock.advance(600);
    expect(scene.asked()).toHaveLength(1);
  });

  test('while they speak, though the greeting is protected from their voice', async () => {
    const scene = callOf({
      model: { turns: [{ ...GREETS, delayMs: 60_000 }], faults: breaks(400, 3) },
      agent: { guard: { protect: ['greeting'], echoGuard: false, backchannelMs: undefined } },
    });
    await clock.advance(3_000);
    await scene.says(2_000);
    await clock.advance(3_800);
    expect(scene.asked()).toEqual([]);
    await clock.advance(600);
    expect(scene.asked()).toHaveLength(1);
  });

  test('while they press keys', async () => {
    const scene = await asksIntoABreak();
    for (const key of '1234') {
      await clock.advance(1_500);
      scene.handlers.digit(key);
    }
    await clock.advance(3_800);
    expect(scene.asked()).toEqual([]);
    await clock.advance(400);
    expect(scene.asked()).toHaveLength(1);
  });

  test('who has just come to the phone', async () => {
    const faults = breaks(3_200, 3);
    const scene = callOf({ model: { turns: [{ ...GREETS, delayMs: 60_000 }], faults }, rings: true });
    await clock.advance(3_000);
    scene.answer();
    await clock.advance(3_800);
    expect(scene.call.phase).toBe('resuming');
    expect(scene.asked()).toEqual([]);
    await clock.advance(400);
    expect(scene.asked()).toHaveLength(1);
  });

  test('before what the agent’s keys have led to has had its time', async () => {
    const scene = await asksIntoABreak();
    await clock.advance(1_000);
    scene.handlers.ended('lost');
    await clock.advance(5_000);
    scene.answer(true);
    await clock.advance(3_800);
    expect(scene.asked()).toEqual([]);
  });

  test('who has hung up', async () => {
    const scene = await asksIntoABreak();
    await clock.advance(1_000);
    await scene.call.callerGone();
    await clock.advance(10_000);
    expect(scene.asked()).toEqual([]);
  });

  test('once the goodbye has begun', async () => {
    const tool = await toolOf({ kind: 'endCall', name: 'end_call', description: 'Ends the call.' });
    const ends = { on: 'speech' as const, hears: 'Goodbye', delayMs: 0, calls: [{ name: 'end_call' }] };
    const scene = await asksIntoABreak({
      model: { turns: [ends], faults: breaks(8_500, 3) },
      agent: { tools: [tool], patience: { ...PATIENCE, oneMoment: { afterMs: 1_000 } } },
    });
    await clock.advance(2_000);
    expect(scene.call.phase).toBe('farewell');
    await clock.advance(10_000);
    expect(scene.call.outcome).toEqual({ kind: 'completed', by: 'agent' });
    expect(scene.asked()).toEqual([]);
  });

  test('by an agent whose file does not want it', async () => {
    const { oneMoment: _, ...patience } = PATIENCE;
    const scene = await asksIntoABreak({ agent: { patience } });
    await clock.advance(20_000);
    expect(scene.asked()).toEqual([]);
  });

  test('who is, as far as is known, a machine', async () => {
    const scene = callOf({
      model: { turns: [{ ...GREETS, delayMs: 2_000 }], faults: breaks(400, 3) },
      agent: { outbound: { machine: 'hangUp' } },
      outbound: { variables: {} },
    });
    await clock.advance(10_000);
    expect(scene.call.phase).toBe('resuming');
    expect(scene.asked()).toEqual([]);
  });

  test('who is a machine, as the model has said', async () => {
    const tool = await toolOf({
      kind: 'voicemailDetected',
      name: 'voicemail_detected',
      description: 'A machine has answered.',
      message: ['Please call back.'],
    });
    const leaves = {
      on: 'speech' as const,
      hears: 'After the tone',
      delayMs: 0,
      calls: [{ name: 'voicemail_detected' }],
    };
    const scene = await asksIntoABreak({
      model: { turns: [leaves], faults: breaks(8_500, 3) },
      agent: { tools: [tool] },
      outbound: { variables: {} },
    });
    await clock.advance(10_000);
    expect(scene.call.phase).toBe('resuming');
    expect(scene.entries.some(({ type }) => type === 'toolAnswered')).toBe(true);
    expect(scene.asked()).toEqual([]);
  });
});
