/**
 * What the end of a Live socket means and what to do about it. The service has no error message: it closes, with a code and
 * a reason that is cut at 123 bytes, so a reason is known by its beginning.
 */
import { FAILURES, Failure, type FailureCode } from '../lib/index.ts';

/**
 * Dial again with the handle; begin afresh with what was said; go to another route, and begin afresh only where there is none;
 * or give this route up, because its answer would be the same.
 */
export type Action = 'resume' | 'fresh' | 'switch' | 'fatal';

export interface Verdict {
  readonly failure: Failure;
  readonly action: Action;
}

interface Meaning {
  readonly code: FailureCode;
  readonly action: Action;
}

interface Row extends Meaning {
  readonly close: number;
  readonly reason: RegExp;
}

/** In the order in which they are tried. The texts are the service's own. */
const ROWS: readonly Row[] = [
  { close: 1007, reason: /^Invalid JSON payload received\./, code: 'LIVE_SETUP_INVALID', action: 'fatal' },
  { close: 1007, reason: /^Invalid value at/, code: 'LIVE_SETUP_INVALID', action: 'fatal' },
  { close: 1007, reason: /^The requested combination of/, code: 'LIVE_SETUP_INVALID', action: 'fatal' },
  { close: 1007, reason: /^API key not valid/, code: 'LIVE_AUTH', action: 'fatal' },
  // Something in the history that the service no longer takes: a resumed session would die of it again.
  { close: 1007, reason: /^Request contains an invalid/, code: 'LIVE_REJECTED_ARGUMENT', action: 'fresh' },
  { close: 1008, reason: /^models\/.* is not found/, code: 'LIVE_MODEL_UNKNOWN', action: 'fatal' },
  { close: 1008, reason: /^Requested entity was not found/, code: 'LIVE_HANDLE_DEAD', action: 'fresh' },
  // A feature that fails on this model now and then, such as tool calls on the 2.5 models.
  { close: 1008, reason: /^Operation is not implemented/, code: 'LIVE_UNSUPPORTED', action: 'switch' },
  { close: 1008, reason: /^Your project has been denied/, code: 'LIVE_ACCESS_DENIED', action: 'fatal' },
  { close: 1008, reason: /^The operation was aborted/, code: 'LIVE_LIFETIME', action: 'resume' },
  // The quota frees in half a minute at the earliest, which no caller waits for in silence.
  { close: 1011, reason: /^You exceeded your current quota/, code: 'LIVE_QUOTA', action: 'fatal' },
  { close: 1011, reason: /^Deadline expired/, code: 'LIVE_LIFETIME', action: 'resume' },
  { close: 1011, reason: /^The service is currently/, code: 'LIVE_UNAVAILABLE', action: 'resume' },
  { close: 1011, reason: /^Internal error/, code: 'LIVE_INTERNAL', action: 'resume' },
  // Whatever else these codes come with.
  { close: 1007, reason: /^/, code: 'LIVE_REJECTED_ARGUMENT', action: 'fresh' },
  { close: 1011, reason: /^/, code: 'LIVE_INTERNAL', action: 'resume' },
];

/** The network, the lifetime of a connection, a full context: a new socket with the handle heals most of it. */
const ANY_OTHER_CLOSE: Meaning = { code: 'LIVE_LOST', action: 'resume' };

export function judgeClose(close: number, reason: string): Verdict {
  const meaning = ROWS.find((row) => row.close === close && row.reason.test(reason)) ?? ANY_OTHER_CLOSE;
  return verdict(meaning, `Live closed the socket: ${close}${reason && ` ${reason}`}`);
}

/** An HTTP answer in place of the WebSocket. */
export function judgeRefusal(status: number): Verdict {
  return verdict(meaningOfStatus(status), `Live refused the socket: HTTP ${status}`);
}

/** A failure that we found out ourselves. */
export function judgeFailure(failure: Failure): Verdict {
  // Places come free when calls end, which no caller waits for.
  if (failure.code === 'LIVE_FULL') return { failure, action: 'fatal' };
  return { failure, action: FAILURES[failure.code].retryable ? 'resume' : 'fatal' };
}

function meaningOfStatus(status: number): Meaning {
  if (status === 401) return { code: 'LIVE_AUTH', action: 'fatal' };
  if (status === 403) return { code: 'LIVE_ACCESS_DENIED', action: 'fatal' };
  // Unlike the quota that closes a socket, this limits requests a second: backed off, the next one may pass.
  if (status === 429) return { code: 'LIVE_QUOTA', action: 'resume' };
  if (status === 503) return { code: 'LIVE_UNAVAILABLE', action: 'resume' };
  if (status === 408 || status >= 500) return { code: 'LIVE_HANDSHAKE', action: 'resume' };
  // A path or a request that this server does not know.
  return { code: 'LIVE_HANDSHAKE', action: 'fatal' };
}

function verdict({ code, action }: Meaning, message: string): Verdict {
  return { failure: new Failure(code, message), action };
}
