/** For processes of their own on a busy machine: a lease that no stall uses up. */
import type { StoreTimes } from '../../../src/cluster/index.ts';

export const PATIENT_TIMES: StoreTimes = { beatMs: 100, leaseMs: 1_000, orphanMs: 60_000, endedMs: 60_000 };
