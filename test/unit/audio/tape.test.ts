import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTape, pcm } from '../../../src/audio/index.ts';

const count = (from: number, length: number) =>
  pcm(
    Int16Array.from({ length }, (_, i) => from + i),
    8_000,
  );

const step = fc.oneof(
  fc.record({ append: fc.integer({ min: 0, max: 60 }) }),
  fc.record({ forget: fc.integer({ min: 0, max: 60 }) }),
);

test('what was appended is there until it is forgotten, wherever the memory has moved to', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(), fc.nat(), (steps, a, b) => {
      const tape = createTape(8_000, 16);
      for (const each of steps) {
        if ('append' in each) tape.append(count(tape.to, each.append));
        else tape.forget(tape.from + each.forget);
      }
      const remembered = tape.to - tape.from;
      const [from, to] = [a, b].map((n) => tape.from + (n % (remembered + 1))).sort((x, y) => x - y);
      expect([...tape.view(from!, to!)]).toEqual([...count(from!, to! - from!)]);
    }),
    { numRuns: 500 },
  );
});

test('what comes and is forgotten at the same pace stays in the memory that it has', () => {
  const tape = createTape(8_000, 1_000);
  for (let i = 0; i < 1_000; i++) {
    tape.append(count(0, 320));
    tape.forget(tape.to - 320);
  }
  expect(tape.capacity).toBe(1_000);
});

test('a tape that is full grows by half', () => {
  const tape = createTape(8_000, 1_000);
  tape.append(count(0, 1_000));
  tape.forget(100);
  tape.append(count(0, 100));
  expect(tape.capacity).toBe(1_000);
  tape.append(count(0, 1));
  expect(tape.capacity).toBe(1_500);
});

test('what is forgotten or has not come cannot be read', () => {
  const tape = createTape(8_000, 16);
  tape.append(count(0, 10));
  tape.forget(4);
  expect(() => tape.view(3, 10)).toThrow('3 to 10 is not within 4 to 10');
  expect(() => tape.view(4, 11)).toThrow(RangeError);
  expect(() => tape.view(6, 5)).toThrow(RangeError);
});

test('nothing is forgotten that has not come', () => {
  const tape = createTape(8_000, 16);
  tape.append(count(0, 4));
  tape.forget(9);
  tape.append(count(4, 4));
  expect([...tape.view(4, 8)]).toEqual([4, 5, 6, 7]);
});

test('an erased tape begins again, with its memory', () => {
  const tape = createTape(8_000, 16);
  tape.append(count(0, 100));
  tape.erase();
  tape.append(count(7, 3));
  expect([tape.from, tape.to, tape.capacity]).toEqual([0, 3, 122]);
  expect([...tape.view(0, 3)]).toEqual([7, 8, 9]);
});
