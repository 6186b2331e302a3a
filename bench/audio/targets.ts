/** What a system must reach, and whether it does. */
import { SILENCE_DBOV } from '../../src/audio/index.ts';
import type { FilterMeasures, Measures, SnrPoint } from './measures.ts';

export interface Judged {
  /** undefined: there is nothing to measure. */
  readonly value: number | undefined;
  readonly said: string;
  readonly passes: boolean;
}

export interface Row {
  readonly measure: string;
  readonly target: string;
  readonly judge: (system: Measures, ideal: Measures) => Judged;
}

const MAX_LOSS_DB = 0.3;
const MAX_SPURIOUS_DB = -80;
const MAX_RIPPLE_DB = 0.05;
const MAX_DELAY_MS = 2.2;

export const ROWS: readonly Row[] = [
  loss('up: SNR lost against G.711, worst', ({ toModel }) => toModel),
  loss('down: SNR lost against G.711, worst', ({ toPhone }) => toPhone),
  filterRow('up: images', 'dB', 1, MAX_SPURIOUS_DB, 'up', ({ spuriousDb }) => spuriousDb),
  filterRow('down: aliases', 'dB', 1, MAX_SPURIOUS_DB, 'down', ({ spuriousDb }) => spuriousDb),
  filterRow('up: ripple', 'dB', 4, MAX_RIPPLE_DB, 'up', ({ rippleDb }) => rippleDb),
  filterRow('down: ripple', 'dB', 4, MAX_RIPPLE_DB, 'down', ({ rippleDb }) => rippleDb),
  filterRow('up: group delay', 'ms', 3, MAX_DELAY_MS, 'up', ({ delayMs }) => delayMs),
  filterRow('down: group delay', 'ms', 3, MAX_DELAY_MS, 'down', ({ delayMs }) => delayMs),
  filterRow('up: SNR without codec, worst', 'dB', 1, undefined, 'up', ({ snrDb }) => snrDb),
  filterRow('down: SNR without codec, worst', 'dB', 1, undefined, 'down', ({ snrDb }) => snrDb),
  {
    measure: 'silence stays silence',
    target: 'digital',
    judge: ({ silenceDbov }) => {
      const digital = silenceDbov <= SILENCE_DBOV;
      return { value: silenceDbov, said: digital ? 'digital' : `${silenceDbov.toFixed(1)} dBov`, passes: digital };
    },
  },
  countRow('differences by odd chunks', ({ cutDifferences }) => cutDifferences),
  countRow('samples wrapped at full scale', ({ wrapped }) => wrapped),
];

/** The measures in which a system misses its targets. */
export function misses(system: Measures, ideal: Measures): readonly string[] {
  return ROWS.filter(({ judge }) => !judge(system, ideal).passes).map(({ measure }) => measure);
}

function loss(measure: string, pointsOf: (system: Measures) => readonly SnrPoint[]): Row {
  return {
    measure,
    target: `≤ ${MAX_LOSS_DB} dB`,
    judge: (system, ideal) => {
      const value = Math.max(...pointsOf(ideal).map(({ db }, i) => db - pointsOf(system)[i]!.db));
      return { value, said: `${minus(value.toFixed(2))} dB`, passes: value <= MAX_LOSS_DB };
    },
  };
}

function filterRow(
  measure: string,
  unit: string,
  digits: number,
  most: number | undefined,
  way: 'up' | 'down',
  figureOf: (filter: FilterMeasures) => number,
): Row {
  return {
    measure,
    target: most === undefined ? '' : `≤ ${minus(String(most))} ${unit}`,
    judge: ({ filters }) => {
      if (filters === undefined) return { value: undefined, said: '–', passes: true };
      const value = figureOf(filters[way]);
      return { value, said: `${minus(value.toFixed(digits))} ${unit}`, passes: most === undefined || value <= most };
    },
  };
}

function countRow(measure: string, figureOf: (system: Measures) => number): Row {
  return {
    measure,
    target: '0',
    judge: (system) => ({ value: figureOf(system), said: String(figureOf(system)), passes: figureOf(system) === 0 }),
  };
}

export function minus(number: string): string {
  return number.replace('-', '−');
}
