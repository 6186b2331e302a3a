/** A session outlives its sockets: what carries over, and when the service will not have it. */
import { describe, expect, test } from 'vitest';
import type { ScenarioInput } from '../../../src/simulator/index.ts';
import { type Client, SimulatorBench, sentence, VERTEX } from './bench.ts';

const story: ScenarioInput = {
  turns: [
    { on: 'greeting', says: 'Good morning.' },
    { on: 'text', says: 'The second turn.', calls: [{ name: 'book' }] },
    { on: 'toolResult', says: 'It is booked.' },
    { on: 'text', says: 'The third turn.' },
  ],
};

function talked() {
  const bench = new SimulatorBench(story);
  const client = bench.open({ tools: [{ functionDeclarations: [{ name: 'book' }] }] });
  client.sendText('Greet the caller.');
  bench.clock.tick(10_000);
  return { bench, client };
}

const resume = (bench: SimulatorBench, { handle }: Client, setup: object = {}) =>
  bench.open({ sessionResumption: { handle }, ...setup });

const INTERNAL = { code: 1011, reason: 'Internal error encountered.' };
const UNKNOWN = { code: 1008, reason: 'Requested entity was not found.' };

describe('resuming', () => {
  test('works at once after a clean close, and goes on in the scenario', () => {
    const { bench, client } = talked();
    client.close();
    const again = resume(bench, client);
    expect(again.next()).toEqual(['ready', 'handle']);
    again.sendText('And now?');
    bench.clock.tick(5_000);
    const session = bench.simulator.sessions[0]!;
    expect(bench.simulator.sessions).toHaveLength(1);
    expect(session.eventsOf('turnStarted').map(({ says }) => says)).toEqual(['Good morning.', 'The second turn.']);
    expect(session.eventsOf('opened').map(({ resumed }) => resumed)).toEqual([false, true]);
  });

  test('gives a new handle each time, 36 characters long; the old one still works', () => {
    const { bench, client } = talked();
    client.close();
    const again = resume(bench, client);
    expect(again.handle).toHaveLength(36);
    expect(again.handle).not.toBe(client.handle);
    again.close();
    expect(resume(bench, client).story).toEqual(['ready', 'handle']);
  });

  test('a handle comes even when setup does not ask for it', () => {
    expect(new SimulatorBench().open().story).toEqual(['ready', 'handle']);
  });

  test('is refused while the old socket is open', () => {
    const { bench, client } = talked();
    expect(resume(bench, client).closed).toMatchObject(INTERNAL);
    client.close();
    expect(resume(bench, client).story).toEqual(['ready', 'handle']);
  });

  test('is refused within a second of an abnormal drop', () => {
    const { bench, client } = talked();
    client.drop();
    bench.clock.tick(900);
    expect(resume(bench, client).closed).toMatchObject(INTERNAL);
    expect(resume(bench, client).story).toEqual(['ready', 'handle']);
  });

  test('a scenario can allow it at any time: the old socket is then closed', () => {
    const bench = new SimulatorBench({ ...story, refusesEarlyResume: false });
    const client = bench.open();
    const again = resume(bench, client);
    expect(client.closed).toMatchObject({ code: 1008, reason: 'The operation was aborted.' });
    expect(again.next()).toEqual(['ready', 'handle']);
    again.sendText('Hello');
    bench.clock.tick(600);
    expect(again.next()).toEqual(['sound']);
    expect(bench.simulator.sessions).toHaveLength(1);
  });

  test('with an unknown handle ends in 1008, and so does an expired one', () => {
    const { bench, client } = talked();
    expect(bench.open({ sessionResumption: { handle: 'nobody' } }).closed).toMatchObject(UNKNOWN);
    client.close();
    bench.clock.tick(2 * 3_600_000);
    expect(resume(bench, client).closed).toMatchObject(UNKNOWN);
  });

  test('Vertex AI keeps a handle for a day', () => {
    const bench = new SimulatorBench();
    const model = 'publishers/google/models/gemini-3.8-live';
    const open = (handle?: string) =>
      bench.open({ model, sessionResumption: { ...(handle && { handle }), transparent: true } }, VERTEX, {
        authorization: 'Bearer t',
      });
    const client = open();
    client.close();
    bench.clock.tick(23 * 3_600_000);
    expect(open(client.handle).story).toEqual(['ready', 'handle']);
  });

  test('the model cannot change, the rest can', () => {
    const { bench, client } = talked();
    client.close();
    const model = 'models/gemini-3.8-live-extended-thinking';
    expect(resume(bench, client, { model }).closed).toMatchObject({ code: 1007 });
    const speech = { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Puck' } } };
    expect(resume(bench, client, { generationConfig: { speechConfig: speech } }).story[0]).toBe('ready');
  });

  test('a pending call can be answered on the next socket', () => {
    const { bench, client } = talked();
    client.sendText('Book it.');
    bench.clock.tick(5_000);
    const call = client.arrivals.flatMap(
      ({ message }) => (message['toolCall'] as { functionCalls: { id: string }[] })?.functionCalls ?? [],
    );
    client.close();
    const again = resume(bench, client);
    again.next();
    again.send({ toolResponse: { functionResponses: [{ id: call[0]!.id, name: 'book', response: {} }] } });
    bench.clock.tick(600);
    expect(again.next()).toEqual(['sound']);
  });

  test('what was being said is lost with its socket, and what was only being thought comes after all', () => {
    const { bench, client } = talked();
    client.sendText('And now?');
    bench.clock.tick(100);
    client.close();
    const again = resume(bench, client);
    again.next();
    bench.clock.tick(5_000);
    expect(again.next()).toEqual([]);
    again.sendText('Hello?');
    bench.clock.tick(600);
    again.drop();
    const ended = bench.simulator.sessions[0]!.eventsOf('turnEnded');
    expect(ended.at(-1)).toMatchObject({ how: 'lost', said: 'The second turn.' });
    const begun = bench.simulator.sessions[0]!.eventsOf('turnStarted').map(({ says }) => says);
    expect(begun).toEqual(['Good morning.', 'The second turn.']);
  });

  test('speech that the drop cut off is forgotten', () => {
    const { bench, client } = talked();
    client.say(sentence);
    client.close();
    const again = resume(bench, client);
    again.next();
    again.saySilence(3_000);
    expect(again.next()).toEqual([]);
  });
});

describe('the end of a socket', () => {
  test('after ten minutes it is announced 50 s before', () => {
    const bench = new SimulatorBench();
    const client = bench.open();
    const openedMs = client.at('ready');
    client.next();
    bench.clock.tick(600_000);
    expect(client.arrivals.map(({ message }) => message)).toEqual([{ goAway: { timeLeft: '50s' } }]);
    expect(client.at('goAway') - openedMs).toBe(550_000);
    expect(client.closed).toMatchObject({ code: 1011, reason: 'Deadline expired before operation could complete.' });
    expect(client.closed!.atMs - openedMs).toBe(600_000);
  });

  test('nothing is left armed, whoever closes and whatever was going on', () => {
    const ends: ((client: Client, bench: SimulatorBench) => void)[] = [
      (client) => client.close(),
      (client) => client.drop(),
      (client) => client.send('nonsense'),
      (_, bench) => bench.simulator.close(),
    ];
    for (const end of ends) {
      for (const waitMs of [0, 100, 700, 1_400, 10_000]) {
        const bench = new SimulatorBench({
          turns: [{ on: 'greeting', says: 'Hello there.', fault: { kind: 'drop', afterMs: 60_000 } }],
        });
        const client = bench.connect();
        client.setUp();
        bench.clock.tick(waitMs);
        if (waitMs >= 700) client.sendText('Greet the caller.');
        bench.clock.tick(waitMs);
        end(client, bench);
        bench.clock.tick(1);
        expect([waitMs, bench.clock.armed]).toEqual([waitMs, 0]);
      }
    }
  });
});
