/** A fixture call that the service places: the phone that rings, and the provider's REST API through which it is asked to ring. */
import type { Clock, Ids } from '../lib/index.ts';
import type { FixtureCall } from './fixture.ts';
import type { Callee } from './phone/callee.ts';
import type { CallResult } from './phone/caller.ts';
import type { PhoneEvent } from './phone/events.ts';
import type { PhoneNetwork } from './phone/network.ts';
import type { CallScript } from './phone/script.ts';
import { loadSound } from './phone/sound.ts';
import { createSwitchboard } from './phone/switchboard.ts';
import { createExchange } from './twilio/exchange.ts';
import { startTwilioSimulator } from './twilio/server.ts';

export interface CalledPhoneOptions {
  readonly phone: FixtureCall['phone'];
  readonly accountSid: string;
  readonly authToken: string;
  /** How the provider reaches the service: asked for when the phone rings. */
  readonly network: () => PhoneNetwork;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Default: any free one. */
  readonly port?: number | undefined;
  readonly onEvent?: ((event: PhoneEvent) => void) | undefined;
}

export interface CalledPhone {
  /** For TWILIO_API_BASE_URL. */
  readonly url: string;
  /** Rejects when the service has not asked for the call, which it is to be ordered to do before. */
  ended(): Promise<CallResult>;
  close(): Promise<void>;
}

/** When the provider knows a machine from a person: https://www.twilio.com/docs/voice/answering-machine-detection. */
const KNOWN_AFTER_MS = 2_400;

export async function startCalledPhone(options: CalledPhoneOptions): Promise<CalledPhone> {
  const { phone, accountSid, authToken, network, clock, ids, port, onEvent } = options;
  const switchboard = createSwitchboard();
  const callee: Callee = {
    does: 'answer',
    ringsMs: phone.called?.ringsMs ?? 0,
    script: phone.script,
    answeredBy: phone.called?.answeredBy ?? 'human',
    knownAfterMs: KNOWN_AFTER_MS,
    recordsAfterMs: greetingMs(phone.script),
  };
  const exchange = createExchange({
    accountSid,
    authToken,
    numbers: [phone.from],
    calleeOf: (to) => (to === phone.to ? callee : undefined),
    switchboard,
    network: {
      request: (request) => network().request(request),
      connect: (...way) => network().connect(...way),
    },
    clock,
    ids,
    habits: phone.habits,
    onEvent,
  });
  const twilio = await startTwilioSimulator({ accountSid, authToken, switchboard, exchange, clock, port });
  return {
    url: twilio.url,
    ended: () => exchange.calls[0] ?? Promise.reject(new Error('the service has placed no call')),
    close: () => twilio.close(),
  };
}

/** A machine speaks first, beeps, and records from then on. */
function greetingMs(script: CallScript): number {
  const first = script.findIndex(({ say }) => say === undefined);
  const said = script.slice(0, first < 0 ? script.length : first);
  return said.reduce((sum, { say }) => sum + (say === undefined ? 0 : loadSound(say).length / 8), 0);
}
