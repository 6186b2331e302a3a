/** Everything that can be made to go wrong, and that nothing else goes wrong with it. */
import { describe, expect, test } from 'vitest';
import { parseScenario, type ScenarioInput } from '../../../src/simulator/index.ts';
import { contentOf, DEVELOPER, SimulatorBench, sentence, soundBytesOf } from './bench.ts';

type Turn = NonNullable<ScenarioInput['turns']>[number];
type TurnFault = NonNullable<Turn['fault']>;

const SAYS = 'This answer lasts for some seconds, so that it can be cut off in the middle.';

/** A client that hears a greeting in which this goes wrong, after `waitMs` of it. */
function greetedWith(fault: TurnFault, waitMs: number) {
  const bench = new SimulatorBench({ turns: [{ on: 'greeting', says: SAYS, fault }], fallbackTurn: { says: 'Next.' } });
  const client = bench.open();
  client.next();
  client.sendText('Greet the caller.');
  bench.clock.tick(520 + waitMs);
  return { bench, client };
}

const whole = ['sound', 'generationComplete', 'turnComplete'];

describe('a turn', () => {
  test('may be empty', () => {
    expect(greetedWith({ kind: 'emptyTurn' }, 10_000).client.next()).toEqual(['turnComplete']);
  });

  test('may be empty for a reason', () => {
    const { client } = greetedWith({ kind: 'emptyTurn', reason: 'RESPONSE_REJECTED' }, 10_000);
    expect(contentOf(client.arrivals.at(-1)!.message)).toMatchObject({ turnCompleteReason: 'RESPONSE_REJECTED' });
    expect(client.next()).toEqual(['turnComplete']);
  });

  test('may be a tone instead of speech, at its full length', () => {
    const { client } = greetedWith({ kind: 'steadyTone' }, 10_000);
    expect(client.soundMs).toBeGreaterThan(5_000);
    expect(client.next()).toEqual(whole);
  });

  test('may break off in mid-sentence without an end, and the session answers what comes next', () => {
    const { bench, client } = greetedWith({ kind: 'breaksOff', afterMs: 400 }, 60_000);
    expect(client.soundMs).toBeLessThan(3_000);
    expect(client.next()).toEqual(['sound']);
    client.sendText('Hello?');
    bench.clock.tick(10_000);
    expect(client.next()).toEqual(['interrupted', 'turnComplete', ...whole]);
  });

  test('may lack its turnComplete, and the next one comes all the same', () => {
    const { bench, client } = greetedWith({ kind: 'missingTurnComplete' }, 60_000);
    expect(client.next()).toEqual(['sound', 'generationComplete']);
    client.sendText('Hello?');
    bench.clock.tick(10_000);
    expect(client.next()).toEqual(whole);
  });

  test('may be nearly silent, at its full length', () => {
    const { client } = greetedWith({ kind: 'nearSilentAudio' }, 10_000);
    const bytes = client.arrivals.flatMap(({ message }) => {
      const part = contentOf(message).modelTurn?.parts[0];
      return part === undefined ? [] : [Buffer.from(part.inlineData.data, 'base64')];
    });
    const sound = Buffer.concat(bytes);
    expect(client.soundMs).toBeGreaterThan(5_000);
    const peaks = Array.from({ length: sound.length / 2 }, (_, index) => Math.abs(sound.readInt16LE(2 * index)));
    expect(Math.max(...new Set(peaks))).toBe(1);
  });

  test('may be interrupted although nobody spoke; the rest never comes', () => {
    const { bench, client } = greetedWith({ kind: 'phantomInterrupted', afterMs: 500 }, 10_000);
    expect(client.next()).toEqual(['sound', 'interrupted', 'turnComplete']);
    expect(bench.simulator.sessions[0]!.eventsOf('speechStarted')).toEqual([]);
  });

  test('may stop in mid-sentence, and go on later with all that was held back', () => {
    const { bench, client } = greetedWith({ kind: 'stall', afterMs: 500, forMs: 3_000 }, 3_400);
    const before = client.soundMs;
    expect(client.next()).toEqual(['sound']);
    bench.clock.tick(200);
    const heldMs = client.soundMs;
    expect(client.next()).toEqual(['sound', 'generationComplete']);
    expect(before).toBeGreaterThan(1_000);
    expect(before + heldMs).toBeGreaterThan(5_000);
  });

  test('may stop in mid-sentence for good', () => {
    const { bench, client } = greetedWith({ kind: 'stall', afterMs: 500 }, 60_000);
    client.sendText('Are you there?');
    bench.clock.tick(60_000);
    expect(client.next()).toEqual(['sound']);
    expect(client.closed).toBeUndefined();
  });

  test('may be the last one, once it is interrupted', () => {
    const { bench, client } = greetedWith({ kind: 'freezeAfterInterrupted' }, 500);
    client.say(sentence);
    client.saySilence(5_000);
    client.sendText('Hello?');
    bench.clock.tick(60_000);
    expect(client.next().filter((word) => !word.startsWith('ACTIVITY'))).toEqual([
      'sound',
      'interrupted',
      'turnComplete',
    ]);
  });

  test('that would freeze is whole when it is not interrupted', () => {
    expect(greetedWith({ kind: 'freezeAfterInterrupted' }, 10_000).client.next()).toEqual(whole);
  });

  test.each([
    [{ kind: 'drop', afterMs: 300 }, 1006, ''],
    [{ kind: 'close', afterMs: 300, code: 1011, reason: 'Internal error occurred.' }, 1011, 'Internal error occurred.'],
  ] as const)('may be cut by %j', (fault, code, reason) => {
    const { client } = greetedWith(fault, 10_000);
    expect(client.closed).toMatchObject({ code, reason });
    expect(client.next()).toEqual(['sound']);
  });

  test('may be followed by the end of the socket', () => {
    const { client } = greetedWith({ kind: 'drop' }, 10_000);
    expect(client.next()).toEqual(whole);
    expect(client.closed?.code).toBe(1006);
  });

  test.each([
    [1011, 'Deadline expired before operation could complete.'],
    [1008, 'The operation was aborted.'],
  ] as const)('may be followed by goAway and a close with %i', (code, reason) => {
    const { bench, client } = greetedWith({ kind: 'goAway', timeLeftMs: 2_500, code }, 10_000);
    expect(client.next()).toEqual([...whole, 'goAway']);
    expect(client.closed).toMatchObject({ code, reason });
    expect(bench.clock.armed).toBe(0);
  });
});

