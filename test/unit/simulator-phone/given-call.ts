/** A whole call by the simulated phone to a service that a test plays, on a clock wound by hand. */
import { type CallOptions, type CallResult, placeCall } from '../../../src/simulator/phone/caller.ts';
import { callScript } from '../../../src/simulator/phone/script.ts';
import type { ManualClock } from '../../support/manual-clock.ts';
import { countingIds } from './given.ts';
import type { MemoryService } from './memory-service.ts';

export const TOKEN = 'a test token';
export const BASE = 'https://voice.example';

export interface Outcome {
  readonly result: CallResult;
  readonly clock: ManualClock;
}

export async function whenCalling(
  clock: ManualClock,
  service: MemoryService,
  script: unknown,
  options: Partial<CallOptions> = {},
  lastsMs = 30_000,
): Promise<Outcome> {
  const placed = placeCall({
    voiceUrl: `${BASE}/twilio/voice`,
    statusUrl: `${BASE}/twilio/status`,
    authToken: TOKEN,
    from: '+15550100',
    to: '+15550199',
    script: callScript.parse(script),
    clock,
    ids: countingIds(),
    network: service.network,
    ...options,
  });
  await clock.advance(lastsMs);
  return { result: await placed, clock };
}

export const formOf = (body: string | undefined): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(body));
