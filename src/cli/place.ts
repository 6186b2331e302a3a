/** A fixture call of `callbridge call`: somebody rings the service up, or orders a call, at a provider that is simulated here. */
import type { Env } from '../config/index.ts';
import { Failure, systemClock, systemIds } from '../lib/index.ts';
import {
  type CallResult,
  type FixtureCall,
  type PhoneEvent,
  type Provider,
  type ProviderOptions,
  realNetwork,
  startProvider,
} from '../simulator/index.ts';
import { SIMULATED_ACCOUNT_SID, SIMULATED_API_KEY, SIMULATED_REST_PORT } from './simulated.ts';

export interface PlaceOptions {
  readonly env: Env;
  /** Where the service listens, and its public address. */
  readonly url: string;
  readonly publicUrl: string;
  readonly authToken: string;
  readonly accountSid: string | undefined;
  /** The caller hangs up when this aborts. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: PhoneEvent) => void;
  readonly onOthersEvent: (event: PhoneEvent, number: string) => void;
}

export interface Placed {
  readonly call: CallResult;
  /** The calls to others that came of it. */
  readonly others: readonly CallResult[];
}

/** Throws Failure CONFIG_INVALID when there is no call to be had of the service, or no place for what the call needs. */
export async function placeFixture(fixture: FixtureCall, options: PlaceOptions): Promise<Placed> {
  const { url, publicUrl, authToken, accountSid = SIMULATED_ACCOUNT_SID, signal, onEvent, onOthersEvent } = options;
  const network = realNetwork(systemClock, { publicOrigin: publicUrl, origin: url });
  const provider = await providerOf(fixture, {
    phone: fixture.phone,
    accountSid,
    authToken,
    network: () => network,
    clock: systemClock,
    ids: systemIds,
    onEvent,
    onOthersEvent,
  });
  try {
    const call =
      fixture.phone.called === undefined
        ? await provider.incoming({
            voiceUrl: `${publicUrl}/twilio/voice`,
            statusUrl: `${publicUrl}/twilio/status`,
            signal,
          })
        : await ordered(fixture, provider, options);
    return { call, others: await provider.others() };
  } finally {
    await provider.close();
  }
}

/** A service ends most calls also without the REST API, so that several may be placed at once. */
async function providerOf({ name, phone }: FixtureCall, options: ProviderOptions): Promise<Provider> {
  try {
    return await startProvider({ ...options, port: SIMULATED_REST_PORT });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    const taken = `Port ${SIMULATED_REST_PORT}, where the service asks for calls, is taken, perhaps by another call`;
    if (phone.called !== undefined || phone.others.length > 0) {
      throw new Failure('CONFIG_INVALID', `${taken}. ${name} needs it: place it when the other one is over.`, {
        cause: error,
      });
    }
    console.error(`${taken}: this one goes on without.\n`);
    return startProvider(options);
  }
}

async function ordered({ name, phone }: FixtureCall, provider: Provider, { env, url }: PlaceOptions) {
  const response = await fetch(`${url}/calls`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${env['CALLBRIDGE_API_KEY'] || SIMULATED_API_KEY}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ from: phone.from, to: phone.to, ...phone.called?.order }),
  });
  if (response.status === 201) return provider.ordered();
  const why = `${response.status} ${await response.text()}`;
  throw new Failure('CONFIG_INVALID', `The service places no call (${why}): start it with --simulate ${name}`);
}
