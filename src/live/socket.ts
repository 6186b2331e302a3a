/** Dials the Live service and minds the line: the one file of this folder that knows `ws`. */
import { WebSocket } from 'ws';
import {
  type Cancel,
  type Clock,
  Failure,
  type MessageSocket,
  type SocketHandlers,
  type WebSocketLike,
  wrapWebSocket,
} from '../lib/index.ts';
import { judgeFailure, judgeRefusal, type Verdict } from './closes.ts';

export interface DialTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly clock: Clock;
}

/** Either `failed`, once; or `opened`, once, and at the end `closed`, once. */
export interface DialHandlers extends SocketHandlers {
  opened(socket: MessageSocket): void;
  failed(verdict: Verdict): void;
}

/**
 * Begins to dial, and calls no handler before it has returned. What it returns gives up: neither `opened` nor `failed` is called
 * then. After either of them it does nothing.
 */
export type Dial = (target: DialTarget, handlers: DialHandlers) => Cancel;

/** DNS, TCP, TLS and the upgrade take 50 to 300 ms; a caller waits meanwhile. */
const CONNECT_DEADLINE_MS = 5_000;
/** A whole answer in one burst is 400 kB of sound for four seconds; a minute's would be 4 MB as base64. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** Often enough to keep address translations open. */
const PING_EVERY_MS = 10_000;
/** Pongs 8 to 30 s late were seen on sessions that were well. */
const DEAD_AFTER_MS = 30_000;

export const dialWebSocket: Dial = ({ url, headers, clock }, handlers) => {
  let webSocket: WebSocket;
  try {
    webSocket = new WebSocket(url, { headers, perMessageDeflate: false, maxPayload: MAX_MESSAGE_BYTES });
  } catch (error) {
    // A character in the key that no header can carry; the message does not repeat it.
    const failure = new Failure('LIVE_AUTH', 'The Live credentials cannot be sent', { cause: error });
    return clock.after(0, () => handlers.failed(judgeFailure(failure)));
  }
  let dialling = true;
  const settle = (): boolean => {
    const first = dialling;
    dialling = false;
    cancelDeadline();
    return first;
  };
  const fail = (verdict: Verdict) => {
    if (settle()) handlers.failed(verdict);
  };
  const cancelDeadline = clock.after(CONNECT_DEADLINE_MS, () => {
    const text = `Live did not answer within ${CONNECT_DEADLINE_MS} ms`;
    fail(judgeFailure(new Failure('LIVE_CONNECT_TIMEOUT', text)));
    webSocket.terminate();
  });
  webSocket.on('open', () => {
    if (settle()) handlers.opened(mindSocket(webSocket, clock, handlers));
  });
  webSocket.on('unexpected-response', (_request, response) => {
    fail(judgeRefusal(response.statusCode ?? 0));
    webSocket.terminate();
  });
  webSocket.on('error', (error: NodeJS.ErrnoException) => {
    // Where several addresses were tried, only the code says anything.
    const text = `Live cannot be reached: ${error.message || error.code}`;
    fail(judgeFailure(new Failure('LIVE_HANDSHAKE', text, { cause: error })));
  });
  return () => {
    if (settle()) webSocket.terminate();
  };
};

/** An open socket as messages, pinged, and cut when nothing at all has come for too long. */
export function mindSocket(webSocket: WebSocketLike, clock: Clock, handlers: SocketHandlers): MessageSocket {
  let heardAtMs = clock.nowMs();
  let cutBecause = '';
  const socket = wrapWebSocket(webSocket, {
    message: (text, binary) => {
      heardAtMs = clock.nowMs();
      handlers.message(text, binary);
    },
    pong: () => {
      heardAtMs = clock.nowMs();
    },
    closed: (code, reason) => {
      stopPinging();
      handlers.closed(code, reason || cutBecause);
    },
  });
  const stopPinging = clock.every(PING_EVERY_MS, () => {
    if (clock.nowMs() - heardAtMs < DEAD_AFTER_MS) {
      socket.ping();
    } else {
      cutBecause = `nothing heard for ${DEAD_AFTER_MS} ms`;
      socket.terminate();
    }
  });
  return socket;
}
