/** Twilio's requests to the service: form posts, signed over the address as Twilio has it, tried again as its fragment says. */
import webhooks from 'twilio/lib/webhooks/webhooks.js';
import { type Clock, type Ids, withDeadline } from '../../lib/index.ts';
import { connectionOptions, type Trouble } from './connection-options.ts';
import { TwilioFault } from './fault.ts';
import type { PhoneNetwork, PhoneRequest, PhoneResponse } from './network.ts';

export interface SignedHttp {
  /** The last answer, whatever its status. Throws TwilioFault 11200 or 11205 when there is none. */
  post(url: string, form: Readonly<Record<string, string>>, options?: PostOptions): Promise<PhoneResponse>;
  get(url: string): Promise<PhoneResponse>;
}

export interface PostOptions {
  /** The first answer is lost on its way, and the request sent again. */
  readonly twice?: boolean | undefined;
}

export interface SignedHttpOptions {
  readonly network: PhoneNetwork;
  readonly authToken: string;
  readonly clock: Clock;
  readonly ids: Ids;
}

export function createSignedHttp({ network, authToken, clock, ids }: SignedHttpOptions): SignedHttp {
  const tryOnce = (request: PhoneRequest, limitMs: number): Promise<PhoneResponse> =>
    withDeadline(clock, limitMs, network.request(request), () => new LateAnswer(request.url, limitMs));

  return {
    async post(url, form, { twice = false } = {}) {
      const { readMs, totalMs, retries, retryOn } = connectionOptions(url);
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
      if (twice) await network.request(request);
      const endMs = clock.nowMs() + totalMs;
      for (let attempt = 0; ; attempt++) {
        const mayRetry = (trouble: Trouble): boolean =>
          attempt < retries && retryOn.has(trouble) && clock.nowMs() < endMs;
        try {
          const response = await tryOnce(request, Math.min(readMs, endMs - clock.nowMs()));
          const trouble = troubleOf(response.status);
          if (trouble === undefined || !mayRetry(trouble)) return response;
        } catch (error) {
          if (!(error instanceof TwilioFault)) throw error;
          const trouble = error.code === 11205 ? 'ct' : error instanceof LateAnswer ? 'rt' : undefined;
          if (trouble === undefined || !mayRetry(trouble)) throw error;
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

class LateAnswer extends TwilioFault {
  constructor(url: string, limitMs: number) {
    super(11200, `${url} did not answer within ${limitMs} ms`);
  }
}

function troubleOf(status: number): Trouble | undefined {
  if (status >= 500) return '5xx';
  return status >= 400 ? '4xx' : undefined;
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
