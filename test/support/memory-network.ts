/** The way from a simulated phone to the service without a network: real HTTP and WebSockets over pipes in memory. */
import { type ClientRequestArgs, request as httpRequest, type Server } from 'node:http';
import { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { PhoneNetwork } from '../../src/simulator/index.ts';

/** One end of a pipe: what is written to the other end can be read here. */
class PipeEnd extends Duplex {
  peer: PipeEnd | undefined;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.peer?.push(chunk);
    done();
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
  const near = new PipeEnd();
  const far = new PipeEnd();
  near.peer = far;
  far.peer = near;
  server.emit('connection', far);
  return near;
}

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
        request.on('error', reject);
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
        webSocket.on('error', reject);
        webSocket.on('open', () => resolve(opened(webSocket)));
      }),
  };
}
