/** What may be done over HTTP: who may place calls, where to, and from which number; and what may be done to the queue. */
import type { Environment } from './environment.ts';
import { apiKey, destinations, flag, phoneNumber } from './variables.ts';

export interface ApiConfig {
  /** undefined: nobody may ask. */
  readonly key?: string | undefined;
  /** The beginnings of the numbers that may be called; empty: no calls are placed. */
  readonly destinations: readonly string[];
  /** Who calls, where whoever places the call does not say. */
  readonly from?: string | undefined;
  /** Whether the queue's dashboard may have jobs run again, or only shows them. */
  readonly queuesWritable: boolean;
}

export function readApi(environment: Environment): ApiConfig {
  return {
    key: environment.read('CALLBRIDGE_API_KEY', apiKey),
    destinations: environment.read('OUTBOUND_ALLOWED', destinations) ?? [],
    from: environment.read('TWILIO_FROM', phoneNumber),
    queuesWritable: environment.read('QUEUES_WRITABLE', flag) ?? false,
  };
}
