/** Places calls through Twilio's REST API: https://www.twilio.com/docs/voice/api/call-resource#create-a-call-resource */
import type { CallListInstance } from 'twilio/lib/rest/api/v2010/account/call.js';
import { type Clock, Failure, withDeadline } from '../../lib/index.ts';
import type { CallOrder, CallPlacer } from '../call-placer.ts';
import { type TwilioRestAccount, twilioClient } from './client.ts';
import { answerOf, FIRST_SERVER_ERROR, type RestAnswer, TOO_MANY_REQUESTS, toldBy } from './rest-answer.ts';

/** Twilio answers in some 300 ms, and queues what comes faster than a call a second. */
const CREATE_DEADLINE_MS = 10_000;
/** What the network says before anything was sent. */
const NOT_REACHED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
/** Credentials that are wrong, an account that may not, and one that is not known at this base URL: nothing was placed. */
const NO_ACCESS: ReadonlySet<number> = new Set([401, 403, 404]);
/** Twilio ends any call after four hours. */
const MAX_CALL_SECONDS = 4 * 60 * 60;
/** How long Twilio listens for a machine, in seconds: longer than any greeting that people bear. */
const DETECTION_SECONDS = 30;

export interface TwilioCallPlacerOptions extends TwilioRestAccount {
  readonly clock: Clock;
}

type Create = Parameters<CallListInstance['create']>[0];

/** Nothing is tried twice: a request whose answer was lost may have been carried out, and would ring twice. */
export function createTwilioCallPlacer({ clock, ...account }: TwilioCallPlacerOptions): CallPlacer {
  const client = twilioClient(account, CREATE_DEADLINE_MS);
  client.catch(() => undefined);
  return {
    async place(order) {
      const late = (): Error => new Error('no answer');
      try {
        return (await withDeadline(clock, CREATE_DEADLINE_MS, (await client).calls.create(created(order)), late)).sid;
      } catch (error) {
        throw failed(answerOf(error));
      }
    },
  };
}

function created({ to, from, voiceUrl, statusUrl, ringMs, maxCallMs, detection }: CallOrder): Create {
  return {
    to,
    from,
    url: voiceUrl,
    method: 'POST',
    statusCallback: statusUrl,
    statusCallbackMethod: 'POST',
    statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'],
    timeout: Math.round(ringMs / 1_000),
    timeLimit: Math.min(MAX_CALL_SECONDS, Math.ceil(maxCallMs / 1_000)),
    ...(detection !== undefined && {
      machineDetection: detection.until === 'known' ? 'Enable' : 'DetectMessageEnd',
      machineDetectionTimeout: DETECTION_SECONDS,
      asyncAmd: 'true',
      asyncAmdStatusCallback: detection.url,
      asyncAmdStatusCallbackMethod: 'POST',
    }),
  };
}

/** Without a cause: the client's errors carry the request, and with it the credentials. */
function failed(answer: RestAnswer): Failure {
  const { status, connection } = answer;
  const why = toldBy(answer);
  if (status === TOO_MANY_REQUESTS || (status === 0 && NOT_REACHED.has(connection))) {
    return new Failure('PROVIDER_BUSY', `Twilio did not take the call on, and may later: ${why}`);
  }
  if (NO_ACCESS.has(status)) {
    return new Failure('PROVIDER_ACCOUNT', `Twilio does not let this account place calls, or does not know it: ${why}`);
  }
  if (status === 0 || status >= FIRST_SERVER_ERROR) {
    return new Failure('PROVIDER_REST', `Twilio did not say that it has taken the call on: ${why}`);
  }
  return new Failure('PROVIDER_REFUSED', `Twilio does not place this call: ${why}`);
}
