/** A second stream of a call beside its first one, as a confused provider might open: it begins like any other, and says nothing. */
import { type Cancel, type Ids, type WebSocketLike, wrapWebSocket } from '../../lib/index.ts';
import type { Handset } from './handset.ts';
import { sid } from './sid.ts';
import { connectedMessage, startMessage } from './wire.ts';

export interface DoubleOptions {
  readonly webSocket: WebSocketLike;
  readonly handset: Handset;
  readonly ids: Ids;
  readonly accountSid: string;
  readonly callSid: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The returned function cuts it. */
export function startDouble(options: DoubleOptions): Cancel {
  const { webSocket, handset, accountSid, callSid, parameters } = options;
  const ids = { accountSid, callSid, streamSid: sid('MZ', options.ids) };
  const socket = wrapWebSocket(webSocket, {
    message: () => undefined,
    closed: (closeCode, why) => handset.tell({ type: 'doubleEnded', streamSid: ids.streamSid, closeCode, why }),
  });
  socket.send(connectedMessage());
  socket.send(startMessage(1, ids, parameters));
  return () => socket.terminate();
}
