/** What whoever places calls over HTTP may do with them: what the routes need of the service behind them. */
import type { z } from 'zod';
import type { CallView, placeCall } from './api-schemas.ts';

export interface CallsDoor {
  /**
   * Rejects with Failure OUTBOUND_OFF, OUTBOUND_REFUSED, API_BAD_REQUEST, SERVICE_DRAINING, SERVICE_FULL, SERVICE_OVERLOADED,
   * PROVIDER_REFUSED, PROVIDER_BUSY, and with PROVIDER_REST when nobody knows whether the call was placed.
   */
  place(order: z.output<typeof placeCall>): Promise<CallView>;
  /** Those that go on. */
  list(): Promise<readonly CallView[]>;
  /** `callId` is one, by its form. undefined: nobody knows it. */
  look(callId: string): Promise<CallView | undefined>;
  /** Idempotent. False: nobody knows it. Rejects with Failure PROVIDER_REST. */
  hangUp(callId: string): Promise<boolean>;
}
