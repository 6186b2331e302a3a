/** A WebSocket as the protocols see it: whole messages in, whole messages out, closed exactly once. */

export interface MessageSocket {
  /** Sends one text message, as text or as its bytes in UTF-8, which are read by then. Does nothing once closed. */
  send(message: string | Uint8Array): void;
  /** What was sent but has not left the process, in bytes. */
  bufferedBytes(): number;
  /** Starts the closing handshake; `closed` follows, by force after ws's own close timeout (30 s). */
  close(code: number, reason: string): void;
  /** Cuts the connection; `closed` follows with code 1006. */
  terminate(): void;
  /** Sends a ping; a pong counts as activity. */
  ping(): void;
}

export interface SocketHandlers {
  /** The text of one message, whether it came as a text or as a binary frame. */
  message(text: string, binary: boolean): void;
  /** A pong came. */
  pong?(): void;
  /** Once, whatever happened: the peer's close code, or 1006 without a handshake. */
  closed(code: number, reason: string): void;
}

/** What we use of a `ws` WebSocket; structural, so that `lib` depends on nothing. */
export interface WebSocketLike {
  readonly bufferedAmount: number;
  /** 1 while it is open. `ws` drops what is sent later, and tells of the close only when the handshake is over. */
  readonly readyState?: number;
  send(data: string | Uint8Array, options: { binary: boolean }): void;
  ping(): void;
  close(code?: number, reason?: string): void;
  terminate(): void;
  on(event: 'message', listener: (data: Buffer | ArrayBuffer | Buffer[], isBinary: boolean) => void): unknown;
  on(event: 'close', listener: (code: number, reason: Buffer) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'pong', listener: () => void): unknown;
}

const TEXT = { binary: false };
/** RFC 6455 §7.4.1 allows these and 3000–4999 in a close frame; anything else must not be sent. */
const SENDABLE = new Set([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]);
/** RFC 6455 §5.5: a control frame carries at most 125 bytes, two of which are the code. */
const MAX_REASON_BYTES = 123;

/** Wraps an open WebSocket. Errors need no handling of their own: `ws` always emits `close` after `error`. */
export function wrapWebSocket(webSocket: WebSocketLike, handlers: SocketHandlers): MessageSocket {
  let open = true;
  webSocket.on('message', (data, isBinary) => {
    if (open) handlers.message(asText(data), isBinary);
  });
  webSocket.on('pong', () => handlers.pong?.());
  webSocket.on('error', () => undefined);
  webSocket.on('close', (code, reason) => {
    if (!open) return;
    open = false;
    handlers.closed(code, reason.toString());
  });
  return {
    send: (message) => {
      if (open) webSocket.send(message, TEXT);
    },
    bufferedBytes: () => webSocket.bufferedAmount,
    close: (code, reason) => {
      if (open) webSocket.close(sendableCode(code), clip(reason));
    },
    terminate: () => webSocket.terminate(),
    ping: () => {
      if (open) webSocket.ping();
    },
  };
}

function asText(data: Buffer | ArrayBuffer | Buffer[]): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return (data instanceof ArrayBuffer ? Buffer.from(data) : data).toString();
}

function sendableCode(code: number): number {
  return SENDABLE.has(code) || (code >= 3000 && code <= 4999) ? code : 1011;
}

function clip(reason: string): string {
  const bytes = Buffer.from(reason);
  if (bytes.length <= MAX_REASON_BYTES) return reason;
  // A cut inside a character would leave a replacement character, which is longer than what it replaces.
  return bytes.subarray(0, MAX_REASON_BYTES).toString().replace(/�$/u, '');
}
