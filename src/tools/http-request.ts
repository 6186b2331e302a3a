/**
 * One request of a tool. What is resolved is judged, and what was judged is connected to, so that a name that answers
 * differently the second time (DNS rebinding) gains nothing. Redirects are answers like any other.
 */
import { lookup as systemLookup } from 'node:dns';
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { isPublicAddress } from './public-address.ts';

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Whether addresses may be reached that are not on the public Internet. */
  readonly allowsPrivate: boolean;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  /** Lower case, without parameters; empty when there is none. */
  readonly contentType: string;
  /** undefined: it is longer than `maxBytes`, and was not read to its end. */
  readonly body: Buffer | undefined;
  /** Whether the server says when to come again. */
  readonly saysWhen: boolean;
}

/** No connection came about: nothing was done. */
export class NotSent extends Error {}

/** The host is none that may be reached, or none that can be believed: nothing was done, nor will be. */
export class NotAllowed extends Error {}

/** As `dns.lookup` with `all`. */
export type Resolve = (
  hostname: string,
  done: (error: Error | null, addresses: { address: string; family: number }[]) => void,
) => void;

const systemResolve: Resolve = (hostname, done) =>
  systemLookup(hostname, { all: true }, (error, addresses) => done(error, addresses));

/** Rejects with NotSent, NotAllowed, or with what broke after the request had left; with the signal's reason when that is raised. */
export function sendHttp(request: HttpRequest, resolve: Resolve = systemResolve): Promise<HttpAnswer> {
  const { method, url, headers, body, allowsPrivate, signal } = request;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // For an address no lookup takes place.
  if (isIP(host) !== 0 && !allowsPrivate && !isPublicAddress(host)) {
    return Promise.reject(new NotAllowed('the host is an address that is not public'));
  }
  const [send, connected] = url.protocol === 'https:' ? [secureRequest, 'secureConnect'] : [plainRequest, 'connect'];
  return new Promise((settle, reject) => {
    const outgoing = send(url, {
      method,
      headers: { 'accept-encoding': 'identity', ...headers },
      // A connection that was kept may be closed while the request is under way, and nobody knows then whether it was done.
      agent: false,
      lookup: judgedLookup(resolve, allowsPrivate),
      signal,
    });
    let socket: Socket | undefined;
    let isConnected = false;
    outgoing.on('socket', (own) => {
      socket = own;
      // Nothing leaves before.
      own.once(connected, () => {
        isConnected = true;
      });
    });
    outgoing.on('error', (error) => {
      if (signal.aborted) reject(signal.reason);
      else if (isConnected || error instanceof NotAllowed) reject(error);
      else if (socket instanceof TLSSocket && socket.authorizationError)
        reject(new NotAllowed(`its certificate is refused: ${codeOf(error)}`));
      else reject(new NotSent(`no connection: ${codeOf(error)}`));
    });
    outgoing.on('response', (incoming) => void read(incoming, request.maxBytes).then(settle, reject));
    outgoing.end(body);
  });
}

/** What went wrong, in one word, and nothing of what was sent. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no error';
  return 'code' in error ? String(error.code) : error.name;
}

/** Gives those addresses of a name that may be reached. */
function judgedLookup(resolve: Resolve, allowsPrivate: boolean): LookupFunction {
  return (hostname, { all }, callback) => {
    resolve(hostname, (error, addresses) => {
      const [first, ...others] = addresses?.filter(({ address }) => allowsPrivate || isPublicAddress(address)) ?? [];
      if (error !== null) callback(error, '', 0);
      else if (first === undefined) callback(new NotAllowed('the host has no address that is public'), '', 0);
      else if (all) callback(null, [first, ...others]);
      else callback(null, first.address, first.family);
    });
  };
}

async function read(incoming: IncomingMessage, maxBytes: number): Promise<HttpAnswer> {
  const { statusCode = 0, headers } = incoming;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Leaving the loop ends the connection.
    if (bytes > maxBytes) break;
    chunks.push(chunk);
  }
  return {
    status: statusCode,
    contentType: (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase(),
    body: bytes > maxBytes ? undefined : Buffer.concat(chunks),
    saysWhen: headers['retry-after'] !== undefined,
  };
}
