/** What the caller said when the session breaks: none of it is lost, and none of it is heard twice. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pcm } from '../../../src/audio/index.ts';
import { mindSocket } from '../../../src/live/socket.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { MemorySocket } from '../../support/memory-socket.ts';
import { LiveBench, type ServerEnd } from './live-bench.ts';

/** There and back again. */
const ROUND_TRIP_MS = 80;
const FRAME_MS = 20;

let bench: LiveBench;
let spoken: number;
beforeEach(async () => {
  bench = new LiveBench({ oneWayMs: ROUND_TRIP_MS / 2 });
  spoken = 0;
  bench.open();
  await bench.clock.advance(100);
  await bench.serve({ setupComplete: {} });
  await bench.serve({ sessionResumptionUpdate: { newHandle: 'h', resumable: true } });
  // Off the beat of the frames.
  await bench.clock.advance(5_050);
});
afterEach(async () => {
  bench.session.close();
  await bench.clock.advance(2_000);
  expect(bench.clock.armed).toBe(0);
});

/** The caller speaks for so long: each frame holds its own number. */
async function speak(lengthMs: number): Promise<void> {
  for (let ms = 0; ms < lengthMs; ms += FRAME_MS) {
    bench.session.sendAudio(pcm(new Int16Array(FRAME_MS * 16).fill(spoken), 16_000));
    spoken += 1;
    await bench.clock.advance(FRAME_MS);
  }
}

/** The numbers of the frames that the service heard on a socket, with activity in between. */
function heardOn(end: ServerEnd): (number | string)[] {
  return end.received.flatMap((message) => {
    const { realtimeInput = {} } = message as { realtimeInput?: Record<string, unknown> };
    if (realtimeInput['activityStart']) return 'started';
    if (realtimeInput['activityEnd']) return 'ended';
    if (typeof realtimeInput['text'] === 'string') return realtimeInput['text'];
    const audio = realtimeInput['audio'] as { data: string } | undefined;
    return audio ? Buffer.from(audio.data, 'base64').readInt16LE(0) : [];
  });
}

const heard = () => bench.sockets.flatMap(heardOn);
const all = () => Array.from({ length: spoken }, (_, frame) => frame);

async function back(waitMs: number): Promise<void> {
  bench.session.resume();
  await bench.clock.advance(waitMs + 100);
  await bench.serve({ setupComplete: {} });
  await bench.clock.advance(ROUND_TRIP_MS);
}

describe('every frame is heard once', () => {
  test.each([
    [1011, 'Deadline expired before operation could complete.'],
    [1008, 'The operation was aborted.'],
    [1000, ''],
  ])('after the service closed with %i', async (code, reason) => {
    await speak(300);
    bench.socket.theirs?.close(code, reason);
    // The service reads nothing after its own close.
    const before = bench.socket.received.length;
    const [first] = bench.sockets;
    await speak(ROUND_TRIP_MS / 2);
    first!.received.length = before;
    await back(0);
    expect(heardOn(bench.socket).length).toBeGreaterThan(1);
    expect(heard()).toEqual(all());
  });

  test('after the connection broke', async () => {
    await speak(300);
    bench.socket.theirs?.terminate();
    await speak(ROUND_TRIP_MS / 2);
    await back(1_500);
    expect(heardOn(bench.socket).length).toBeGreaterThan(1);
    expect(heard()).toEqual(all());
  });

  test('after we left in good order', async () => {
    await speak(300);
    await back(ROUND_TRIP_MS / 2);
    expect(heardOn(bench.socket)).toEqual([]);
    expect(heard()).toEqual(all());
  });

  test('after we left a link that had been dead for a while, whatever the session goes on with', async () => {
    await speak(300);
    await bench.clock.advance(4_950);
    bench.linkDies();
    await speak(3_000);
    bench.session.beginAfresh();
    // A second for the closing handshake that nobody answers.
    await bench.clock.advance(1_100);
    expect(bench.sockets).toHaveLength(2);
    await bench.serve({ setupComplete: {} });
    await bench.clock.advance(ROUND_TRIP_MS);
    expect(bench.heard.at(-1)).toMatchObject(['ready', { how: 'new' }]);
    expect(heard()).toEqual(all());
  });

  test('before what the call held meanwhile', async () => {
    await speak(300);
    bench.socket.theirs?.terminate();
    await speak(ROUND_TRIP_MS / 2);
    bench.during.set('ready', () => bench.session.sendAudio(pcm(new Int16Array(320).fill(spoken), 16_000)));
    await back(1_500);
    expect(heard()).toEqual([...all(), spoken]);
  });

  test('when the socket that came next broke before it was ready', async () => {
    await speak(300);
    bench.socket.theirs?.terminate();
    await speak(ROUND_TRIP_MS / 2);
    bench.answers.push({ refuses: 503 });
    await back(1_500 + 3_000 + 10);
    expect(heard()).toEqual(all());
  });

  test('when the next socket breaks at once, too', async () => {
    await speak(300);
    bench.socket.theirs?.terminate();
    await speak(ROUND_TRIP_MS / 2);
    bench.session.resume();
    await bench.clock.advance(1_600);
    await bench.serve({ setupComplete: {} });
    bench.socket.theirs?.terminate();
    await bench.clock.advance(ROUND_TRIP_MS);
    await back(3_000);
    expect(heard()).toEqual(all());
  });
});

test('what is said again is bounded, and what is beyond is counted', async () => {
  bench.linkDies();
  await speak(25_000);
  bench.session.beginAfresh();
  await bench.clock.advance(1_100);
  await bench.serve({ setupComplete: {} });
  await bench.clock.advance(ROUND_TRIP_MS);
  expect(heard().length * FRAME_MS).toBe(20_000);
  expect((await bench.metrics.heldAudioDroppedMs.get()).values[0]?.value).toBe(5_000);
});

