/** The one place where a request becomes a socket: path → provider → signature → WebSocket → token → call. */
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { asFailure } from '../lib/index.ts';
import {
  acceptStream,
  type CallStream,
  type StreamDeps,
  type StreamHandlers,
  type StreamTokens,
  type TelephonyProtocol,
} from '../telephony/index.ts';
import { callOf, TOKEN_PARAMETER } from './call-parameters.ts';
import type { Calls } from './calls.ts';
import { report, statusOf } from './failures.ts';

/** Twilio's messages have some 300 bytes, `start` with all its parameters a few kB. */
const MAX_MESSAGE_BYTES = 64 * 1024;

/** Some hundred pongs, where an honest peer never has more than one under way. */
const MAX_UNREAD_PONG_BYTES = 16 * 1024;

export interface UpgradeDeps extends StreamDeps {
  readonly protocols: readonly TelephonyProtocol[];
  readonly calls: Pick<Calls, 'answer'>;
  readonly tokens: StreamTokens;
  readonly closeMs: number;
}

export interface Upgrade {
  handle(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Cuts the streams that are left, and answers 503 from now on. */
  close(): void;
}

/**
 * A draining service still takes streams: their calls rang before, and are let finish. Whether a call is taken at all
 * was decided at its webhook, and is decided again by `calls.answer`.
 */
export function createUpgrade(deps: UpgradeDeps): Upgrade {
  const { protocols, calls, tokens } = deps;
  let open = true;
  // Streams are counted so that closing can cut those that no call owns; compression costs time and saves nothing.
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    clientTracking: true,
    autoPong: false,
    closeTimeout: deps.closeMs,
    // `@types/ws` does not know closeTimeout yet.
  } as ServerOptions);

  const admit = async (stream: CallStream): Promise<StreamHandlers> => {
    const { [TOKEN_PARAMETER]: token, ...parameters } = stream.parameters;
    await tokens.redeem(token, stream.callId, parameters);
    return calls.answer(callOf(stream.callId, stream.provider, parameters), stream);
  };

  return {
    handle: (request, socket, head) => {
      // A peer that resets the connection meanwhile is nobody's concern.
      socket.on('error', ignoreError);
      const protocol = protocols.find(({ path }) => path === pathOf(request));
      if (!open) return refuse(socket, 503);
      if (protocol === undefined) return refuse(socket, 404);
      try {
        protocol.authenticate(request);
      } catch (error) {
        const failure = asFailure(error, 'INTERNAL');
        report(deps, failure);
        return refuse(socket, statusOf(failure), failure.code);
      }
      socket.off('error', ignoreError);
      // A handshake that is not one is refused by ws, with the status that RFC 6455 §4.2 asks for.
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        answerPings(webSocket);
        acceptStream(webSocket, protocol, deps, admit);
      });
    },
    close: () => {
      open = false;
      for (const webSocket of sockets.clients) webSocket.terminate();
    },
  };
}

/** RFC 6455 §5.5.3 lets us answer the latest ping only; answers that nobody reads would pile up without bound. */
function answerPings(webSocket: WebSocket): void {
  webSocket.on('ping', (data) => {
    if (webSocket.bufferedAmount < MAX_UNREAD_PONG_BYTES) webSocket.pong(data);
  });
}

const ignoreError = (): void => undefined;

/** Without the query, and without the slash that a proxy or Twilio itself may add. */
const pathOf = (request: IncomingMessage): string => (request.url ?? '').replace(/\?.*$/s, '').replace(/\/+$/, '');

function refuse(socket: Duplex, status: number, code?: string): void {
  const body = JSON.stringify({ error: code ?? STATUS_CODES[status] });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.once('finish', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
