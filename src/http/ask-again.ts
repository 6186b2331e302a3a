/** A call that this process will not take goes round once more through the load balancer, by a redirect to ourselves. */
import type { Context } from 'koa';
import { askAgainTwiml, type TwilioAccount } from '../telephony/index.ts';
import { outboundToken } from './outbound-door.ts';

/**
 * A second passes with each. A load balancer that asks `/readyz` every few seconds knows by then, and Twilio follows no
 * more than ten redirects (error 11215).
 */
const MAX_TRIES = 6;

/** The TwiML that asks the same path again, or undefined when it was asked too often. */
export function askAgain(ctx: Context, account: TwilioAccount, maxTries = MAX_TRIES): string | undefined {
  const tries = triesOf(ctx);
  if (tries >= maxTries) return undefined;
  const token = outboundToken(ctx);
  const call = token === undefined ? '' : `&outbound=${encodeURIComponent(token)}`;
  return askAgainTwiml({ url: `${account.publicUrl}${ctx.path}?try=${tries + 1}${call}` });
}

/** What is no count of ours counts as none. */
function triesOf({ query }: Context): number {
  const { try: tries } = query;
  return typeof tries === 'string' && /^\d$/.test(tries) ? Number(tries) : 0;
}