test('speech that was declared before the break is declared again, once', async () => {
  bench.session.sendActivity('started');
  await speak(300);
  bench.socket.theirs?.terminate();
  await speak(ROUND_TRIP_MS / 2);
  // The call does so when it is told that the session is ready.
  bench.during.set('ready', () => bench.session.sendActivity('started'));
  await back(1_500);
  const again = heardOn(bench.socket);
  expect(again.length).toBeGreaterThan(1);
  expect(again.filter((one) => one === 'started')).toHaveLength(1);
  expect(again[0]).toBe('started');
});

test('keys are said again like the voice, and our own orders are not', async () => {
  bench.session.sendText('digit 1', 'caller');
  bench.session.sendText('Greet the caller.');
  bench.socket.theirs?.terminate();
  await bench.clock.advance(ROUND_TRIP_MS);
  await back(1_500);
  expect(heard()).toEqual(['digit 1']);
});

describe('the answer of a tool', () => {
  const answer = (id: string) => ({ id, name: 'book', response: { status: 'ok' }, asText: `[book: ok, ${id}]` });
  const toldOn = ({ received }: ServerEnd) =>
    received.flatMap((message) => {
      const { toolResponse } = message as { toolResponse?: { functionResponses: { id: string }[] } };
      return toolResponse?.functionResponses.map(({ id }) => id) ?? [];
    });

  test('goes to the resumed session, whether it came just before the break or during it', async () => {
    bench.session.answerTools([answer('c1')]);
    await bench.clock.advance(1_000);
    bench.session.answerTools([answer('c2')]);
    await bench.connectionBreaks();
    await bench.clock.advance(ROUND_TRIP_MS);
    bench.session.answerTools([answer('c3')]);
    await back(1_500);
    expect(toldOn(bench.socket)).toEqual(['c2', 'c3']);
    expect(heardOn(bench.socket)).toEqual([]);
  });

  test('is told in words to a session that does not know the call', async () => {
    bench.session.answerTools([answer('c1')]);
    await bench.connectionBreaks();
    await bench.clock.advance(ROUND_TRIP_MS);
    bench.session.answerTools([answer('c2')]);
    bench.session.beginAfresh();
    await bench.clock.advance(1_600);
    await bench.serve({ setupComplete: {} });
    await bench.clock.advance(ROUND_TRIP_MS);
    expect(toldOn(bench.socket)).toEqual([]);
    expect(heardOn(bench.socket)).toEqual(['[book: ok, c1]', '[book: ok, c2]']);
  });
});

describe('to begin afresh', () => {
  const resumption = () =>
    (bench.socket.received[0] as { setup: { sessionResumption: object } }).setup.sessionResumption;

  test('leaves a session that is ready, and its handle', async () => {
    bench.session.beginAfresh();
    await bench.clock.advance(200);
    expect(bench.sockets[0]?.closed?.code).toBe(1000);
    expect(resumption()).toEqual({});
  });

  test('does not wait where only the handle was waited for', async () => {
    await bench.connectionBreaks();
    await bench.clock.advance(ROUND_TRIP_MS);
    bench.session.resume();
    await bench.clock.advance(100);
    expect(bench.sockets).toHaveLength(1);
    bench.session.beginAfresh();
    await bench.clock.advance(100);
    expect(bench.sockets).toHaveLength(2);
    expect(resumption()).toEqual({});
  });

  test('gives up a resume that hangs, and lets a fresh start that is under way be', async () => {
    bench.session.resume();
    await bench.clock.advance(1_000);
    expect(resumption()).toEqual({ handle: 'h' });
    bench.session.beginAfresh();
    await bench.clock.advance(200);
    expect(resumption()).toEqual({});
    bench.session.beginAfresh();
    bench.session.resume();
    await bench.clock.advance(200);
    expect(bench.sockets).toHaveLength(3);
    await bench.serve({ setupComplete: {} });
    expect(bench.names.filter((name) => name === 'ready')).toHaveLength(2);
  });

  test('is nothing to a session that has ended', async () => {
    bench.session.close();
    bench.session.beginAfresh();
    bench.session.resume();
    await bench.clock.advance(2_000);
    expect(bench.sockets).toHaveLength(1);
  });
});

test('an instant network does not make the two ends instant: what was said just before a close is not taken for heard', async () => {
  const clock = new ManualClock();
  const [ours, theirs] = MemorySocket.pair(clock);
  const socket = mindSocket(ours, clock, { message: () => undefined, closed: () => undefined });
  await clock.advance(5_000);
  theirs.close(1011, 'Internal error encountered.');
  await clock.advance(0);
  expect(clock.nowMs() - socket.unsureSinceMs()).toBe(20);
});

test('what is said while the closing handshake goes on has not been heard, however long that takes', async () => {
  const clock = new ManualClock();
  const [end, theirs] = MemorySocket.pair(clock);
  const ours = Object.assign(end, { readyState: 1 });
  const socket = mindSocket(ours, clock, { message: () => undefined, closed: () => undefined });
  await clock.advance(5_000);
  socket.send('heard');
  ours.readyState = 2;
  await clock.advance(20);
  socket.send('dropped');
  await clock.advance(50);
  socket.send('dropped');
  theirs.close(1011, 'Internal error encountered.');
  await clock.advance(0);
  expect(clock.nowMs() - socket.unsureSinceMs()).toBe(50 + 20);
});