describe('a connection', () => {
  test('is closed at any moment: before it is ready', () => {
    const bench = new SimulatorBench({
      faults: [{ kind: 'close', atMs: 0, code: 1011, reason: 'The service is currently unavailable.' }],
    });
    const client = bench.open();
    expect(client.story).toEqual([]);
    expect(client.closed).toMatchObject({ code: 1011, reason: 'The service is currently unavailable.' });
  });

  test('is told to go, on the first socket only unless another is meant', () => {
    const bench = new SimulatorBench({ faults: [{ kind: 'goAway', atMs: 5_000, timeLeftMs: 9_500 }] });
    const client = bench.open();
    bench.clock.tick(5_000);
    expect(client.arrivals.at(-1)?.message).toEqual({ goAway: { timeLeft: '9.5s' } });
    client.close();
    const again = bench.open({ sessionResumption: { handle: client.handle } });
    bench.clock.tick(20_000);
    expect(again.story).toEqual(['ready', 'handle']);
  });

  test('is dropped on its second socket', () => {
    const bench = new SimulatorBench({ faults: [{ kind: 'drop', atMs: 5_000, connection: 2 }] });
    const client = bench.open();
    bench.clock.tick(20_000);
    expect(client.closed).toBeUndefined();
    client.close();
    const again = bench.open({ sessionResumption: { handle: client.handle } });
    bench.clock.tick(20_000);
    expect(again.closed?.code).toBe(1006);
  });

  test('is interrupted for nothing while idle', () => {
    const bench = new SimulatorBench({ faults: [{ kind: 'phantomInterrupted', atMs: 5_000 }] });
    const client = bench.open();
    bench.clock.tick(5_000);
    expect(client.story).toEqual(['ready', 'handle', 'interrupted']);
  });

  test('never hears of its setup again, for as many connections as the scenario says', () => {
    const bench = new SimulatorBench({ faults: [{ kind: 'silentSetup', times: 1 }] });
    const client = bench.open();
    bench.clock.tick(60_000);
    expect([client.story, client.closed]).toEqual([[], undefined]);
    expect(bench.open().story).toEqual(['ready', 'handle']);
  });

  test('is refused by HTTP, for as many connections as the scenario says', () => {
    const bench = new SimulatorBench({ faults: [{ kind: 'httpStatus', status: 429, times: 2 }] });
    expect([bench.connect().status, bench.connect().status, bench.connect().status]).toEqual([429, 429, undefined]);
  });

  test('is refused by HTTP from the connection on that is meant, and only by the key that is meant', () => {
    const bench = new SimulatorBench({
      faults: [
        { kind: 'httpStatus', status: 503, fromConnection: 2, times: 1 },
        { kind: 'httpStatus', status: 401, key: 'stolen' },
      ],
    });
    const stolen = DEVELOPER.replace('key=k', 'key=stolen');
    const statuses = [DEVELOPER, DEVELOPER, DEVELOPER, stolen].map((url) => bench.connect(url).status);
    expect(statuses).toEqual([undefined, 503, undefined, 401]);
  });

  test('is refused when it sets up, by the key that is meant', () => {
    const reason = 'Your project has been denied access. Please contact support.';
    const bench = new SimulatorBench({ faults: [{ kind: 'refusal', code: 1008, reason, key: 'k', times: 1 }] });
    expect(bench.open().closed).toMatchObject({ code: 1008, reason });
    expect(bench.open().story).toEqual(['ready', 'handle']);
  });

  test('may go deaf: it says nothing more and hears nothing, and its session stays locked', () => {
    const bench = new SimulatorBench({ faults: [{ kind: 'deaf', atMs: 2_000 }] });
    const client = bench.open();
    bench.clock.tick(2_000);
    const { handle } = client;
    client.next();
    client.sendText('Hello?');
    bench.clock.tick(60_000);
    expect([client.next(), client.closed]).toEqual([[], undefined]);
    expect(bench.simulator.sessions[0]!.eventsOf('textReceived')).toEqual([]);
    const again = bench.open({ sessionResumption: { handle } });
    bench.clock.tick(1_000);
    expect(again.closed?.code).toBe(1011);
  });

  test('finds its handle forgotten', () => {
    const bench = new SimulatorBench({ faults: [{ kind: 'forgottenHandles' }] });
    const client = bench.open();
    client.close();
    const again = bench.open({ sessionResumption: { handle: client.handle } });
    expect(again.closed).toMatchObject({ code: 1008, reason: 'Requested entity was not found.' });
  });

  test('is over the quota as the fourth at a time', () => {
    const bench = new SimulatorBench({ faults: [{ kind: 'quota' }] });
    const [first] = [bench.open(), bench.open(), bench.open()];
    const fourth = bench.open();
    expect(fourth.closed?.code).toBe(1011);
    expect(fourth.closed?.reason).toMatch(
      /^You exceeded your current quota, please check your plan and billing details/,
    );
    first.close();
    expect(bench.open().story).toEqual(['ready', 'handle']);
  });
});

