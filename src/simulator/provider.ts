/**
 * The provider of a fixture call: the caller's phone, or the one that the service has ring, the phones of others who may be called,
 * and the REST API by which the service steers the calls.
 */
import type { Clock, Ids } from '../lib/index.ts';
import type { FixtureCall } from './fixture.ts';
import { type Callee, nobody } from './phone/callee.ts';
import { type CallOptions, type CallResult, placeCall } from './phone/caller.ts';
import type { PhoneEvent } from './phone/events.ts';
import type { PhoneNetwork } from './phone/network.ts';
import type { CallScript } from './phone/script.ts';
import { loadSound } from './phone/sound.ts';
import { createSwitchboard } from './phone/switchboard.ts';
import { createExchange } from './twilio/exchange.ts';
import { startTwilioSimulator } from './twilio/server.ts';

export interface ProviderOptions {
  readonly phone: FixtureCall['phone'];
  readonly accountSid: string;
  readonly authToken: string;
  /** How the provider reaches the service: asked for with each request. */
  readonly network: () => PhoneNetwork;
  readonly clock: Clock;
  readonly ids: Ids;
  /** All hang up when this aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Of the REST API; default: any free one. */
  readonly port?: number | undefined;
  /** Of the call itself. */
  readonly onEvent?: ((event: PhoneEvent) => void) | undefined;
  /** Of the calls to others: `number` is who was called. */
  readonly onOthersEvent?: ((event: PhoneEvent, number: string) => void) | undefined;
}

export interface Provider {
  /** Of the REST API: for TWILIO_API_BASE_URL. */
  readonly url: string;
  /** The caller rings the service up; the call as it ended. */
  incoming(call: Pick<CallOptions, 'voiceUrl' | 'statusUrl'>): Promise<CallResult>;
  /** The call that the service was ordered to place, as it ended; rejects when it has placed none. */
  ordered(): Promise<CallResult>;
  /** The calls to others so far, as they ended. */
  others(): Promise<readonly CallResult[]>;
  close(): Promise<void>;
}

/** When the provider knows a machine from a person: https://www.twilio.com/docs/voice/answering-machine-detection. */
const KNOWN_AFTER_MS = 2_400;

/** Rejects with a system error, such as EADDRINUSE, when the REST API cannot listen. */
export async function startProvider(options: ProviderOptions): Promise<Provider> {
  const { phone, accountSid, authToken, clock, ids, signal, port, onEvent, onOthersEvent } = options;
  const switchboard = createSwitchboard();
  const network: PhoneNetwork = {
    request: (request) => options.network().request(request),
    connect: (...way) => options.network().connect(...way),
  };
  const callees = calleesOf(phone);
  const isPhone = (to: string): boolean => phone.called !== undefined && to === phone.to;
  const exchange = createExchange({
    accountSid,
    authToken,
    numbers: [phone.called === undefined ? phone.to : phone.from],
    calleeOf: (to) => callees.get(to),
    switchboard,
    network,
    clock,
    ids,
    habits: phone.habits,
    signal,
    onEvent: (event, to) => (isPhone(to) ? onEvent?.(event) : onOthersEvent?.(event, to)),
  });
  const twilio = await startTwilioSimulator({ accountSid, authToken, switchboard, exchange, clock, port });
  return {
    url: twilio.url,
    incoming: (call) =>
      placeCall({
        ...call,
        accountSid,
        authToken,
        from: phone.from,
        to: phone.to,
        script: phone.script,
        faults: phone.faults,
        habits: phone.habits,
        clock,
        ids,
        network,
        switchboard,
        signal,
        onEvent,
      }),
    ordered: () =>
      exchange.calls.find(({ to }) => isPhone(to))?.result ??
      Promise.reject(new Error('the service has placed no call')),
    others: () => Promise.all(exchange.calls.filter(({ to }) => !isPhone(to)).map(({ result }) => result)),
    close: () => twilio.close(),
  };
}

/** Whoever has a phone, by number. */
function calleesOf({ called, to, script, others }: FixtureCall['phone']): ReadonlyMap<string, Callee> {
  const callees = others.map(({ number, does, ringsMs, answeredBy, script = [] }): [string, Callee] => [
    number,
    does === 'answer' ? somebody({ ringsMs, answeredBy, script }) : nobody(does, ringsMs),
  ]);
  return new Map(called === undefined ? callees : [...callees, [to, somebody({ ...called, script })]]);
}

const somebody = ({ ringsMs, answeredBy, script }: Pick<Callee, 'ringsMs' | 'answeredBy' | 'script'>): Callee => ({
  does: 'answer',
  ringsMs,
  script,
  answeredBy,
  knownAfterMs: KNOWN_AFTER_MS,
  recordsAfterMs: greetingMs(script),
});

/** A machine speaks first, beeps, and records from then on. */
function greetingMs(script: CallScript): number {
  const first = script.findIndex(({ say }) => say === undefined);
  const said = script.slice(0, first < 0 ? script.length : first);
  return said.reduce((sum, { say }) => sum + (say === undefined ? 0 : loadSound(say).length / 8), 0);
}
