/** The one place where a request becomes a socket: path → provider → signature → whose → WebSocket → token → call. */
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { asFailure } from '../lib/index.ts';
import type { Metrics } from '../telemetry/index.ts';
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
import { packUpgrade, type Siblings } from './siblings.ts';

/** Twilio's messages have some 300 bytes, `start` with all its parameters a few kB. */
const MAX_MESSAGE_BYTES = 64 * 1024;

/** Some hundred pongs, where an honest peer never has more than one under way. */
const MAX_UNREAD_PONG_BYTES = 16 * 1024;

export interface UpgradeDeps extends StreamDeps {
  readonly metrics: StreamDeps['metrics'] & Pick<Metrics, 'streamsPassedOn'>;
  readonly protocols: readonly TelephonyProtocol[];
  readonly calls: Pick<Calls, 'answer'>;
  readonly tokens: StreamTokens;
  readonly closeMs: number;
  /** Where there are several processes behind one port. */
  readonly siblings?: Pick<Siblings, 'number' | 'passOn'> | undefined;
}

export interface Upgrade {
  handle(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** As `handle`, of one that reached another process: it is this one's, whatever its path says. */
  take(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Cuts the streams that are left, and answers 503 from now on. */
  close(): void;
}

/**
 * A draining service still takes streams: their calls rang before, and are let finish. Whether a call is taken at all
 * was decided at its webhook, and is decided again by `calls.answer`.
 */
export function createUpgrade(deps: UpgradeDeps): Upgrade {
  const { protocols, calls, tokens, siblings, metrics } = deps;
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

  /**
   * Only what is signed may go to another process. While it is on its way nobody reads from it: a client that speaks before it
   * was answered (RFC 6455 §4.1) may lose what it says.
   */
  const isPassedOn = (number: number | undefined, request: IncomingMessage, socket: Duplex, head: Buffer): boolean => {
    if (siblings === undefined || number === undefined || number === siblings.number) return false;
    if (!(socket instanceof Socket) || !siblings.passOn(number, packUpgrade(request, head), socket)) return false;
    metrics.streamsPassedOn.inc();
    return true;
  };

  const entrance =
    (mayPassOn: boolean): Upgrade['handle'] =>
    (request, socket, head) => {
      // A peer that resets the connection meanwhile is nobody's concern.
      socket.on('error', ignoreError);
      const { path, number } = placeOf(request);
      const protocol = protocols.find((candidate) => candidate.path === path);
      if (!open) return refuse(socket, 503);
      if (protocol === undefined) return refuse(socket, 404);
      try {
        protocol.authenticate(request, number);
      } catch (error) {
        const failure = asFailure(error, 'INTERNAL');
        report(deps, failure);
        return refuse(socket, statusOf(failure), failure.code);
      }
      if (mayPassOn && isPassedOn(number, request, socket, head)) return;
      socket.off('error', ignoreError);
      // A handshake that is not one is refused by ws, with the status that RFC 6455 §4.2 asks for.
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        answerPings(webSocket);
        acceptStream(webSocket, protocol, deps, admit);
      });
    };

  return {
    handle: entrance(true),
    take: entrance(false),
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

/** Without the query, without the slash that a proxy or Twilio itself may add, and the number of a process apart. */
function placeOf(request: IncomingMessage): { readonly path: string; readonly number: number | undefined } {
  const asked = (request.url ?? '').replace(/\?.*$/s, '').replace(/\/+$/, '');
  const [, path = asked, number] = /^(.*)\/([1-9]\d?)$/s.exec(asked) ?? [];
  return { path, number: number === undefined ? undefined : Number(number) };
}

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
