import { expect, test } from 'vitest';
import { plot, tickStep } from '../../../bench/load/plot.ts';

const line = {
  name: 'one & two',
  colour: '#123456',
  dashed: true,
  points: [
    { x: 50, y: 3 },
    { x: 400, y: 2 },
  ],
};

test('a plot has each line once in its legend, and its points in every panel', () => {
  const svg = plot('cost & delay', [
    { title: 'cost', lines: [line] },
    { title: 'delay', lines: [line] },
  ]);
  expect(svg.match(/one &amp; two/g)).toHaveLength(1);
  expect(svg.match(/<circle/g)).toHaveLength(4);
  expect(svg.match(/stroke-dasharray/g)).toHaveLength(3);
});

test('a plot says what it shows to who cannot see it', () => {
  expect(plot('cost & delay', [])).toMatch(/^<svg [^>]*role="img"[^>]*>\n<title>cost &amp; delay<\/title>/);
});

test('what costs more lies higher, and what has more calls farther right', () => {
  const [first, second] = [
    ...plot('cost & delay', [{ title: 'cost', lines: [line] }]).matchAll(/cx="([\d.]+)" cy="([\d.]+)"/g),
  ];
  expect(Number(first?.[1])).toBeLessThan(Number(second?.[1]));
  expect(Number(first?.[2])).toBeLessThan(Number(second?.[2]));
});

test('without a point there is an empty plot with its axes, and no broken one', () => {
  const svg = plot('cost & delay', [{ title: 'cost', lines: [] }]);
  expect(svg).not.toMatch(/NaN|Infinity/);
  expect(svg.match(/>0<\/text>/g)).toHaveLength(2);
});

test('ticks are round numbers, about five of them', () => {
  expect(tickStep(400)).toBe(100);
  expect(tickStep(9.6)).toBe(2);
  expect(tickStep(0.3)).toBeCloseTo(0.1);
  expect(tickStep(1)).toBe(0.2);
});