describe('a scenario', () => {
  test('may be chosen by the request', () => {
    const scenarioFor = ({ url }: { url: string }): ScenarioInput =>
      url.includes('key=broken') ? { faults: [{ kind: 'httpStatus', status: 503 }] } : {};
    const bench = new SimulatorBench({}, { scenarioFor });
    expect(bench.connect().status).toBeUndefined();
    expect(bench.connect(DEVELOPER.replace('key=k', 'key=broken')).status).toBe(503);
  });

  test.each([
    [{ turns: [{ on: 'shout' }] }, 'turns[0].on'],
    [{ turns: [{ on: 'speech', speaks: 'x' }] }, 'speaks'],
    [{ turns: [{ on: 'speech', sound: 'loud' }] }, 'a sound is { wav: <file> }'],
    [{ turns: [{ on: 'speech', sound: { wav: 'x', hz: 1 } }] }, 'Unrecognized key: "hz"'],
    [{ turns: [{ on: 'speech', delivery: 'slow' }] }, "delivery is 'burst' or"],
    [{ turns: [{ on: 'speech', fault: { kind: 'earthquake' } }] }, 'turns[0].fault.kind'],
    [{ faults: [{ kind: 'drop' }] }, 'faults[0].atMs'],
    [{ turn: [] }, 'Unrecognized key: "turn"'],
  ])('that is wrong says where: %j', (scenario, place) => {
    expect(() => parseScenario(scenario)).toThrow(place);
  });
});

