/** The measures as people read them: what has a target in one table, and the signal to noise of each tone and level in another. */
import { markdownTable } from '../table.ts';
import { LEVELS_DBM0, type Measures, ROUNDING_DB, TONES_HZ } from './measures.ts';
import { minus, misses, ROWS } from './targets.ts';

export interface Findings {
  readonly ideal: Measures;
  /** Ours first. */
  readonly systems: readonly Measures[];
  readonly kernels: { readonly samples: number; readonly different: number };
  /** Why there is no peer; undefined: there is, or none was wanted. */
  readonly peerMissing: string | undefined;
}

export function report({ ideal, systems, kernels, peerMissing }: Findings): string {
  const targets = markdownTable(
    ['', 'target', ...systems.map(({ name }) => name)],
    ROWS.map(({ measure, target, judge }) => [
      measure,
      target,
      ...systems.map((system) => {
        const { said, passes } = judge(system, ideal);
        return target === '' ? said : `${said} ${passes ? 'pass' : 'MISS'}`;
      }),
    ]),
  );
  const same = kernels.different === 0 ? 'the same bits' : `${kernels.different} DIFFERENT`;
  return [
    targets,
    '',
    `WebAssembly and TypeScript: ${same} in ${kernels.samples} samples made of full-scale noise.`,
    ...(peerMissing === undefined ? [] : ['', `Without the peer: ${peerMissing}.`]),
    '',
    `Rounding to 16 bits can hide an alias below ${minus(ROUNDING_DB.toFixed(1))} dB: no figure goes further down.`,
    '',
    'Signal to noise, μ-law included, in dB: phone to model / model to phone.',
    '',
    markdownTable(['kHz', 'dBm0', ...[ideal, ...systems].map(({ name }) => name)], snrRows([ideal, ...systems])),
  ].join('\n');
}

/** What ours misses. */
export function shortcomings({ ideal, systems, kernels }: Findings): readonly string[] {
  return [...misses(systems[0]!, ideal), ...(kernels.different === 0 ? [] : ['both kernels give the same bits'])];
}

export function asJson(findings: Findings): string {
  const { ideal, systems, ...rest } = findings;
  const judged = systems.map((system) => ({
    ...system,
    rows: ROWS.map(({ measure, target, judge }) => ({ measure, target, ...judge(system, ideal) })),
  }));
  return JSON.stringify({ ideal, systems: judged, ...rest, shortcomings: shortcomings(findings) }, null, 2);
}

function snrRows(systems: readonly Measures[]): string[][] {
  return TONES_HZ.flatMap((hz) =>
    LEVELS_DBM0.map((dbm0) => [
      String(hz / 1_000),
      minus(String(dbm0)),
      ...systems.map(({ toModel, toPhone }) =>
        [toModel, toPhone]
          .map((points) => points.find((point) => point.hz === hz && point.dbm0 === dbm0)!.db.toFixed(1))
          .join(' / '),
      ),
    ]),
  );
}
