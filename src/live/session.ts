/** One conversation with Gemini Live, over as many sockets and routes as it takes. */
import type { Pcm } from '../audio/index.ts';
import { type Cancel, type Clock, Failure, type Ids } from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import { Claim } from './claim.ts';
import type { Verdict } from './closes.ts';
import { Connection, type Gone } from './connection.ts';
import { createDelivery, type Delivery } from './delivery.ts';
import { seedMessage } from './encode.ts';
import { endpoint } from './endpoint.ts';
import type { LiveHandlers, SeedTurn, ToolAnswer } from './handlers.ts';
import { Outbound, type Whose } from './outbound.ts';
import { afterEnd, afterGone, beginPlan, dialNext, forgetHandle, keepHandle, type ResumePlan } from './resumption.ts';
import { beginCourse, type Course, type LiveRoute, onward } from './route.ts';
import { announcesHistory, setupMessage } from './setup.ts';
import { type Dial, dialWebSocket } from './socket.ts';

export interface LiveSession {
  /** Audio at 16 kHz. Dropped unless the session is ready: the caller of this holds what must not be lost. */
  sendAudio(samples: Pcm<16000>): void;
  /**
   * Text to which the model answers at once. Kept until the session is ready. What the caller said by the keys is said again,
   * like their voice, when a socket may have taken it along; an order of ours is not.
   */
  sendText(text: string, whose?: Whose): void;
  /** The edges of the caller's speech, with `detection: 'local'` only. Dropped, like audio, unless the session is ready. */
  sendActivity(edge: 'started' | 'ended'): void;
  /**
   * Kept until the session is ready, and given again when a socket may have taken them along: a resumed session still waits
   * for them. One that began afresh does not know the calls, and is told `asText`.
   */
  answerTools(answers: readonly ToolAnswer[]): void;
  /**
   * Closes the socket that is left, and dials again: with the newest handle, or afresh with the seed when there is none or it
   * is dead; backed off, a bounded number of times; then by the next route. Ends in `ready`, or in `lost` with recoverable
   * false. Does nothing while the session is on its way already.
   */
  resume(): void;
  /** As `resume`, but without the handle, even where it is being tried just now. */
  beginAfresh(): void;
  /** Ends the session, whatever it is doing; no handler is called afterwards. */
  close(): void;
}

export interface LiveOptions {
  /** The first is preferred; the others are gone to, each once, when those before have failed for good. */
  readonly routes: readonly LiveRoute[];
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly metrics?: Pick<Metrics, 'ignoredMessages' | 'heldAudioDroppedMs'> | undefined;
  readonly handlers: LiveHandlers;
  /** What was said so far; asked for whenever a session begins without a handle. */
  readonly seed: () => readonly SeedTurn[];
  readonly dial?: Dial | undefined;
  /** Takes up a session that another process began, on its route; where that is no route of ours, we begin afresh. */
  readonly handle?: { readonly route: string; readonly handle: string } | undefined;
}

/**
 *   opening ─▶ ready ─resume()─▶ leaving ─gone─▶ waiting ─▶ resuming ─▶ ready
 *      └───────┬─┘                  ▲ ▲                         │
 *              ▼                    │ └─────by itself, until────┘
 *             lost ─────resume()────┘     the plan says never
 *
 *   close(), and a loss that no route is left for, lead to closed from anywhere.
 */
type Life =
  | { readonly phase: 'opening' | 'leaving' | 'waiting' | 'resuming' | 'lost' | 'ready'; readonly link: Link }
  | { readonly phase: 'closed' };

/** One dialling, and what came of it. */
interface Link {
  readonly connection: Connection;
  readonly withHandle: boolean;
  /** When the session was ready on it. */
  readySinceMs?: number;
}

/** Begins at once; throws CONFIG_INVALID for a base URL that is none. */
export function openLiveSession(options: LiveOptions): LiveSession {
  return new Session(options);
}

class Session implements LiveSession {
  readonly #options: LiveOptions;
  readonly #delivery: Delivery;
  readonly #outbound: Outbound;
  #course: Course;
  #claim: Claim;
  #plan: ResumePlan;
  #life: Life;
  #cancelWait: Cancel = () => undefined;

