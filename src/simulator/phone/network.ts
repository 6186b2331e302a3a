/** How the phone reaches the service: over HTTP and WebSockets, or in a replay by direct calls that need no network. */
import { WebSocket } from 'ws';
import { type Clock, type WebSocketLike, withDeadline } from '../../lib/index.ts';
import { TwilioFault } from './fault.ts';

export interface PhoneRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

export interface PhoneResponse {
  readonly status: number;
  readonly body: Uint8Array;
}

export interface PhoneNetwork {
  /** Any status is an answer. Throws TwilioFault 11205 when no connection came about, 11200 when no answer did. */
  request(request: PhoneRequest): Promise<PhoneResponse>;
  /** `opened` is called before anything is received. Throws TwilioFault 319xx. */
  connect<T>(
    url: string,
    headers: Readonly<Record<string, string>>,
    opened: (webSocket: WebSocketLike) => T,
  ): Promise<T>;
}

/** https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides: the hard limit of a call's HTTP requests. */
const REQUEST_LIMIT_MS = 15_000;
/** Long enough for a distant service under load; Twilio states no figure. */
const CONNECT_LIMIT_MS = 10_000;
/** Two minutes of 8 kHz 16-bit sound: more than any TwiML, or any recording worth playing to a caller. */
const MAX_BODY_BYTES = 2 * 1024 * 1024;
/** A service sends at most some hundred ms of sound a message; this stops a runaway one. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** Requests of addresses that begin with `publicOrigin` go to `origin`, as a tunnel would take them. */
export interface Detour {
  readonly publicOrigin: string;
  readonly origin: string;
}

export function realNetwork(clock: Clock, detour?: Detour): PhoneNetwork {
  return {
    async request({ method, url, headers, body }) {
      const abort = new AbortController();
      const work = fetchWhole(rerouted(url, detour), {
        method,
        // A kept connection to a process that has died would be taken for a request that it broke off.
        headers: { ...headers, connection: 'close' },
        body: body ?? null,
        redirect: 'manual',
        signal: abort.signal,
      });
      const late = (): Error => new TwilioFault(11200, `${url} did not answer within ${REQUEST_LIMIT_MS} ms`);
      try {
        return await withDeadline(clock, REQUEST_LIMIT_MS, work, late);
      } catch (error) {
        if (error instanceof TwilioFault) throw error;
        throw new TwilioFault(11205, `${url}: ${causeOf(error)}`, { cause: error });
      } finally {
        abort.abort();
      }
    },
    connect: (url, headers, opened) => dial(clock, rerouted(url, detour), headers, opened),
  };
}

async function fetchWhole(url: string, init: RequestInit): Promise<PhoneResponse> {
  const response = await fetch(url, init);
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_BODY_BYTES)
      throw new TwilioFault(11200, `${url}: the answer is larger than ${MAX_BODY_BYTES} bytes`);
  }
  return { status: response.status, body: Buffer.concat(chunks) };
}

function dial<T>(
  clock: Clock,
  url: string,
  headers: Readonly<Record<string, string>>,
  opened: (webSocket: WebSocketLike) => T,
): Promise<T> {
  const webSocket = new WebSocket(url, {
    headers: { ...headers },
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  return new Promise<T>((resolve, reject) => {
    const refuse = (fault: TwilioFault): void => {
      cancel();
      reject(fault);
      webSocket.terminate();
    };
    const cancel = clock.after(CONNECT_LIMIT_MS, () => refuse(new TwilioFault(31901, url)));
    webSocket.once('open', () => {
      cancel();
      resolve(opened(webSocket));
    });
    webSocket.once('unexpected-response', (_request, response) => {
      refuse(new TwilioFault(31920, `${url} answered ${response.statusCode}`));
    });
    webSocket.once('error', (error) =>
      refuse(new TwilioFault(faultOf(error), `${url}: ${causeOf(error)}`, { cause: error })),
    );
    // Terminating a socket that is still connecting emits one more error.
    webSocket.on('error', () => undefined);
  });
}

function faultOf(error: Error): 31902 | 31904 | 31910 | 31920 {
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'ECONNREFUSED') return 31902;
  if (['ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'].includes(code)) return 31904;
  return /CERT|SSL|TLS/.test(code) ? 31910 : 31920;
}

/** `fetch` says no more than "fetch failed"; what failed is in the cause. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return causeOf(error.cause);
  const code = 'code' in error ? String(error.code) : '';
  return error.message || code || error.name;
}

/** ws: and wss: addresses follow the http: and https: origins that they share a host with. */
function rerouted(url: string, detour: Detour | undefined): string {
  if (detour === undefined) return url;
  for (const [from, to] of [
    [detour.publicOrigin, detour.origin],
    [detour.publicOrigin.replace(/^http/, 'ws'), detour.origin.replace(/^http/, 'ws')],
  ] as const) {
    if (url === from || url.startsWith(`${from}/`)) return to + url.slice(from.length);
  }
  return url;
}