describe('the way it is sent', () => {
  const turn: Turn = { on: 'greeting', says: SAYS };

  function greeted(extra: object, style?: { bundled?: boolean; noise?: boolean }) {
    const bench = new SimulatorBench({ turns: [{ ...turn, ...extra }] }, { style });
    const client = bench.open();
    client.arrivals.length = 0;
    client.sendText('Greet the caller.');
    bench.clock.tick(20_000);
    return client;
  }

  test('speech comes several times faster than it is spoken, and turnComplete when it would have been played', () => {
    const client = greeted({});
    const soundMs = client.soundMs;
    expect((client.at('generationComplete') - client.at('sound')) / soundMs).toBeCloseTo(1 / 4.5, 1);
    expect(client.at('turnComplete') - client.at('sound')).toBeCloseTo(soundMs, 0);
  });

  test('a burst comes all at once', () => {
    const client = greeted({ delivery: 'burst' });
    const sounds = client.arrivals.filter(({ message }) => soundBytesOf(message) > 0);
    expect(new Set(sounds.map(({ atMs }) => atMs)).size).toBe(1);
    expect(client.soundMs).toBeGreaterThan(5_000);
  });

  test('chunks are as long as the service has them, the first 120 ms', () => {
    const sounds = greeted({})
      .arrivals.map(({ message }) => soundBytesOf(message) / 48)
      .filter((ms) => ms > 0);
    expect(sounds[0]).toBe(120);
    for (const ms of sounds.slice(0, -1)) expect([ms >= 40 && ms <= 680, ms % 20]).toEqual([true, 0]);
  });

  test('the transcript comes in fragments that make up the text, complete before generationComplete', () => {
    const client = greeted({});
    const messages = client.arrivals.map(({ message }) => contentOf(message));
    const pieces = messages.flatMap((content) => content.outputTranscription?.text ?? []);
    expect(pieces.length).toBeGreaterThan(2);
    expect(pieces.join('')).toBe(SAYS);
    const lastPiece = messages.findLastIndex((content) => content.outputTranscription !== undefined);
    expect(lastPiece).toBeLessThan(messages.findIndex((content) => content.generationComplete));
    expect(messages[0]?.outputTranscription).toBeDefined();
  });

  test('sound and transcript share a message, or do not', () => {
    const both = (bundled: boolean) =>
      greeted({}, { bundled }).arrivals.filter(({ message }) => {
        const { modelTurn, outputTranscription } = contentOf(message);
        return modelTurn !== undefined && outputTranscription !== undefined;
      }).length;
    expect(both(true)).toBeGreaterThan(0);
    expect(both(false)).toBe(0);
  });

  test('empty messages come between, or do not', () => {
    const empty = (noise: boolean) =>
      greeted({}, { noise }).arrivals.filter(({ message }) => JSON.stringify(message) === '{"serverContent":{}}')
        .length;
    expect(empty(true)).toBeGreaterThan(3);
    expect(empty(false)).toBe(0);
  });

  test('the same text always sounds the same, and another does not', () => {
    const heard = (says: string) =>
      JSON.stringify(greeted({ says }).arrivals.map(({ message }) => contentOf(message).modelTurn));
    expect(heard('Good morning')).toBe(heard('Good morning'));
    expect(heard('Good morning')).not.toBe(heard('Good evening'));
  });
});

test('what befalls the service at a moment of somebody else’s choosing happens to every open socket', () => {
  const bench = new SimulatorBench({});
  const clients = [bench.open(), bench.open()];
  bench.simulator.befall({ kind: 'close', code: 1011, reason: 'Internal error encountered.' });
  bench.clock.tick(1);
  expect(clients.map(({ closed }) => closed?.code)).toEqual([1011, 1011]);
  const later = bench.open();
  expect(later.closed).toBeUndefined();
});
