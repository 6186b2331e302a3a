/** Functions that the model calls: those it waits for, those it does not, and what becomes of their answers. */
import { describe, expect, test } from 'vitest';
import type { ScenarioInput } from '../../../src/simulator/index.ts';
import { type Client, SimulatorBench, sentence, VERTEX } from './bench.ts';

const tools = [
  {
    functionDeclarations: [
      { name: 'book', behavior: 'NON_BLOCKING' },
      { name: 'look_up', behavior: 'BLOCKING' },
      { name: 'note' },
    ],
  },
];

const scenario = (name: string, says?: string): ScenarioInput => ({
  turns: [
    { on: 'speech', ...(says && { says }), calls: [{ name, args: { day: 'Friday' } }] },
    { on: 'toolResult', says: 'That is done, you are expected on Friday.' },
  ],
  fallbackTurn: { says: 'I did not get that.' },
});

interface Call {
  id: string;
  name: string;
  args: object;
}

function calling(name: string, says?: string, extra: ScenarioInput = {}) {
  const bench = new SimulatorBench({ ...scenario(name, says), ...extra });
  const client = bench.open({ tools });
  client.next();
  client.say(sentence);
  client.saySilence(1_300);
  return { bench, client };
}

const callsTo = (client: Client): Call[] =>
  client.arrivals.flatMap(
    ({ message }) => (message['toolCall'] as { functionCalls: Call[] } | undefined)?.functionCalls ?? [],
  );

const answer = (client: Client, id: string, more: object = {}) =>
  client.send({ toolResponse: { functionResponses: [{ id, name: 'book', response: { status: 'ok' }, ...more }] } });

describe('a call that the model does not wait for', () => {
  test('ends its turn in the same millisecond', () => {
    const { client } = calling('book');
    const calls = callsTo(client);
    expect(calls).toEqual([{ id: expect.stringMatching(/^call_\d{6}$/), name: 'book', args: { day: 'Friday' } }]);
    expect(client.at('toolCall')).toBe(client.at('turnComplete'));
    expect(client.next()).toEqual(['ACTIVITY_START', 'ACTIVITY_END', 'toolCall', 'generationComplete', 'turnComplete']);
  });

  test('is what a function is by default', () => {
    expect(callsTo(calling('note').client)[0]?.id).toMatch(/^call_/);
  });

  test('comes after what is said, before the turn is over', () => {
    const { bench, client } = calling('book', 'One moment please, I will book that for you.');
    bench.clock.tick(5_000);
    expect(client.next().slice(2)).toEqual(['sound', 'toolCall', 'generationComplete', 'turnComplete']);
  });

  test('its answer is spoken of 600 ms later', () => {
    const { bench, client } = calling('book');
    const [call] = callsTo(client);
    client.next();
    const answeredMs = bench.nowMs;
    answer(client, call!.id);
    bench.clock.tick(2_000);
    expect(client.at('sound') - answeredMs).toBe(600);
    expect(bench.simulator.sessions[0]!.eventsOf('toolAnswered')).toMatchObject([
      { accepted: true, answer: { id: call!.id } },
    ]);
  });

  test('survives an interruption, which is none while the model is silent', () => {
    const { client } = calling('book');
    const [call] = callsTo(client);
    client.next();
    client.say(sentence);
    expect(client.next()).toEqual(['ACTIVITY_START']);
    client.saySilence(6_000);
    client.next();
    answer(client, call!.id);
    client.saySilence(700);
    expect(client.next()).toEqual(['sound']);
  });
});

describe('when the answer is spoken of', () => {
  /** The model speaks when the answer comes. */
  function answeredWhileSpeaking(scheduling?: string) {
    const { bench, client } = calling('book');
    const [call] = callsTo(client);
    client.sendText('And what is the time?');
    bench.clock.tick(600);
    client.next();
    answer(client, call!.id, scheduling === undefined ? {} : { scheduling });
    bench.clock.tick(700);
    const soon = client.next();
    bench.clock.tick(10_000);
    return { soon, later: client.next() };
  }

  test('by default when the model is idle', () => {
    const { soon, later } = answeredWhileSpeaking();
    expect(soon).toEqual(['sound', 'generationComplete']);
    expect(later).toEqual(['turnComplete', 'sound', 'generationComplete', 'turnComplete']);
  });

  test('INTERRUPT stops the model at once', () => {
    expect(answeredWhileSpeaking('INTERRUPT').soon).toEqual(['interrupted', 'turnComplete', 'sound']);
  });

  test('SILENT is not spoken of', () => {
    expect(answeredWhileSpeaking('SILENT').later).toEqual(['turnComplete']);
  });

  test.each(['WHEN_IDLE', 'INTERRUPT'])('%s waits while the caller speaks', (scheduling) => {
    const { bench, client } = calling('book');
    const [call] = callsTo(client);
    client.say(sentence);
    client.next();
    answer(client, call!.id, { scheduling });
    bench.clock.tick(5_000);
    expect(client.next()).toEqual([]);
    client.saySilence(2_000);
    expect(client.next().slice(0, 2)).toEqual(['ACTIVITY_END', 'sound']);
  });

  test('more than one part is waited for', () => {
    const { bench, client } = calling('book');
    const [call] = callsTo(client);
    client.next();
    answer(client, call!.id, { willContinue: true });
    bench.clock.tick(5_000);
    expect(client.next()).toEqual([]);
    answer(client, call!.id);
    bench.clock.tick(700);
    expect(client.next()).toEqual(['sound']);
  });
});

