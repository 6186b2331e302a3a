/** Ids that are the same in every run. */
import type { Ids } from '../../src/lib/index.ts';

export function countingIds(): Ids {
  let count = 0;
  const next = (): string => (++count).toString(16).padStart(12, '0');
  return { uuid: () => `00000000-0000-4000-8000-${next()}`, nonce: () => `nonce-${next()}`, fraction: () => 0.5 };
}
