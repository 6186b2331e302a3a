/** A plot as SVG, made by hand: a few lines over the number of calls, readable on light and on dark ground. */

export interface Line {
  readonly name: string;
  readonly colour: string;
  readonly dashed: boolean;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface Panel {
  readonly title: string;
  readonly lines: readonly Line[];
}

const WIDTH = 420;
const HEIGHT = 300;
const MARGIN = { left: 48, right: 12, top: 30, bottom: 34 };
const LEGEND_ROW = 18;
/** Neither black nor white. */
const INK = '#808080';
const TICKS = 5;

/** Panels beside each other, with one legend below for all; `title` is what a screen reader says of it. */
export function plot(title: string, panels: readonly Panel[]): string {
  const legend = new Map(panels.flatMap(({ lines }) => lines.map((line) => [line.name, line] as const)));
  const height = HEIGHT + LEGEND_ROW * legend.size + 10;
  const rows = [...legend.values()].map(
    (line, i) =>
      `<g transform="translate(${MARGIN.left} ${HEIGHT + 8 + i * LEGEND_ROW})"><path d="M0 0H28" ${stroke(line)}/><text x="36" y="4">${text(line.name)}</text></g>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 ${WIDTH * panels.length} ${height}" font-family="sans-serif" font-size="11" fill="${INK}">`,
    `<title>${text(title)}</title>`,
    ...panels.map((panel, i) => `<g transform="translate(${i * WIDTH} 0)">\n${panelOf(panel)}\n</g>`),
    ...rows,
    '</svg>\n',
  ].join('\n');
}

function panelOf({ title, lines }: Panel): string {
  const all = lines.flatMap(({ points }) => points);
  const stepX = tickStep(Math.max(1, ...all.map(({ x }) => x)));
  const stepY = tickStep(Math.max(1e-3, ...all.map(({ y }) => y)));
  const maxX = roundUp(Math.max(1, ...all.map(({ x }) => x)), stepX);
  const maxY = roundUp(Math.max(1e-3, ...all.map(({ y }) => y)), stepY);
  const right = WIDTH - MARGIN.right;
  const bottom = HEIGHT - MARGIN.bottom;
  const atX = (x: number): string => (MARGIN.left + (x / maxX) * (right - MARGIN.left)).toFixed(1);
  const atY = (y: number): string => (bottom - (y / maxY) * (bottom - MARGIN.top)).toFixed(1);
  const ticksX = ticks(maxX, stepX).map(
    (x) => `<text x="${atX(x)}" y="${bottom + 16}" text-anchor="middle">${label(x)}</text>`,
  );
  const ticksY = ticks(maxY, stepY).map(
    (y) =>
      `<path d="M${MARGIN.left} ${atY(y)}H${right}" stroke="${INK}" stroke-opacity=".25"/><text x="${MARGIN.left - 6}" y="${Number(atY(y)) + 4}" text-anchor="end">${label(y)}</text>`,
  );
  const drawn = lines.map((line) => {
    const path = line.points.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${atX(x)} ${atY(y)}`).join('');
    const dots = line.points.map(({ x, y }) => `<circle cx="${atX(x)}" cy="${atY(y)}" r="3" fill="${line.colour}"/>`);
    return `<path d="${path}" ${stroke(line)}/>${dots.join('')}`;
  });
  return [
    `<text x="${MARGIN.left}" y="18" font-size="13">${text(title)}</text>`,
    ...ticksY,
    ...ticksX,
    `<text x="${right}" y="${bottom + 30}" text-anchor="end">calls</text>`,
    ...drawn,
  ].join('\n');
}

/** 1, 2 or 5 times a power of ten. */
export function tickStep(max: number): number {
  const rough = max / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough * (1 - 1e-9))!;
}

const roundUp = (max: number, step: number): number => Math.ceil(max / step - 1e-9) * step;

const ticks = (max: number, step: number): number[] =>
  Array.from({ length: Math.round(max / step) + 1 }, (_, i) => i * step);

/** Without the last digits of binary fractions. */
const label = (value: number): string => String(Number(value.toPrecision(6)));

const stroke = ({ colour, dashed }: Line): string =>
  `fill="none" stroke="${colour}" stroke-width="2"${dashed ? ' stroke-dasharray="5 4"' : ''}`;

const text = (value: string): string => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