describe('a call that the model waits for', () => {
  test('leaves the turn open until it is answered', () => {
    const { bench, client } = calling('look_up');
    const [call] = callsTo(client);
    expect(call?.id).toMatch(/^fc_\d{20}$/);
    bench.clock.tick(30_000);
    expect(client.next().slice(2)).toEqual(['toolCall']);
    answer(client, call!.id, { scheduling: 'SILENT' });
    bench.clock.tick(10_000);
    expect(client.next()).toEqual(['sound', 'generationComplete', 'turnComplete']);
  });

  test('is dropped without a word when the caller speaks, and made again under another id', () => {
    const { client } = calling('look_up');
    const [first] = callsTo(client);
    client.next();
    client.say(sentence);
    expect(client.next()).toEqual(['ACTIVITY_START', 'interrupted', 'turnComplete']);
    client.saySilence(1_300);
    const [second] = callsTo(client);
    expect(second).toMatchObject({ name: 'look_up', args: { day: 'Friday' } });
    expect(second?.id).not.toBe(first?.id);
  });

  test('when dropped, its late answer is ignored', () => {
    const { bench, client } = calling('look_up');
    const [call] = callsTo(client);
    client.say(sentence);
    client.next();
    answer(client, call!.id);
    bench.clock.tick(5_000);
    expect(client.next()).toEqual([]);
    expect(client.closed).toBeUndefined();
    expect(bench.simulator.sessions[0]!.eventsOf('toolAnswered')).toMatchObject([{ accepted: false }]);
  });

  test('can be announced as cancelled, as documented', () => {
    const { client } = calling('look_up', undefined, { announcesCancelledCalls: true });
    const [call] = callsTo(client);
    client.arrivals.length = 0;
    client.say(sentence);
    expect(client.arrivals.map(({ message }) => message)).toContainEqual({ toolCallCancellation: { ids: [call!.id] } });
  });
});

describe('ids and names', () => {
  test('an unknown id is ignored', () => {
    const { bench, client } = calling('book');
    client.next();
    answer(client, 'call_000');
    bench.clock.tick(5_000);
    expect(client.next()).toEqual([]);
  });

  test('Vertex AI takes an answer by its name', () => {
    const model = 'publishers/google/models/gemini-3.8-live';
    const bench = new SimulatorBench(scenario('book'));
    const client = bench.open({ model, tools }, VERTEX, { authorization: 'Bearer t' });
    client.say(sentence);
    client.saySilence(1_300);
    client.next();
    client.send({ toolResponse: { functionResponses: [{ name: 'book', response: {} }] } });
    bench.clock.tick(700);
    expect(client.next()).toEqual(['sound']);
  });

  test('an answer counts once', () => {
    const { bench, client } = calling('book');
    const [call] = callsTo(client);
    client.next();
    answer(client, call!.id);
    answer(client, call!.id);
    bench.clock.tick(20_000);
    expect(client.next()).toEqual(['sound', 'generationComplete', 'turnComplete']);
  });

  test('the model does not call what setup does not declare', () => {
    const { bench, client } = calling('hang_up');
    expect(client.next()).toEqual(['ACTIVITY_START', 'ACTIVITY_END', 'generationComplete', 'turnComplete']);
    expect(bench.simulator.sessions[0]!.eventsOf('toolUndeclared')).toEqual([
      { type: 'toolUndeclared', name: 'hang_up' },
    ]);
  });

  test('contextUpdate replaces the tools, or takes them away', () => {
    const { bench, client } = calling('book');
    client.send({ contextUpdate: { tools: {} } });
    client.next();
    expect(client.closed).toBeUndefined();
    const other = new SimulatorBench(scenario('pay'));
    const late = other.open();
    late.send({ contextUpdate: { tools: { tools: [{ functionDeclarations: [{ name: 'pay' }] }] } } });
    late.say(sentence);
    late.saySilence(1_300);
    expect(callsTo(late)).toHaveLength(1);
    expect(bench.simulator.refusals).toEqual([]);
  });
});
