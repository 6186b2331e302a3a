/** Who may place calls over HTTP, where to, and from which number. */
import type { Environment } from './environment.ts';
import { apiKey, destinations, phoneNumber } from './variables.ts';

export interface ApiConfig {
  /** undefined: nobody may ask. */
  readonly key?: string | undefined;
  /** The beginnings of the numbers that may be called; empty: no calls are placed. */
  readonly destinations: readonly string[];
  /** Who calls, where whoever places the call does not say. */
  readonly from?: string | undefined;
}

export function readApi(environment: Environment): ApiConfig {
  return {
    key: environment.read('CALLBRIDGE_API_KEY', apiKey),
    destinations: environment.read('OUTBOUND_ALLOWED', destinations) ?? [],
    from: environment.read('TWILIO_FROM', phoneNumber),
  };
}
