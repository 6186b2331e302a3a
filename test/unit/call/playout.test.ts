/** What the provider is sent and when, and what counts as heard. */
import { expect, test } from 'vitest';
import { type Pcm, pcm } from '../../../src/audio/index.ts';
import { Playout } from '../../../src/call/playout.ts';
import type { PlayedTurn } from '../../../src/transcript/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';

type Sent = { type: 'audio'; samples: Int16Array } | { type: 'mark'; name: string } | { type: 'clear' };

const ms = (lengthMs: number): Pcm<8000> => pcm(new Int16Array(lengthMs * 8).fill(1), 8000);

function playing(leadMs = 5_000) {
  const clock = new ManualClock();
  const startMs = clock.nowMs();
  const sent: Sent[] = [];
  const started: [number, number][] = [];
  const ended = new Map<number, PlayedTurn>();
  const overflows: number[] = [];
  const playout = new Playout(clock, {
    turnStarted: (turn, atMs) => started.push([turn, atMs - startMs]),
    turnEnded: (turn, played) => ended.set(turn, played),
    overflowed: (lengthMs) => overflows.push(lengthMs),
  });
  const attach = (): void =>
    playout.attach({
      leadMs,
      maxMessageMs: 200,
      play: (samples) => sent.push({ type: 'audio', samples: samples.slice() }),
      mark: (name) => sent.push({ type: 'mark', name }),
      clear: () => sent.push({ type: 'clear' }),
    });
  const marks = (): string[] => sent.flatMap((command) => (command.type === 'mark' ? [command.name] : []));
  const sentMs = (): number =>
    sent.reduce((sum, command) => sum + (command.type === 'audio' ? command.samples.length / 8 : 0), 0);
  return { clock, startMs, playout, sent, started, ended, overflows, attach, marks, sentMs };
}

test('sound that comes before the stream waits for it', () => {
  const { playout, attach, sentMs, started } = playing();
  playout.enqueue(1, ms(400));
  expect(sentMs()).toBe(0);
  expect(started).toEqual([]);
  attach();
  expect(sentMs()).toBe(400);
  expect(started).toEqual([[1, 0]]);
});

test('a mark follows about every 200 ms of sound and the end of a turn, and no message is cut for it', () => {
  const { playout, attach, sent } = playing();
  attach();
  for (const lengthMs of [38, 40, 40, 40, 40, 300, 150, 20]) playout.enqueue(1, ms(lengthMs));
  playout.completeTurn(1);
  const shape = sent.map((command) => (command.type === 'audio' ? command.samples.length / 8 : command.type));
  expect(shape).toEqual([38, 40, 40, 40, 40, 'mark', 200, 'mark', 100, 150, 'mark', 20, 'mark']);
});

test('sound is sent only as far ahead as the lead, and topped up as it is played', () => {
  const { clock, playout, attach, sentMs } = playing(1_000);
  attach();
  playout.enqueue(1, ms(10_000));
  expect(sentMs()).toBe(1_000);
  clock.tick(100);
  playout.topUp();
  expect(sentMs()).toBe(1_200);
  clock.tick(5_000);
  playout.topUp();
  // Everything was played meanwhile: the lead counts from now on.
  expect(sentMs()).toBe(2_200);
});

test('samples leave in the order in which they came, whatever their chunks', () => {
  const { playout, attach, sent } = playing();
  const all = Int16Array.from({ length: 8_000 }, (_, i) => i);
  attach();
  for (let at = 0; at < all.length; ) {
    const length = 1 + ((at * 7) % 700);
    playout.enqueue(1, pcm(all.subarray(at, at + length), 8000));
    at += length;
  }
  const out = sent.flatMap((command) => (command.type === 'audio' ? [...command.samples] : []));
  expect(out).toEqual([...all]);
});

test('turns that take over the memory of earlier ones sound as they came, also while others wait', () => {
  const { clock, playout, attach, marks, sent } = playing(100);
  attach();
  const said: number[] = [];
  for (let turn = 1; turn <= 30; turn++) {
    const samples = Int16Array.from({ length: 8 * (40 + 37 * (turn % 5)) }, (_, i) => 1_000 * turn + i);
    playout.enqueue(turn, pcm(samples, 8000));
    playout.completeTurn(turn);
    said.push(...samples);
    for (let tick = 0; tick < (turn % 3) * 4; tick++) {
      clock.tick(20);
      playout.topUp();
      for (const mark of marks()) playout.markReached(mark);
    }
  }
  for (let tick = 0; tick < 500; tick++) {
    clock.tick(20);
    playout.topUp();
  }
  expect(sent.flatMap((command) => (command.type === 'audio' ? [...command.samples] : []))).toEqual(said);
});

test('a turn is heard when its end mark comes back', () => {
  const { clock, startMs, playout, attach, marks, ended } = playing();
  attach();
  playout.enqueue(1, ms(500));
  playout.completeTurn(1);
  clock.tick(550);
  for (const mark of marks()) playout.markReached(mark);
  expect(ended.get(1)).toEqual({ startMs, endMs: startMs + 500, heardMs: 500, generatedMs: 500, cut: false });
  expect(playout.idle).toBe(true);
});

