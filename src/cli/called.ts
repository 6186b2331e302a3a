/** A fixture call that the service places, of `callbridge call`: the phone that rings, and whoever orders the call. */
import type { Env } from '../config/index.ts';
import { Failure, systemClock, systemIds } from '../lib/index.ts';
import {
  type CallResult,
  type FixtureCall,
  type PhoneEvent,
  realNetwork,
  startCalledPhone,
} from '../simulator/index.ts';
import { SIMULATED_ACCOUNT_SID, SIMULATED_API_KEY, SIMULATED_REST_PORT } from './simulated.ts';

export interface OrderOptions {
  readonly env: Env;
  /** Where the service listens, and its public address. */
  readonly url: string;
  readonly publicUrl: string;
  readonly authToken: string;
  readonly accountSid: string | undefined;
  readonly onEvent: (event: PhoneEvent) => void;
}

/** Throws Failure CONFIG_INVALID when the service places no call. */
export async function orderCall({ name, phone }: FixtureCall, options: OrderOptions): Promise<CallResult> {
  const { env, url, publicUrl, authToken, accountSid = SIMULATED_ACCOUNT_SID, onEvent } = options;
  const network = realNetwork(systemClock, { publicOrigin: publicUrl, origin: url });
  const called = await startCalledPhone({
    phone,
    accountSid,
    authToken,
    network: () => network,
    clock: systemClock,
    ids: systemIds,
    port: SIMULATED_REST_PORT,
    onEvent,
  });
  try {
    const response = await fetch(`${url}/calls`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${env['CALLBRIDGE_API_KEY'] || SIMULATED_API_KEY}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ from: phone.from, to: phone.to, ...phone.called?.order }),
    });
    if (response.status === 201) return await called.ended();
    const why = `${response.status} ${await response.text()}`;
    throw new Failure('CONFIG_INVALID', `The service places no call (${why}): start it with --simulate ${name}`);
  } finally {
    await called.close();
  }
}
