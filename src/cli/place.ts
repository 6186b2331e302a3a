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
import { SIMULATED_ACCOUNT_SID, SIMULATED_API_KEY, simulatedRestPort } from './simulated.ts';

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

/** A service answers once Twilio has taken the order, which is on this machine here. */
const ORDER_DEADLINE_MS = 15_000;

/** Throws Failure CONFIG_INVALID when there is no call to be had of the service, or no place for what the call needs. */
export async function placeFixture(fixture: FixtureCall, options: PlaceOptions): Promise<Placed> {
  const { env, url, publicUrl, authToken, accountSid = SIMULATED_ACCOUNT_SID } = options;
  const { signal, onEvent, onOthersEvent } = options;
  const network = realNetwork(systemClock, { publicOrigin: publicUrl, origin: url });
  const parts = { accountSid, authToken, network: () => network, clock: systemClock, ids: systemIds };
  const watched = { signal, onEvent, onOthersEvent };
  const provider = await providerOf(fixture, simulatedRestPort(env), { phone: fixture.phone, ...parts, ...watched });
  try {
    const call = await (fixture.phone.called === undefined
      ? provider.incoming({ voiceUrl: `${publicUrl}/twilio/voice`, statusUrl: `${publicUrl}/twilio/status` })
      : ordered(fixture, provider, options));
    return { call, others: await provider.others() };
  } finally {
    await provider.close();
  }
}

/** A call in which nobody else is called comes out without the REST API as well, in most cases. */
async function providerOf({ name, phone }: FixtureCall, port: number, options: ProviderOptions): Promise<Provider> {
  try {
    return await startProvider({ ...options, port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    const taken = `Port ${port}, where a simulated service asks for calls, is taken, perhaps by another call`;
    if (phone.called !== undefined || phone.others.length > 0) {
      const remedy = `${name} needs it: wait until it is free, or set TWILIO_API_BASE_URL to another one, here and for the service.`;
      throw new Failure('CONFIG_INVALID', `${taken}. ${remedy}`, { cause: error });
    }
    console.error(`${taken}: in this one, the service can neither press keys nor have others called.\n`);
    return startProvider(options);
  }
}

async function ordered({ name, phone }: FixtureCall, provider: Provider, { env, url, signal }: PlaceOptions) {
  const response = await fetch(`${url}/calls`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${env['CALLBRIDGE_API_KEY'] || SIMULATED_API_KEY}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ from: phone.from, to: phone.to, ...phone.called?.order }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(ORDER_DEADLINE_MS)]),
  }).catch((cause: unknown) => {
    throw new Failure('CONFIG_INVALID', `No service answers at ${url}: start it with --simulate ${name}`, { cause });
  });
  if (response.status === 201) return provider.ordered();
  const why = `${response.status} ${await response.text()}`;
  throw new Failure('CONFIG_INVALID', `The service places no call (${why}): start it with --simulate ${name}`);
}
