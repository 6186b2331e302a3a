/**
 * A media stream as Twilio plays it: the caller's sound goes out every 20 ms, what comes back is buffered and played in the
 * order received, marks are echoed when reached, and what is not to the letter is ignored with one warning.
 */
import { type Clock, type Ids, type MessageSocket, type WebSocketLike, wrapWebSocket } from '../../lib/index.ts';
import type { Warning } from './events.ts';
import { FRAME_MS, type Handset } from './handset.ts';
import { createMarks } from './marks.ts';
import { sid } from './sid.ts';
import {
  connectedMessage,
  dtmfMessage,
  markMessage,
  mediaMessage,
  readServiceMessage,
  startMessage,
  stopMessage,
} from './wire.ts';

/** About eight seconds of media messages. Twilio does not say when it begins to discard; this bounds our own memory. */
const MAX_UNSENT_BYTES = 128 * 1024;
/** How long the service may take to answer our close before the connection is cut. */
const CLOSE_LIMIT_MS = 2_000;

/** https://www.twilio.com/docs/api/errors: each is reported once a stream. */
const BUFFER_OVERFLOW = 31930;
const MALFORMED_MESSAGE = 31950;
const INVALID_MESSAGE = 31951;
const BROKEN_PIPE = 31903;
const CLOSED_BY_SERVICE = 31921;
/** RFC 6455 §7.1.5: the connection ended without a close frame. */
const ABNORMAL_CLOSURE = 1006;

export type LineEnd =
  /** The caller hung up, or the call ended otherwise: `stop` was sent and the socket closed. */
  | { readonly how: 'callEnded' }
  /** The service closed the socket (31921), or it broke (31903). */
  | { readonly how: 'closedByService'; readonly code: number; readonly closeCode: number; readonly why: string };

export interface Line {
  readonly streamSid: string;
  readonly warnings: readonly Warning[];
  readonly whenEnded: Promise<LineEnd>;
}

export interface LineOptions {
  /** Open, and not yet read from. */
  readonly webSocket: WebSocketLike;
  readonly handset: Handset;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly accountSid: string;
  readonly callSid: string;
  /** From TwiML's <Parameter>s. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Starts the stream at once: `connected` and `start` are sent before this returns. */
export function startLine(options: LineOptions): Line {
  const { handset, clock } = options;
  const ids = { accountSid: options.accountSid, callSid: options.callSid, streamSid: sid('MZ', options.ids) };
  const warnings: Warning[] = [];
  let sequence = 0;
  let chunk = 0;
  let ended = false;
  let settle: (end: LineEnd) => void = () => undefined;
  const whenEnded = new Promise<LineEnd>((resolve) => {
    settle = resolve;
  });

  const warn = (code: number, why: string): void => {
    if (warnings.some((warning) => warning.code === code)) return;
    const warning = { code, why };
    warnings.push(warning);
    handset.tell({ type: 'warned', warning });
  };

  const marks = createMarks(clock, (name, how) => {
    socket.send(markMessage(++sequence, ids, name));
    handset.tell({ type: 'marked', name, how });
  });

  const receive = (text: string): void => {
    const message = readServiceMessage(text, ids.streamSid);
    switch (message.type) {
      case 'media':
        handset.playback.play(message.payload);
        break;
      case 'mark':
        marks.add(message.name, handset.playback.endsAtMs());
        break;
      case 'clear':
        handset.tell({ type: 'cleared', droppedMs: handset.playback.clear() });
        marks.clear();
        break;
      case 'invalid':
        warn(INVALID_MESSAGE, message.why);
    }
  };

  /** The one way to die, for whichever side ends it. */
  const finish = (end: LineEnd): void => {
    if (ended) return;
    ended = true;
    detach();
    marks.drop();
    handset.playback.clear();
    settle(end);
  };

  const socket: MessageSocket = wrapWebSocket(options.webSocket, {
    message: (text, binary) => {
      if (ended) return;
      if (binary) warn(MALFORMED_MESSAGE, 'a binary frame');
      else receive(text);
    },
    closed(closeCode, why) {
      cancelCut();
      if (ended) return;
      const code = closeCode === ABNORMAL_CLOSURE ? BROKEN_PIPE : CLOSED_BY_SERVICE;
      handset.tell({ type: 'streamEnded', code, closeCode, why });
      finish({ how: 'closedByService', code, closeCode, why });
    },
  });
  let cancelCut = (): void => undefined;

  const detach = handset.attach({
    frame(ulaw) {
      if (socket.bufferedBytes() > MAX_UNSENT_BYTES) warn(BUFFER_OVERFLOW, 'the service reads too slowly');
      else socket.send(mediaMessage(++sequence, ids, chunk + 1, chunk * FRAME_MS, ulaw));
      chunk += 1;
    },
    digit: (digit) => socket.send(dtmfMessage(++sequence, ids, digit)),
    ended() {
      socket.send(stopMessage(++sequence, ids));
      handset.tell({ type: 'streamEnded', code: undefined, closeCode: 1000, why: '' });
      finish({ how: 'callEnded' });
      cancelCut = clock.after(CLOSE_LIMIT_MS, () => socket.terminate());
      socket.close(1000, '');
    },
  });

  handset.tell({ type: 'streamStarted', streamSid: ids.streamSid });
  socket.send(connectedMessage());
  socket.send(startMessage(++sequence, ids, options.parameters));
  return { streamSid: ids.streamSid, warnings, whenEnded };
}
