/**
 * Twilio's REST API as far as a voice agent uses it: place a call, look at it, lead it elsewhere, end it. One line a route.
 * https://www.twilio.com/docs/voice/api/call-resource
 */
import type { Destination, Switchboard, SwitchedCall } from '../phone/switchboard.ts';
import { callResource, rfc2822 } from './call-resource.ts';
import type { Exchange } from './exchange.ts';
import { notFound, type RestAnswer, refusal } from './refusal.ts';

export interface RestRequest {
  readonly method: string;
  /** Without a query. */
  readonly path: string;
  /** The header, as it came. */
  readonly authorization: string | undefined;
  readonly form: Readonly<Record<string, string>>;
  /** Of the form: values of a name that comes more than once. */
  readonly lists?: Readonly<Record<string, readonly string[]>> | undefined;
}

export interface TwilioApiOptions {
  readonly accountSid: string;
  readonly authToken: string;
  readonly switchboard: Switchboard;
  /** Who places calls; undefined: nobody can be called. */
  readonly exchange?: Exchange | undefined;
}

export type TwilioApi = (request: RestRequest) => RestAnswer;

type Route = (match: Readonly<Record<string, string>>, request: RestRequest) => RestAnswer;

/** Status values that a call does not leave. */
const OVER: ReadonlySet<string> = new Set(['completed', 'busy', 'failed', 'no-answer', 'canceled']);
const RINGING: ReadonlySet<string> = new Set(['queued', 'initiated', 'ringing']);
/** https://www.twilio.com/docs/voice/api/call-resource: the `Twiml` parameter. */
const MAX_TWIML_CHARACTERS = 4_000;

export function createTwilioApi({ accountSid, authToken, switchboard, exchange }: TwilioApiOptions): TwilioApi {
  const credentials = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`;

  const ofCall =
    (answer: (call: SwitchedCall, request: RestRequest) => RestAnswer): Route =>
    ({ callSid = '' }, request) => {
      const call = switchboard.find(callSid);
      if (call === undefined || call.facts.accountSid !== accountSid) return notFound(request.path);
      return answer(call, request);
    };

  const account: Route = () => ({
    status: 200,
    body: { sid: accountSid, friendly_name: 'Simulated', status: 'active', type: 'Full', date_created: rfc2822(0) },
  });
  const placed: Route = (_, request) => {
    if (exchange === undefined) return refusal(21215);
    const call = exchange.place(request);
    return 'body' in call ? call : { status: 201, body: callResource(call) };
  };
  const routes: readonly (readonly [method: string, path: RegExp, route: Route])[] = [
    ['GET', /^\/2010-04-01\/Accounts\/(?<account>\w+)\.json$/, account],
    ['POST', /^\/2010-04-01\/Accounts\/(?<account>\w+)\/Calls\.json$/, placed],
    ['GET', /^\/2010-04-01\/Accounts\/(?<account>\w+)\/Calls\/(?<callSid>\w+)\.json$/, ofCall(shown)],
    ['POST', /^\/2010-04-01\/Accounts\/(?<account>\w+)\/Calls\/(?<callSid>\w+)\.json$/, ofCall(updated)],
  ];

  return (request) => {
    if (request.authorization !== credentials) return refusal(20003);
    for (const [method, path, route] of routes) {
      const match = path.exec(request.path)?.groups;
      if (method === request.method && match?.['account'] === accountSid) return route(match, request);
    }
    return notFound(request.path);
  };
}

const shown = (call: SwitchedCall): RestAnswer => ({ status: 200, body: callResource(call) });

/** Status goes before Url, and Url before Twiml; without any of them nothing changes. */
function updated(call: SwitchedCall, { form }: RestRequest): RestAnswer {
  const { Status: status, Url: url, Twiml: twiml, Method: method = 'POST', FallbackUrl: fallbackUrl } = form;
  const ringing = RINGING.has(call.status);
  if (status !== undefined) {
    if (status !== 'completed' && status !== 'canceled') return refusal(20001, `Invalid Status: ${status}`);
    if (OVER.has(call.status) || (status === 'canceled' && !ringing)) return refusal(21220);
    call.hangUp();
    return shown(call);
  }
  if (url === undefined && twiml === undefined) return shown(call);
  if (url !== undefined && !isWebAddress(url)) return refusal(21205, `Url is not a valid URL: ${url}`);
  if (method !== 'POST') return refusal(20001, 'this phone asks by POST only');
  if ((twiml?.length ?? 0) > MAX_TWIML_CHARACTERS) return refusal(20001, 'Twiml is too long');
  if (OVER.has(call.status) || ringing) return refusal(21220);
  const destination: Destination = url === undefined ? { twiml: twiml ?? '' } : { url, fallbackUrl };
  call.lead(destination);
  return shown(call);
}

function isWebAddress(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}
