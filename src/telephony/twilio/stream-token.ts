/** A stream is only let in by the token that our own webhook put into its TwiML: for one call, once, and not for long. */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { type Clock, Failure, type Ids } from '../../lib/index.ts';

/** Twilio opens the stream within a second or two of what comes before it in the TwiML; a minute also bears a slow network and unequal clocks. */
const LIFETIME_MS = 60_000;
/** Far more streams than a process can start within a token's lifetime. Beyond it tokens are refused, not forgotten. */
const MAX_REMEMBERED = 100_000;
/** Keeps this key apart from any other made of the same secret (RFC 5869 §3.2). */
const KEY_PURPOSE = 'callbridge stream token 1';

export type StreamParameters = Readonly<Record<string, string>>;

export interface StreamTokens {
  /** A token for a stream of this call that will bring exactly these parameters beside it; `beforeMs`: what its caller hears first. */
  issue(callId: string, parameters: StreamParameters, beforeMs?: number): string;
  /** Rejects with Failure STREAM_BAD_TOKEN. A token is used up by its first success. */
  redeem(token: string | undefined, callId: string, parameters: StreamParameters): Promise<void>;
}

/** Which tokens were redeemed; replicas that share it refuse what another one has let in. */
export interface UsedNonces {
  /** True for the first claim of `nonce`; it is remembered at least until `untilMs`. Never rejects. */
  claim(nonce: string, untilMs: number): boolean | Promise<boolean>;
}

export interface StreamTokenOptions {
  readonly clock: Clock;
  readonly ids: Ids;
  /** Replicas that share it accept each other's tokens. */
  readonly secret: string;
  readonly usedNonces: UsedNonces;
}

export function createStreamTokens({ clock, ids, secret, usedNonces }: StreamTokenOptions): StreamTokens {
  const key = Buffer.from(hkdfSync('sha256', secret, '', KEY_PURPOSE, 32));
  const seal = (callId: string, expiresMs: number, nonce: string, parameters: StreamParameters): Buffer => {
    const sorted = Object.keys(parameters)
      .sort()
      .map((name) => [name, parameters[name]]);
    return createHmac('sha256', key)
      .update(JSON.stringify([callId, expiresMs, nonce, sorted]))
      .digest();
  };
  return {
    issue: (callId, parameters, beforeMs = 0) => {
      const expiresMs = Math.ceil(clock.nowMs() + beforeMs) + LIFETIME_MS;
      const nonce = ids.nonce();
      return `${expiresMs}.${nonce}.${seal(callId, expiresMs, nonce, parameters).toString('base64url')}`;
    },
    redeem: async (token, callId, parameters) => {
      const parts = /^(\d{1,15})\.([\w-]{1,64})\.([\w-]{43})$/.exec(token ?? '');
      if (parts === null) throw refused(token === undefined ? 'the stream brings none' : 'it is none of ours');
      const [, expires = '', nonce = '', mac = ''] = parts;
      const expiresMs = Number(expires);
      if (!timingSafeEqual(Buffer.from(mac, 'base64url'), seal(callId, expiresMs, nonce, parameters))) {
        throw refused('it is not for this call with these parameters');
      }
      if (clock.nowMs() >= expiresMs) throw refused('it is expired');
      if (!(await usedNonces.claim(nonce, expiresMs))) throw refused('it is used');
    },
  };
}

const refused = (why: string): Failure => new Failure('STREAM_BAD_TOKEN', `the stream's token is refused: ${why}`);

/** What this process has let in. */
export function createUsedNonces(clock: Clock): { claim(nonce: string, untilMs: number): boolean } {
  const untilByNonce = new Map<string, number>();
  return {
    claim: (nonce, untilMs) => {
      // Oldest first: what was claimed early expires early, give or take a token's lifetime.
      for (const [old, oldUntilMs] of untilByNonce) {
        if (oldUntilMs > clock.nowMs()) break;
        untilByNonce.delete(old);
      }
      if (untilByNonce.has(nonce) || untilByNonce.size >= MAX_REMEMBERED) return false;
      untilByNonce.set(nonce, untilMs);
      return true;
    },
  };
}
