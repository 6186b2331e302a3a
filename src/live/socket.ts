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

/** A socket that knows how far what was sent has come. */
export interface LiveSocket extends MessageSocket {
  /** All that was sent up to this moment has been heard; it does not go back. */
  heardUpToMs(): number;
  /** Once it is closed: what was sent after this moment may not have been heard. */
  unsureSinceMs(): number;
}

/** Either `failed`, once; or `opened`, once, and at the end `closed`, once. */
export interface DialHandlers extends SocketHandlers {
  opened(socket: LiveSocket): void;
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
/** RFC 6455 §7.4.1: a normal end, and a close frame without a code. */
const OUR_CLOSE_ANSWERED = new Set([1000, 1005]);
/** `WebSocket.readyState`. */
const OPEN = 1;
/** Keeps address translations open, and measures the round trip often enough to follow a network that changes. */
const PING_EVERY_MS = 5_000;
/** While nothing else comes: until something does, all that was said may not have been heard, and is kept. */
const PING_QUIET_MS = 1_000;
/** Pongs 8 to 30 s late were seen on sessions that were well. */
const DEAD_AFTER_MS = 30_000;
/** Half way round the world and back. A longer measurement tells of a late pong, not of the way. */
const MAX_ROUND_TRIP_MS = 200;
/** A shorter one tells of two ends that had nothing else to do; on a busy machine each is late by a time slice or two. */
const MIN_ROUND_TRIP_MS = 20;

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

/**
 * An open socket as messages, pinged, and cut when nothing at all has come for too long.
 *
 * How much was under way when it ends depends on how it ends:
 *
 *   we closed, and were answered    nothing: the service read all that came before our close
 *   the service closed, or TCP did  the last round trip: half of it until the service was gone, half until we knew
 *   we cut a dead link              all since the last sign of life: a ping that was answered, or anything else that came
 */
export function mindSocket(webSocket: WebSocketLike, clock: Clock, handlers: SocketHandlers): LiveSocket {
  let lastCameMs = clock.nowMs();
  let lastPingMs = lastCameMs;
  let heardUpToMs = lastCameMs;
  let unsureSinceMs = Number.POSITIVE_INFINITY;
  let roundTripMs = MAX_ROUND_TRIP_MS;
  /** When something was first said that the socket did not take: the service has closed it, and the handshake takes its time. */
  let droppedSinceMs = Number.POSITIVE_INFINITY;
  let cutBecause = '';
  let ending: 'none' | 'closing' | 'cut' = 'none';
  /** When the pings that are not yet answered were sent; answers come in order. */
  const pingedAtMs: number[] = [];

  /** What comes was sent half a round trip ago, by somebody whom our words reach half a round trip after we sent them. */
  const came = (): void => {
    lastCameMs = clock.nowMs();
    heardUpToMs = Math.max(heardUpToMs, lastCameMs - roundTripMs);
  };
  const ping = (): void => {
    // A peer may answer several pings with one pong: the oldest are given up.
    if (pingedAtMs.length === DEAD_AFTER_MS / PING_QUIET_MS) pingedAtMs.shift();
    lastPingMs = clock.nowMs();
    pingedAtMs.push(lastPingMs);
    socket.ping();
  };
  const wrapped = wrapWebSocket(webSocket, {
    message: (text, binary) => {
      came();
      handlers.message(text, binary);
    },
    pong: () => {
      const sentAtMs = pingedAtMs.shift();
      if (sentAtMs !== undefined) {
        roundTripMs = Math.max(MIN_ROUND_TRIP_MS, Math.min(clock.nowMs() - sentAtMs, MAX_ROUND_TRIP_MS));
        heardUpToMs = Math.max(heardUpToMs, sentAtMs);
      }
      came();
    },
    closed: (code, reason) => {
      stopPinging();
      if (ending === 'cut') unsureSinceMs = heardUpToMs;
      // A close is answered with its own code: another one was on its way before ours arrived.
      else if (ending === 'none' || !OUR_CLOSE_ANSWERED.has(code))
        unsureSinceMs = Math.min(clock.nowMs(), droppedSinceMs) - roundTripMs;
      handlers.closed(code, reason || cutBecause);
    },
  });
  const socket: LiveSocket = {
    ...wrapped,
    send: (message) => {
      if ((webSocket.readyState ?? OPEN) !== OPEN) droppedSinceMs = Math.min(droppedSinceMs, clock.nowMs());
      wrapped.send(message);
    },
    close: (code, reason) => {
      if (ending === 'none') ending = 'closing';
      wrapped.close(code, reason);
    },
    terminate: () => {
      ending = 'cut';
      wrapped.terminate();
    },
    heardUpToMs: () => heardUpToMs,
    unsureSinceMs: () => unsureSinceMs,
  };
  const stopPinging = clock.every(PING_QUIET_MS, () => {
    const nowMs = clock.nowMs();
    if (nowMs - lastCameMs < DEAD_AFTER_MS) {
      if (nowMs - lastCameMs >= PING_QUIET_MS || nowMs - lastPingMs >= PING_EVERY_MS) ping();
    } else {
      cutBecause = `nothing heard for ${DEAD_AFTER_MS} ms`;
      socket.terminate();
    }
  });
  // A first measurement before the first words.
  ping();
  return socket;
}
