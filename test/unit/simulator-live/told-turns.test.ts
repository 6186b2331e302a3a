/** Turns that the client asks for, by what it tells the model or by telling who speaks, and what they take from the scenario. */
import { describe, expect, test } from 'vitest';
import { greeted, SimulatorBench, sentence, story } from './bench.ts';

describe('clientContent', () => {
  const content = (text: string, turnComplete: boolean) => ({
    clientContent: { turns: [{ role: 'user', parts: [{ text }] }], turnComplete },
  });

  test('without turnComplete it is context, and changes nothing', () => {
    const { bench, client } = greeted(300);
    client.next();
    client.send(content('The caller is a member.', false));
    bench.clock.tick(10_000);
    expect(client.next()).toEqual(['sound', 'generationComplete', 'turnComplete']);
    expect(bench.simulator.sessions[0]!.eventsOf('contextReceived')).toEqual([
      { type: 'contextReceived', role: 'user', text: 'The caller is a member.' },
    ]);
  });

  test('with turnComplete it interrupts always, and is answered', () => {
    const { bench, client } = greeted(300, { realtimeInputConfig: { activityHandling: 'NO_INTERRUPTION' } });
    client.next();
    client.send(content('Say something else.', true));
    bench.clock.tick(600);
    expect(client.next()).toEqual(['interrupted', 'turnComplete', 'sound']);
  });

  test('turnComplete alone makes the model speak', () => {
    const bench = new SimulatorBench(story);
    const client = bench.open();
    client.next();
    client.send({ clientContent: { turnComplete: true } });
    bench.clock.tick(600);
    expect(client.next()).toEqual(['sound']);
  });

  test('an initial history is read without an answer', () => {
    const bench = new SimulatorBench(story);
    const client = bench.open({ historyConfig: { initialHistoryInClientContent: true } });
    client.next();
    client.send(content('Hello', true));
    bench.clock.tick(5_000);
    expect(client.next()).toEqual([]);
    client.send(content('Hello again', true));
    bench.clock.tick(600);
    expect(client.next()).toEqual(['sound']);
  });
});

describe('detection by the client', () => {
  const manual = { realtimeInputConfig: { automaticActivityDetection: { disabled: true } } };

  test('the model answers at the end of activity at once, and detects nothing itself', () => {
    const bench = new SimulatorBench(story);
    const client = bench.open(manual);
    client.next();
    client.say(sentence);
    client.saySilence(3_000);
    expect(client.next()).toEqual([]);
    client.send({ realtimeInput: { activityStart: {} } });
    client.say(sentence);
    client.send({ realtimeInput: { activityEnd: {} } });
    bench.clock.tick(1);
    expect(client.next()).toEqual(['heard: And so my fellow Americans', 'sound']);
  });

  test('an end without its start is an invalid argument, as is a second end', () => {
    const refused = { code: 1007, reason: 'Request contains an invalid argument.' };
    const bench = new SimulatorBench(story);
    const unbegun = bench.open(manual);
    unbegun.send({ realtimeInput: { activityEnd: {} } });
    expect(unbegun.closed).toMatchObject(refused);
    expect(bench.simulator.refusals).toEqual([refused]);

    const twice = bench.open(manual);
    twice.send({ realtimeInput: { activityStart: {} } });
    twice.send({ realtimeInput: { activityEnd: {} } });
    expect(twice.closed).toBeUndefined();
    twice.send({ realtimeInput: { activityEnd: {} } });
    expect(twice.closed).toMatchObject(refused);
  });

  test('speech that began on another socket is not ended on this one', () => {
    const bench = new SimulatorBench(story);
    const before = bench.open(manual);
    before.send({ realtimeInput: { activityStart: {} } });
    before.close();
    const client = bench.open({ ...manual, sessionResumption: { handle: before.handle } });
    client.send({ realtimeInput: { activityEnd: {} } });
    expect(client.closed).toMatchObject({ code: 1007 });
  });

  test('the start of activity interrupts', () => {
    const { bench, client } = greeted(300, manual);
    client.send({ realtimeInput: { activityStart: {} } });
    bench.clock.tick(100);
    expect(client.next()).toEqual(['sound', 'interrupted', 'turnComplete']);
  });
});

describe('the scenario', () => {
  test('pressed digits take their own turn, in one answer to several keys', () => {
    const bench = new SimulatorBench({ turns: [...story.turns!, { on: 'digits', says: 'Twelve.' }] });
    const client = bench.open();
    client.sendText('Greet the caller.');
    bench.clock.tick(10_000);
    for (const key of '12#') {
      client.sendText(`[The caller pressed ${key} on the telephone.]`);
      bench.clock.tick(300);
    }
    bench.clock.tick(5_000);
    const says = bench.simulator.sessions[0]!.eventsOf('turnStarted').map((event) => event.says);
    expect(says).toEqual([story.turns![0]!.says, 'Twelve.']);
  });

  test('when no turn is left, the model falls back', () => {
    const bench = new SimulatorBench({ turns: [], fallbackTurn: { says: 'Nothing more.' } });
    const client = bench.open();
    client.sendText('Hello');
    bench.clock.tick(5_000);
    client.sendText('Hello?');
    bench.clock.tick(5_000);
    const said = bench.simulator.sessions[0]!.eventsOf('turnEnded').map((event) => event.said);
    expect(said).toEqual(['Nothing more.', 'Nothing more.']);
  });

  test('a turn that says nothing leaves the caller without any answer', () => {
    const bench = new SimulatorBench({ turns: [{ on: 'speech', hears: 'Hm.' }] });
    const client = bench.open();
    client.next();
    client.say(sentence);
    client.saySilence(10_000);
    expect(client.next()).toEqual(['ACTIVITY_START', 'heard: Hm.', 'ACTIVITY_END']);
  });

  test('a turn can be late', () => {
    const bench = new SimulatorBench({ turns: [{ on: 'greeting', says: 'Well.', delayMs: 4_000 }] });
    const client = bench.open();
    client.next();
    client.sendText('Hello');
    bench.clock.tick(3_999);
    expect(client.next()).toEqual([]);
    bench.clock.tick(1);
    expect(client.next()).toEqual(['sound']);
  });
});
