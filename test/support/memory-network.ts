/** The way from a simulated phone to the service without a network: real HTTP and WebSockets over pipes in memory. */
import { type ClientRequestArgs, request as httpRequest, type Server } from 'node:http';
import { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { Clock } from '../../src/lib/index.ts';
import { balance, type PhoneNetwork, TwilioFault } from '../../src/simulator/index.ts';

/** One end of a pipe: what is written to the other end can be read here. */
class PipeEnd extends Duplex {
  peer: PipeEnd | undefined;
  /** The other end waits with its next chunk until this one has read, as over a network whose windows are full. */
  #taken: (() => void) | undefined;

  override _read(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const { peer } = this;
    if (peer === undefined || peer.push(chunk)) done();
    else peer.#taken = done;
  }

  override _final(done: () => void): void {
    this.peer?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { peer } = this;
    if (peer !== undefined && !peer.readableEnded) peer.push(null);
    done(error);
  }
}

function connectionTo(server: Server): Duplex {
  if (!server.listening) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  const near = new PipeEnd();
  const far = new PipeEnd();
  near.peer = far;
  far.peer = near;
  server.emit('connection', far);
  return near;
}

/** Several servers behind one address, as a load balancer has them. */
export function memoryNetworks(clock: Clock, publicOrigin: string, servers: readonly Server[]): PhoneNetwork {
  return balance(clock, publicOrigin, servers.map(memoryNetwork));
}

/** Refuses connections while the server does not listen. */
export function memoryNetwork(server: Server): PhoneNetwork {
  // An agent would ask the connection for what only a socket has; without one, `createConnection` is asked each time.
  const route = (url: string): ClientRequestArgs => {
    const { host, pathname, search } = new URL(url);
    return { host, path: pathname + search, createConnection: () => connectionTo(server) };
  };
  return {
    request: ({ method, url, headers, body }) =>
      new Promise((resolve, reject) => {
        const request = httpRequest(
          { ...route(url), method, headers: { ...headers, connection: 'close' } },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
          },
        );
        request.on('error', (error) => reject(new TwilioFault(11205, error.message, { cause: error })));
        request.end(body);
      }),
    connect: (url, headers, opened) =>
      new Promise((resolve, reject) => {
        // `ws:` as the pipe has no TLS; the signature is over the `wss:` URL that the service knows itself by.
        const webSocket = new WebSocket(url.replace(/^wss:/, 'ws:'), {
          headers: { ...headers },
          perMessageDeflate: false,
          createConnection: () => connectionTo(server),
        });
        webSocket.on('error', (error) => reject(new TwilioFault(31902, error.message, { cause: error })));
        webSocket.on('open', () => resolve(opened(webSocket)));
      }),
  };
}
