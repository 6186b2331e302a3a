/** Numbers as people say and write them: in groups, with anything between them but letters. */

export interface Group {
  readonly digits: string;
  readonly start: number;
  readonly end: number;
}

/** Groups without a letter between them, in their order. */
export type Run = readonly Group[];

const GROUP = /\d+/g;
const LETTER = /\p{L}/u;

/** Of a text with ASCII digits. */
export function digitRuns(text: string): Run[] {
  const runs: Group[][] = [];
  let last: Group | undefined;
  for (const match of text.matchAll(GROUP)) {
    const group = { digits: match[0], start: match.index, end: match.index + match[0].length };
    if (last === undefined || LETTER.test(text.slice(last.end, group.start))) runs.push([group]);
    else runs.at(-1)?.push(group);
    last = group;
  }
  return runs;
}

/** The same run with each digit as a group of its own: where nothing tells where one number ends and the next begins. */
export function digitByDigit(run: Run): Run {
  return run.flatMap(({ digits, start }) =>
    [...digits].map((digit, index) => ({ digits: digit, start: start + index, end: start + index + 1 })),
  );
}

interface Number {
  readonly digits: string;
  readonly start: number;
  readonly end: number;
}

/** All numbers of whole groups that have `min` to `max` digits. */
export function* numbersOf(run: Run, min: number, max: number): Generator<Number> {
  for (const [index, first] of run.entries()) {
    let digits = '';
    for (const { digits: more, end } of run.slice(index, index + max)) {
      digits += more;
      if (digits.length > max) break;
      if (digits.length >= min) yield { digits, start: first.start, end };
    }
  }
}
