/** Steers a running call through Twilio's REST API: https://www.twilio.com/docs/voice/api/call-resource#update-a-call-resource */
import type { CallListInstance } from 'twilio/lib/rest/api/v2010/account/call.js';
import { type Backoff, backoffMs, type Clock, Failure, type Ids, withDeadline } from '../../lib/index.ts';
import type { CallControl } from '../call-control.ts';
import { type TwilioRestAccount, twilioClient } from './client.ts';
import { answerOf, FIRST_SERVER_ERROR, type RestAnswer, TOO_MANY_REQUESTS, toldBy } from './rest-answer.ts';

/** Twilio answers in some 200 ms; a caller who waits in silence for more than this has hung up. */
const REQUEST_DEADLINE_MS = 5_000;
/** With the waits between them three tries stay below 17 s, and ride out a second of trouble. */
const MAX_TRIES = 3;
const BACKOFF: Backoff = { firstMs: 250, factor: 3, maxMs: 1_000, jitter: 0.3 };

/** For how long Twilio may do what it is asked for: from a try's beginning, and from the first one's when there may be more. */
export const ASKING = {
  oneTryMs: REQUEST_DEADLINE_MS,
  allTriesMs: MAX_TRIES * REQUEST_DEADLINE_MS + (MAX_TRIES - 1) * BACKOFF.maxMs,
} as const;

/** "Call is not in-progress", given for a redirect and for a hang-up that comes late. */
const NOT_IN_PROGRESS = 21220;
/** Given for a call that is known no more, and for everything that is asked with a wrong account or a wrong base URL. */
const NOT_FOUND = 20404;

export interface TwilioCallControlOptions extends TwilioRestAccount {
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'fraction'>;
}

type Update = Parameters<ReturnType<CallListInstance>['update']>[0];

/**
 * An update that was carried out and whose answer was lost is asked for again: the call is then led to the same
 * address twice, which costs the caller a gap, where giving up would cost the call.
 */
export function createTwilioCallControl({ clock, ids, ...account }: TwilioCallControlOptions): CallControl {
  /** Begun at once, so that the event loop is stopped by the import before there are calls to suffer from it. */
  const client = twilioClient(account, REQUEST_DEADLINE_MS);
  client.catch(() => undefined);

  const tryOnce = async (callId: string, update: Update): Promise<void> => {
    const late = (): Error => new Error('no answer');
    await withDeadline(clock, REQUEST_DEADLINE_MS, (await client).calls(callId).update(update), late);
  };

  /** Whether calls are asked for in the right place: the account, a part of their address, is found there. */
  const isOurPlace = async (): Promise<boolean> => {
    const late = (): Error => new Error('no answer');
    try {
      const asking = (await client).api.v2010.accounts(account.accountSid).fetch();
      return (await withDeadline(clock, REQUEST_DEADLINE_MS, asking, late)).sid === account.accountSid;
    } catch {
      return false;
    }
  };

  const update = async (
    what: string,
    callId: string,
    change: Update,
    unwanted?: AbortSignal,
  ): Promise<'done' | 'over'> => {
    for (let attempt = 1; ; attempt++) {
      try {
        await tryOnce(callId, change);
        return 'done';
      } catch (error) {
        const answer = answerOf(error);
        if (answer.code === NOT_IN_PROGRESS) return 'over';
        if (answer.code === NOT_FOUND && (await isOurPlace())) return 'over';
        if (!mayPass(answer) || attempt >= MAX_TRIES) throw failed(what, answer, attempt);
        await new Promise<void>((again) => clock.after(backoffMs(BACKOFF, attempt, ids.fraction()), again));
        if (unwanted?.aborted) throw failed(what, answer, attempt);
      }
    }
  };

  return {
    redirect: (callId, url, unwanted) => update('lead a call elsewhere', callId, { url, method: 'POST' }, unwanted),
    hangUp: (callId) => update('end a call', callId, { status: 'completed' }),
  };
}

const mayPass = ({ status }: RestAnswer): boolean =>
  status === 0 || status === TOO_MANY_REQUESTS || status >= FIRST_SERVER_ERROR;

/** Without a cause: the client's errors carry the request, and with it the credentials. */
function failed(what: string, answer: RestAnswer, tries: number): Failure {
  return new Failure('PROVIDER_REST', `Twilio did not ${what}: ${toldBy(answer)} (tried ${tries}×)`);
}