test('a turn that is complete exactly at a mark needs no second one', () => {
  const { playout, attach, marks, ended } = playing();
  playout.enqueue(1, ms(400));
  playout.completeTurn(1);
  attach();
  expect(marks()).toHaveLength(2);
  for (const mark of marks()) playout.markReached(mark);
  expect(ended.get(1)?.cut).toBe(false);
});

test('a clear drops what is queued and counts as heard what the last mark proves and the clock adds', () => {
  const { clock, playout, attach, sent, marks, ended } = playing();
  attach();
  playout.enqueue(1, ms(3_000));
  playout.completeTurn(1);
  clock.tick(450);
  playout.markReached(marks()[0]!);
  playout.markReached(marks()[1]!);
  clock.tick(120);
  playout.clear();
  expect(sent.at(-1)).toEqual({ type: 'clear' });
  expect(ended.get(1)).toMatchObject({ heardMs: 520, generatedMs: 3_000, cut: true });
  expect(playout.idle).toBe(true);
});

test('no more than the next mark allows counts as heard, however much time has passed', () => {
  const { clock, playout, attach, ended, marks } = playing();
  attach();
  playout.enqueue(1, ms(3_000));
  playout.markReached(marks()[0]!);
  clock.tick(1_500);
  playout.clear();
  expect(ended.get(1)?.heardMs).toBe(400);
});

test('echoes after a clear prove nothing, not even for the next turn', () => {
  const { playout, attach, marks, ended } = playing();
  attach();
  playout.enqueue(1, ms(1_000));
  playout.completeTurn(1);
  const cleared = marks();
  playout.clear();
  const cut = ended.get(1);
  playout.enqueue(2, ms(1_000));
  playout.completeTurn(2);
  for (const mark of cleared) playout.markReached(mark);
  expect(ended.get(1)).toBe(cut);
  expect(ended.has(2)).toBe(false);
  expect(new Set(marks()).size).toBe(marks().length);
});

test('an echo that never comes ends the turn by the clock', () => {
  const { clock, playout, attach, ended } = playing();
  attach();
  playout.enqueue(1, ms(500));
  playout.completeTurn(1);
  clock.tick(2_499);
  playout.topUp();
  expect(ended.has(1)).toBe(false);
  clock.tick(1);
  playout.topUp();
  expect(ended.get(1)).toMatchObject({ heardMs: 500, cut: false });
});

test('a turn that was held up on its way was heard when its marks say so, and so was the one behind it', () => {
  const { clock, startMs, playout, attach, marks, ended } = playing();
  attach();
  for (const turn of [1, 2]) {
    playout.enqueue(turn, ms(300));
    playout.completeTurn(turn);
  }
  clock.tick(1_510);
  for (const [index, mark] of marks().entries()) {
    clock.tick(index % 2 === 0 ? 200 : 100);
    playout.markReached(mark);
  }
  expect(ended.get(1)).toMatchObject({ startMs: startMs + 1_510, endMs: startMs + 1_810, heardMs: 300, cut: false });
  expect(ended.get(2)).toMatchObject({ startMs: startMs + 1_810, endMs: startMs + 2_110, heardMs: 300, cut: false });
});

test('an echo that is late by a telephone network does not make a turn longer', () => {
  const { clock, startMs, playout, attach, marks, ended } = playing();
  attach();
  playout.enqueue(1, ms(150));
  playout.completeTurn(1);
  clock.tick(150 + 500);
  playout.markReached(marks()[0]!);
  expect(ended.get(1)).toMatchObject({ startMs, endMs: startMs + 150 });
});

test('a turn behind another starts when that one has been played', () => {
  const { playout, attach, started } = playing();
  attach();
  playout.enqueue(1, ms(700));
  playout.completeTurn(1);
  playout.enqueue(2, ms(300));
  expect(started).toEqual([
    [1, 0],
    [2, 700],
  ]);
});

test('a turn that was never sent is cut with nothing heard, and the provider is not told to clear', () => {
  const { playout, sent, ended } = playing();
  playout.enqueue(1, ms(700));
  playout.clear();
  expect(ended.get(1)).toMatchObject({ heardMs: 0, generatedMs: 700, cut: true });
  expect(sent).toEqual([]);
});

test('the end of the call settles every turn and sends nothing more', () => {
  const { clock, playout, attach, sent, ended } = playing();
  attach();
  playout.enqueue(1, ms(700));
  playout.enqueue(2, ms(700));
  clock.tick(100);
  const before = sent.length;
  playout.close();
  playout.enqueue(3, ms(100));
  expect(ended.get(1)).toMatchObject({ heardMs: 100, cut: true });
  expect(ended.get(2)).toMatchObject({ heardMs: 0, cut: true });
  expect(sent).toHaveLength(before);
});

test('sound beyond five minutes is dropped and told', () => {
  const { playout, overflows } = playing();
  for (let i = 0; i < 31; i++) playout.enqueue(1, ms(10_000));
  expect(overflows).toEqual([10_000]);
});

