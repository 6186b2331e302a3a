/**
 * A media stream as Twilio plays it: the caller's sound goes out every 20 ms, what comes back is buffered and played in the
 * order received, marks are echoed when reached, and what is not to the letter is ignored with one warning.
 */
import { type Clock, type Ids, type MessageSocket, type WebSocketLike, wrapWebSocket } from '../../lib/index.ts';
import type { Warning } from './events.ts';
import { FRAME_MS, type Handset } from './handset.ts';
import type { LineFault, LineFaults } from './line-faults.ts';
import { createMarks } from './marks.ts';
import { createMediaTrack } from './media-track.ts';
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
const NO_FAULTS: readonly LineFault[] = [];

export type LineEnd =
  /** The call ended or was led elsewhere: `stop` was sent and the socket closed. */
  | { readonly how: 'stopped' }
  /** The service closed the socket (31921), or it broke (31903). */
  | { readonly how: 'closedByService'; readonly code: number; readonly closeCode: number; readonly why: string };

export interface Line {
  readonly streamSid: string;
  readonly warnings: readonly Warning[];
  readonly whenEnded: Promise<LineEnd>;
  /** The call leaves the stream and goes on elsewhere. Idempotent. */
  stop(): void;
}

/** A `ws` WebSocket can stop reading. */
export type LineSocket = WebSocketLike & { pause?(): void; resume?(): void };

export interface LineOptions {
  /** Open, and not yet read from. */
  readonly webSocket: LineSocket;
  readonly handset: Handset;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly accountSid: string;
  readonly callSid: string;
  /** From TwiML's <Parameter>s. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly faults?: LineFaults | undefined;
  /** Whether `stop` is sent at the end; the connection is cut without it. */
  readonly sendsStop?: boolean | undefined;
  /** A fault wants a second stream beside this one. */
  doubled?(): void;
}

/** Starts the stream at once: `connected` and `start` are sent before this returns. */
export function startLine(options: LineOptions): Line {
  const { handset, clock, webSocket, faults, sendsStop = true } = options;
  const ids = { accountSid: options.accountSid, callSid: options.callSid, streamSid: sid('MZ', options.ids) };
  const warnings: Warning[] = [];
  let sequence = 0;
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
    resume();
    marks.drop();
    handset.playback.clear();
    settle(end);
  };

  const socket: MessageSocket = wrapWebSocket(webSocket, {
    message: (text, binary) => {
      if (ended) return;
      if (binary) warn(MALFORMED_MESSAGE, 'a binary frame');
      else receive(text);
    },
    closed(closeCode, why) {
      cancelCut();
      if (ended) return;
      const code = closeCode === ABNORMAL_CLOSURE ? BROKEN_PIPE : CLOSED_BY_SERVICE;
      handset.tell({ type: 'streamEnded', streamSid: ids.streamSid, code, closeCode, why });
      finish({ how: 'closedByService', code, closeCode, why });
    },
  });
  let cancelCut = (): void => undefined;

  const track = createMediaTrack({
    frameMs: FRAME_MS,
    send(chunk, timestampMs, ulaw) {
      if (socket.bufferedBytes() > MAX_UNSENT_BYTES) warn(BUFFER_OVERFLOW, 'the service reads too slowly');
      else socket.send(mediaMessage(++sequence, ids, chunk, timestampMs, ulaw));
    },
    lost: () => void ++sequence,
  });

  let cancelResume = (): void => undefined;
  const resume = (): void => {
    cancelResume();
    webSocket.resume?.();
  };
  const readNothing = (lengthMs: number): void => {
    cancelResume();
    webSocket.pause?.();
    cancelResume = clock.after(lengthMs, resume);
  };

  const befall = (fault: LineFault): void => {
    handset.tell({ type: 'faultBegan', fault: fault.fault });
    if (fault.fault === 'cut') socket.terminate();
    else if (fault.fault === 'secondStream') options.doubled?.();
    else if (fault.fault === 'slowReader') readNothing(fault.lengthMs);
    else track.spoil(fault);
  };

  const stop = (): void => {
    if (ended) return;
    if (sendsStop) socket.send(stopMessage(++sequence, ids));
    handset.tell({
      type: 'streamEnded',
      streamSid: ids.streamSid,
      code: undefined,
      closeCode: sendsStop ? 1000 : ABNORMAL_CLOSURE,
      why: '',
    });
    finish({ how: 'stopped' });
    if (sendsStop) {
      cancelCut = clock.after(CLOSE_LIMIT_MS, () => socket.terminate());
      socket.close(1000, '');
    } else socket.terminate();
  };

  const detach = handset.attach({
    frame(ulaw) {
      const elapsedMs = handset.elapsedMs();
      for (const fault of faults?.due(elapsedMs) ?? NO_FAULTS) befall(fault);
      if (!ended) track.frame(ulaw, elapsedMs);
    },
    digit: (digit) => socket.send(dtmfMessage(++sequence, ids, digit)),
    ended: stop,
  });

  handset.tell({ type: 'streamStarted', streamSid: ids.streamSid });
  socket.send(connectedMessage());
  socket.send(startMessage(++sequence, ids, options.parameters));
  return { streamSid: ids.streamSid, warnings, whenEnded, stop };
}
