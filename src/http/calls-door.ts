/** What whoever places calls over HTTP may do with them: what the routes need of the service behind them. */
import type { z } from 'zod';
import type { FailureCode } from '../lib/index.ts';
import type { CallView, placeCall } from './api-schemas.ts';

/** With which failures each of them may reject; with any other it is a defect. */
export const CALLS_DOOR_FAILURES = {
  place: [
    'API_BAD_REQUEST',
    'OUTBOUND_OFF',
    'OUTBOUND_REFUSED',
    'SERVICE_DRAINING',
    'SERVICE_FULL',
    'SERVICE_OVERLOADED',
    'PROVIDER_REFUSED',
    'PROVIDER_BUSY',
    'PROVIDER_ACCOUNT',
    'PROVIDER_REST',
  ],
  list: [],
  look: [],
  hangUp: ['OUTBOUND_OFF', 'PROVIDER_REST'],
} as const satisfies Record<keyof CallsDoor, readonly FailureCode[]>;

export interface CallsDoor {
  /** PROVIDER_REST: nobody knows whether the call was placed. */
  place(order: z.output<typeof placeCall>): Promise<CallView>;
  /** Those that go on. */
  list(): Promise<readonly CallView[]>;
  /** `callId` is one, by its form. undefined: nobody knows it. */
  look(callId: string): Promise<CallView | undefined>;
  /** Idempotent. False: nobody knows it. */
  hangUp(callId: string): Promise<boolean>;
}
