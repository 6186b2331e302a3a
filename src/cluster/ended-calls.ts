/** Calls that ended in this process, remembered for whoever is asked about them. */
import type { RecentLimits } from '../lib/index.ts';

/** Twilio asks within seconds, and repeats what fails for some minutes; so many end in ten of them on a busy day. */
export const ENDED_CALLS: RecentLimits = { max: 5_000, forMs: 10 * 60_000 };