test('a turn that runs dry before its end is a gap of the time until its next sound; a pause between turns is none', () => {
  const { clock, playout, attach, marks } = playing();
  attach();
  playout.enqueue(1, ms(200));
  clock.tick(350);
  playout.enqueue(1, ms(200));
  playout.completeTurn(1);
  clock.tick(1_000);
  for (const mark of marks()) playout.markReached(mark);
  playout.enqueue(2, ms(200));
  expect(playout.summary()).toMatchObject({ gaps: 1, gapMs: 150 });
});

test('what a broken stream did not bring to the caller is sent again by the next one', () => {
  const { clock, playout, attach, sent, sentMs, ended } = playing(5_000);
  attach();
  playout.enqueue(1, ms(1_000));
  playout.enqueue(1, ms(2_000));
  playout.completeTurn(1);
  playout.enqueue(2, ms(500));
  playout.completeTurn(2);
  expect(sentMs()).toBe(3_500);
  clock.tick(1_300);
  playout.rewind();
  expect(playout.sounding).toBe(false);
  clock.tick(4_000);
  expect(ended.size).toBe(0);
  sent.length = 0;
  attach();
  // Heard up to 1.3 s by the clock, as far as the next mark allows: that at 0.2 s was never echoed.
  expect(sentMs()).toBe(3_500 - 200);
  expect(sent.filter(({ type }) => type === 'mark')).toHaveLength(14 + 3);
});

test('an echoed mark is where a broken stream is taken up again, in the middle of a chunk too', () => {
  const { clock, playout, attach, sent, sentMs, marks, ended, startMs } = playing(5_000);
  attach();
  playout.enqueue(
    1,
    pcm(
      Int16Array.from({ length: 8_000 }, (_, at) => at),
      8000,
    ),
  );
  clock.tick(400);
  playout.markReached(marks()[1]!);
  clock.tick(100);
  playout.rewind();
  clock.tick(1_000);
  sent.length = 0;
  attach();
  expect(sentMs()).toBe(500);
  expect(sent[0]).toMatchObject({ type: 'audio', samples: Int16Array.from({ length: 1_600 }, (_, at) => 4_000 + at) });
  playout.completeTurn(1);
  clock.tick(500);
  playout.markReached(marks().at(-1)!);
  expect(ended.get(1)).toEqual({ startMs, endMs: startMs + 2_000, heardMs: 1_000, generatedMs: 1_000, cut: false });
});

test('a turn that is cut after its stream broke was heard up to where it broke, and what was played since', () => {
  const { clock, playout, attach, marks, ended } = playing(5_000);
  attach();
  playout.enqueue(1, ms(2_000));
  clock.tick(600);
  playout.markReached(marks()[2]!);
  playout.rewind();
  clock.tick(3_000);
  attach();
  clock.tick(150);
  playout.clear();
  expect(ended.get(1)).toMatchObject({ heardMs: 750, cut: true });
});

test('sound that the provider never got was not heard, though the marks behind it come back', () => {
  const { playout, attach, ended, marks } = playing();
  attach();
  playout.enqueue(1, ms(1_000));
  playout.completeTurn(1);
  playout.lost(400);
  for (const mark of marks()) playout.markReached(mark);
  expect(ended.get(1)).toMatchObject({ generatedMs: 1_000, cut: true });
  expect(ended.get(1)!.heardMs).toBeLessThanOrEqual(600);
  expect(playout.summary().droppedMs).toBe(400);
});

test('sound that was lost belongs to the oldest turn that is not heard yet, and what is over goes to the next', () => {
  const { clock, playout, attach, ended, marks } = playing();
  attach();
  playout.enqueue(1, ms(400));
  playout.completeTurn(1);
  playout.enqueue(2, ms(400));
  playout.completeTurn(2);
  playout.lost(600);
  clock.tick(800);
  for (const mark of marks()) playout.markReached(mark);
  expect([ended.get(1)?.heardMs, ended.get(2)?.heardMs]).toEqual([0, 200]);
});

test('sound that was lost before the stream broke is said again on the next one', () => {
  const { clock, playout, attach, marks, sentMs } = playing();
  attach();
  playout.enqueue(1, ms(1_000));
  clock.tick(600);
  for (const mark of marks().slice(0, 3)) playout.markReached(mark);
  playout.lost(400);
  clock.tick(300);
  playout.rewind();
  const beforeMs = sentMs();
  attach();
  expect(sentMs() - beforeMs).toBe(400);
});

test('what the caller has still to hear is what is under way and what is queued', () => {
  const { clock, playout, attach, marks } = playing(1_000);
  attach();
  playout.enqueue(1, ms(3_000));
  playout.enqueue(2, ms(500));
  clock.tick(600);
  playout.markReached(marks()[2]!);
  expect(playout.leftMs).toBe(2_900);
  playout.rewind();
  clock.tick(5_000);
  attach();
  expect(playout.leftMs).toBe(2_900);
  playout.clear();
  expect(playout.leftMs).toBe(0);
});