  constructor(options: LiveOptions) {
    const { routes, handle, handlers, clock, logger, metrics } = options;
    this.#options = options;
    this.#delivery = createDelivery(handlers, () => this.#course.route.name);
    this.#outbound = new Outbound({
      clock,
      logger,
      metrics,
      ready: () => (this.#life.phase === 'ready' ? this.#life.link.connection : undefined),
      settings: () => this.#course.route.settings,
    });
    this.#course = beginCourse(routes, handle?.route);
    const { route } = this.#course;
    this.#claim = new Claim(route, clock, logger);
    this.#plan = beginPlan(handle?.route === route.name ? handle.handle : undefined);
    this.#life = { phase: 'opening', link: this.#connect() };
  }

  sendAudio(samples: Pcm<16000>): void {
    this.#outbound.audio(samples);
  }

  sendText(text: string, whose: Whose = 'ours'): void {
    this.#outbound.text(text, whose);
  }

  sendActivity(edge: 'started' | 'ended'): void {
    this.#outbound.activity(edge);
  }

  answerTools(answers: readonly ToolAnswer[]): void {
    this.#outbound.answers(answers);
  }

  resume(): void {
    const { phase } = this.#life;
    if (phase === 'ready') this.#plan = afterEnd(this.#plan, this.#ending(undefined));
    if (phase === 'ready' || phase === 'lost') this.#dialAgain();
  }

  beginAfresh(): void {
    const life = this.#life;
    if (life.phase === 'closed') return;
    const waitsForHandle = this.#plan.handle !== undefined;
    this.#plan = forgetHandle(this.#plan);
    if (life.phase === 'ready' || life.phase === 'lost') this.resume();
    else if (life.phase === 'waiting' && waitsForHandle) this.#wait(life.link);
    else if ((life.phase === 'opening' || life.phase === 'resuming') && life.link.withHandle) this.#dialAgain();
  }

  close(): void {
    if (this.#life.phase === 'closed') return;
    const { connection } = this.#life.link;
    this.#life = { phase: 'closed' };
    this.#cancelWait();
    this.#outbound.close();
    connection.shut(() => this.#claim.giveBack());
  }

  /** Dials as the course and the plan say, with the handle or with what was said. */
  #connect(): Link {
    const { clock, dial = dialWebSocket } = this.#options;
    const { settings, backend, headers } = this.#course.route;
    const { handle } = this.#plan;
    const seed = handle === undefined ? this.#options.seed().filter(({ text }) => text !== '') : [];
    const resume = { handle, seeded: seed.length > 0 };
    const claim = this.#claim;
    const connection = new Connection(
      {
        url: endpoint(backend).url,
        headers: () => claim.take().then(headers),
        setup: setupMessage(settings, backend, resume),
        clock,
        dial,
      },
      {
        ready: (setupMs) => {
          link.readySinceMs = clock.nowMs();
          this.#life = { phase: 'ready', link };
          this.#delivery.reset();
          if (seed.length > 0) connection.send(seedMessage(seed, announcesHistory(backend, resume)));
          this.#outbound.release(connection, handle !== undefined);
          const how = handle !== undefined ? 'resumed' : seed.length > 0 ? 'reseeded' : 'new';
          const { name: route } = this.#course.route;
          const { model, voice } = settings;
          this.#options.logger.info({ how, setupMs, route }, 'live session ready');
          this.#options.handlers.ready({ how, setupMs, route, model, voice });
        },
        received: (event) => {
          if (event.type === 'handleOffered') this.#plan = keepHandle(this.#plan, event.handle, event.resumable);
          this.#delivery.deliver(event);
        },
        notUnderstood: (keys) => {
          this.#options.metrics?.ignoredMessages.inc({ side: 'live', kind: 'unknownKey' });
          this.#options.logger.debug({ keys }, 'live message with unknown keys');
        },
        threw: (failure) => this.#options.logger.error({ err: failure }, 'live session failed'),
        ended: (verdict) => this.#ended(verdict),
      },
    );
    const link: Link = { connection, withHandle: handle !== undefined };
    return link;
  }

  #ended(verdict: Verdict): void {
    if (this.#life.phase === 'closed') return;
    const { phase, link } = this.#life;
    const { failure, action } = verdict;
    this.#plan = afterEnd(this.#plan, this.#ending(verdict));
    const { next } = this.#plan;
    const { route } = this.#course;
    const fields = { code: failure.code, reason: failure.message, phase, next, route: route.name };
    this.#options.logger.warn(fields, 'live socket ended');
    if (next === 'never' && !this.#changeRoute(failure)) {
      this.#giveUp(action === 'resume' ? notBroughtBack(failure) : failure);
    } else if (phase === 'resuming') {
      this.#dialAgain();
    } else {
      this.#life = { phase: 'lost', link };
      this.#tellLost(failure, true);
    }
  }

  /** False when no route is left that could do better. */
  #changeRoute(because: Failure): boolean {
    const course = onward(this.#course, because.code);
    if (course === undefined || this.#life.phase === 'closed') return false;
    const { clock, logger } = this.#options;
    logger.warn({ code: because.code, from: this.#course.route.name, to: course.route.name }, 'live route changed');
    const claim = this.#claim;
    this.#life.link.connection.shut(() => claim.giveBack());
    this.#claim = new Claim(course.route, clock, logger);
    this.#course = course;
    this.#plan = beginPlan(undefined);
    return true;
  }

  #dialAgain(): void {
    if (this.#life.phase === 'closed') return;
    if (this.#plan.next === 'never' && !this.#changeRoute(notBroughtBack())) {
      this.#giveUp(notBroughtBack());
      return;
    }
    const { link } = this.#life;
    this.#life = { phase: 'leaving', link };
    link.connection.shut((gone) => this.#left(link, gone));
  }

  #left(link: Link, { unsureSinceMs, abnormal }: Gone): void {
    if (this.#life.phase !== 'leaving' || this.#life.link !== link) return;
    this.#outbound.broken(unsureSinceMs);
    this.#plan = afterGone(this.#plan, abnormal);
    this.#wait(link);
  }

  #wait(link: Link): void {
    const { plan, delayMs } = dialNext(this.#plan, this.#options.ids.fraction());
    this.#plan = plan;
    this.#life = { phase: 'waiting', link };
    this.#cancelWait();
    this.#cancelWait = this.#options.clock.after(delayMs, () => this.#connectAgain());
  }

  #connectAgain(): void {
    try {
      this.#life = { phase: 'resuming', link: this.#connect() };
    } catch (error) {
      const failure = new Failure('INTERNAL', 'the Live session could not be dialled again', { cause: error });
      this.#options.logger.error({ err: failure }, 'live session failed');
      this.#giveUp(failure);
    }
  }

  #giveUp(failure: Failure): void {
    this.close();
    this.#tellLost(failure, false);
  }

  /** Called from timers and from the socket's own events, where nobody would catch what a reader throws. */
  #tellLost(failure: Failure, recoverable: boolean): void {
    try {
      this.#options.handlers.lost(failure, recoverable);
    } catch (error) {
      const thrown = new Failure('INTERNAL', 'a reader of the Live session threw', { cause: error });
      this.#options.logger.error({ err: thrown }, 'live session failed');
      if (recoverable) this.#giveUp(thrown);
    }
  }

  #ending(verdict: Verdict | undefined) {
    const link = this.#life.phase === 'closed' ? undefined : this.#life.link;
    const sinceMs = link?.readySinceMs;
    return {
      verdict,
      readyForMs: sinceMs === undefined ? undefined : this.#options.clock.nowMs() - sinceMs,
      withHandle: link?.withHandle === true,
      others: this.#course.others.length > 0,
    };
  }
}

function notBroughtBack(cause?: Failure): Failure {
  return new Failure('LIVE_RESUME_FAILED', 'The Live session cannot be brought back', cause && { cause });
}
