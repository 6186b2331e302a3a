/** Twilio's requests to the service: form posts, signed over the address as Twilio has it, answered with TwiML. */
import webhooks from 'twilio/lib/webhooks/webhooks.js';
import type { Ids } from '../../lib/index.ts';
import { TwilioFault } from './fault.ts';
import type { PhoneNetwork, PhoneResponse } from './network.ts';

/** https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides: `rc`, once, when no connection came about. */
const RETRIES = 1;

export interface SignedHttp {
  /** The answer, whatever its status. Throws TwilioFault 11200 or 11205 when there is none. */
  post(url: string, form: Readonly<Record<string, string>>): Promise<PhoneResponse>;
  get(url: string): Promise<PhoneResponse>;
}

export interface SignedHttpOptions {
  readonly network: PhoneNetwork;
  readonly authToken: string;
  readonly ids: Ids;
}

export function createSignedHttp({ network, authToken, ids }: SignedHttpOptions): SignedHttp {
  return {
    async post(url, form) {
      const request = {
        method: 'POST',
        url: withoutFragment(url),
        headers: {
          'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
          'user-agent': 'TwilioProxy/1.1',
          'x-twilio-signature': signature(authToken, url, form),
          // The same for each try of one request, so that the service can tell a retry from a second request.
          'i-twilio-idempotency-token': ids.uuid(),
        },
        body: new URLSearchParams({ ...form }).toString(),
      } as const;
      for (let attempt = 0; ; attempt++) {
        try {
          return await network.request(request);
        } catch (error) {
          if (!(error instanceof TwilioFault && error.code === 11205) || attempt >= RETRIES) throw error;
        }
      }
    },
    get: (url) =>
      network.request({
        method: 'GET',
        url: withoutFragment(url),
        headers: { 'user-agent': 'TwilioProxy/1.1', 'x-twilio-signature': signature(authToken, url, {}) },
      }),
  };
}

/**
 * X-Twilio-Signature of a request, or with an empty form of a WebSocket's upgrade. Over https Twilio drops the port and the
 * user before it signs; the fragment holds connection options and is never part of the address.
 * https://www.twilio.com/docs/usage/security
 */
export function signature(authToken: string, url: string, form: Readonly<Record<string, string>>): string {
  const signed = withoutFragment(url).replace(/^(https:\/\/)(?:[^/@]*@)?([^/:?]+)(?::\d+)?/, '$1$2');
  return webhooks.getExpectedTwilioSignature(authToken, signed, { ...form });
}

const withoutFragment = (url: string): string => url.replace(/#.*$/s, '');
