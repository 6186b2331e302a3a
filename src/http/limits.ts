/** What a client may take of us before it is cut off; whoever it is, the others must still be served. */

export interface HttpLimits {
  /** From the connection's begin, or the end of the last answer, to the end of a request's headers. */
  readonly headersMs: number;
  /** To the end of its body. */
  readonly requestMs: number;
  /** How often the two are looked at. */
  readonly checkMs: number;
  /** For the answer to our closing a stream; until then a stream that broke the protocol counts as open. */
  readonly closeMs: number;
  /** How many at once, streams among them; one more is closed unheard. */
  readonly connections: number;
}

export const HTTP_LIMITS: HttpLimits = {
  // Twilio gives up on a webhook after 15 s; nobody honest sends a form of two kB for longer.
  headersMs: 10_000,
  requestMs: 15_000,
  // Node's own period is half a minute, by which each limit may be overrun.
  checkMs: 2_000,
  // A round trip, and a lost packet. ws waits half a minute, during which a call would be without sound.
  closeMs: 2_000,
  // Four for each call that a process may have: its stream, its webhooks, and as much again. An idle one costs some 10 kB.
  connections: 2_000,
};
