/** What the provider does where its documents say nothing, or several things: the switches of a simulated call. */
import { z } from 'zod';

const milliseconds = z.number().min(0).max(600_000);

/** Twilio's documents say what follows when the service closes a stream, and not what follows when it breaks. */
const brokenStream = z.strictObject({
  /**
   * `action`: asks <Connect action>. `nextVerb`: goes on behind <Connect>. `secondStream`: dials the same address again with
   * the same parameters. `nothing`: keeps the call up in silence until the REST API leads it elsewhere.
   */
  leadsTo: z.enum(['action', 'nextVerb', 'secondStream', 'nothing']).default('action'),
  /** How long it takes to do so. */
  afterMs: milliseconds.default(0),
  /** How long `nothing` may last before the call is given up: longer than any replica takes to notice the loss. */
  silenceLimitMs: milliseconds.default(60_000),
});

const dialled = z.strictObject({
  /** DialCallStatus: https://www.twilio.com/docs/voice/twiml/dial#attributes-action */
  status: z.enum(['completed', 'busy', 'no-answer', 'failed', 'canceled']).default('completed'),
  ringsMs: milliseconds.default(0),
  /** How long the two talk before the other party hangs up; without it the simulation ends with the transfer. */
  talksMs: milliseconds.optional(),
  /**
   * DialCallStatus when the caller's call ends while it rings, which no document says. `unasked`: <Dial action> is not asked about a
   * call that is over, neither then nor when the two have talked.
   */
  whenGone: z.enum(['no-answer', 'canceled', 'unasked']).default('no-answer'),
});

/** What a SIP caller's telephone makes of a REFER. */
const referred = z.strictObject({
  /** Its answer; 2xx: it calls whom it was sent to. */
  code: z.int().min(200).max(699).default(202),
  /** How that call goes, by its last NOTIFY; without it none comes. */
  notifies: z.int().min(100).max(699).optional(),
  /** How long it rings there. */
  ringsMs: milliseconds.default(0),
});

export const providerHabits = z.strictObject({
  brokenStream: brokenStream.prefault({}),
  /** A stream that cannot be opened: fails the call, or is taken for one that broke. */
  refusedStream: z.enum(['fail', 'broken']).default('fail'),
  /** Whether `stop` is sent before a stream is closed at the call's end; without it the connection is cut. */
  stop: z.boolean().default(true),
  /**
   * Whether <Connect action> is asked as well, in vain, when the REST API leads the call elsewhere. Measured for <Dial action>:
   * the action is asked first, the new address 0.3 s later, and the first answer is not followed.
   */
  actionWhenLed: z.boolean().default(false),
  /** The first answer of the voice webhook is lost; the same request, with the same idempotency token, is sent again. */
  voiceTwice: z.boolean().default(false),
  /** Status callbacks each come once, twice, or the last before the first. */
  statusCallbacks: z.enum(['once', 'twice', 'reversed']).default('once'),
  dialled: dialled.prefault({}),
  referred: referred.prefault({}),
});

export type ProviderHabits = z.infer<typeof providerHabits>;
export type ProviderHabitsInput = z.input<typeof providerHabits>;
