/** The token that lets a stream in: once, for one call, for a minute. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Ids } from '../../../src/lib/index.ts';
import { systemIds } from '../../../src/lib/index.ts';
import { createStreamTokens, createUsedNonces } from '../../../src/telephony/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const CALL = 'CA0123456789abcdef0123456789abcdef';
const OTHER_CALL = 'CAffffffffffffffffffffffffffffffff';
const PARAMETERS = { agent: 'front-desk', from: '+14158675310', to: '+18005551212' };

const given = (secret = 'auth token', ids: Ids = systemIds, clock = new ManualClock()) => ({
  clock,
  tokens: createStreamTokens({ clock, ids, secret, usedNonces: createUsedNonces(clock) }),
});
const refusal = (why: string) =>
  expect.objectContaining({ code: 'STREAM_BAD_TOKEN', message: expect.stringContaining(why) });
const caught = (run: () => Promise<void>): Promise<unknown> =>
  run().then(
    () => undefined,
    (error: unknown) => error,
  );

describe('a stream token', () => {
  test('lets its call in', async () => {
    const { tokens } = given();
    expect(await caught(() => tokens.redeem(tokens.issue(CALL, PARAMETERS), CALL, PARAMETERS))).toBeUndefined();
  });

  test('does not mind the order of the parameters', async () => {
    const { tokens } = given();
    const { to, from, agent } = PARAMETERS;
    expect(
      await caught(() => tokens.redeem(tokens.issue(CALL, PARAMETERS), CALL, { to, from, agent })),
    ).toBeUndefined();
  });

  test('works once', async () => {
    const { tokens } = given();
    const token = tokens.issue(CALL, PARAMETERS);
    await tokens.redeem(token, CALL, PARAMETERS);
    expect(await caught(() => tokens.redeem(token, CALL, PARAMETERS))).toEqual(refusal('it is used'));
  });

  test('works for a minute', async () => {
    const { tokens, clock } = given();
    const early = tokens.issue(CALL, PARAMETERS);
    const late = tokens.issue(CALL, PARAMETERS);
    clock.tick(59_999);
    expect(await caught(() => tokens.redeem(early, CALL, PARAMETERS))).toBeUndefined();
    clock.tick(1);
    expect(await caught(() => tokens.redeem(late, CALL, PARAMETERS))).toEqual(refusal('it is expired'));
  });

  test('works a minute longer than what its caller hears before the stream', async () => {
    const { tokens, clock } = given();
    const [early, late] = [tokens.issue(CALL, PARAMETERS, 61_000), tokens.issue(CALL, PARAMETERS, 61_000)];
    clock.tick(120_999);
    expect(await caught(() => tokens.redeem(early, CALL, PARAMETERS))).toBeUndefined();
    clock.tick(1);
    expect(await caught(() => tokens.redeem(late, CALL, PARAMETERS))).toEqual(refusal('it is expired'));
  });

  test.each([
    ['another call', OTHER_CALL, PARAMETERS],
    ['another caller', CALL, { ...PARAMETERS, from: '+19999999999' }],
    ['a parameter more', CALL, { ...PARAMETERS, extra: '1' }],
    ['a parameter fewer', CALL, { agent: 'front-desk', from: '+14158675310' }],
    ['a boundary moved', CALL, { agent: 'front-deskfrom', '': '+14158675310', to: '+18005551212' }],
  ])('is refused for %s, and is not used up by that', async (_, callId, parameters) => {
    const { tokens } = given();
    const token = tokens.issue(CALL, PARAMETERS);
    expect(await caught(() => tokens.redeem(token, callId, parameters))).toEqual(refusal('not for this call'));
    expect(await caught(() => tokens.redeem(token, CALL, PARAMETERS))).toBeUndefined();
  });

  test('is refused when it is missing', async () => {
    expect(await caught(() => given().tokens.redeem(undefined, CALL, PARAMETERS))).toEqual(refusal('brings none'));
  });

  test('works on every replica that has the secret, and on no other', async () => {
    const clock = new ManualClock();
    const token = given('auth token', systemIds, clock).tokens.issue(CALL, PARAMETERS);
    const stranger = given('another token', systemIds, clock).tokens;
    expect(await caught(() => stranger.redeem(token, CALL, PARAMETERS))).toEqual(refusal('not for this call'));
    const replica = given('auth token', systemIds, clock).tokens;
    expect(await caught(() => replica.redeem(token, CALL, PARAMETERS))).toBeUndefined();
  });

  test('cannot be used twice on two replicas that share what was used', async () => {
    const clock = new ManualClock();
    const shared = new Set<string>();
    const usedNonces = { claim: (nonce: string) => !shared.has(nonce) && shared.add(nonce).has(nonce) };
    const replica = () => createStreamTokens({ clock, ids: systemIds, secret: 'auth token', usedNonces });
    const token = replica().issue(CALL, PARAMETERS);
    await replica().redeem(token, CALL, PARAMETERS);
    expect(await caught(() => replica().redeem(token, CALL, PARAMETERS))).toEqual(refusal('it is used'));
  });

  test('with its expiry, nonce or seal changed in any way is refused', async () => {
    const { tokens } = given();
    const token = tokens.issue(CALL, PARAMETERS);
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...'0Az_-.'), async (at, character) => {
        fc.pre(token[at] !== character);
        const forged = token.slice(0, at) + character + token.slice(at + 1);
        // The last base64url character carries two bits that are no part of the seal.
        fc.pre(at !== token.length - 1);
        return (await caught(() => tokens.redeem(forged, CALL, PARAMETERS))) !== undefined;
      }),
    );
  });

  test('is never repeated in the complaint about it', async () => {
    const { tokens, clock } = given();
    const token = tokens.issue(CALL, PARAMETERS);
    clock.tick(120_000);
    for (const [callId, given] of [
      [CALL, token],
      [OTHER_CALL, token],
      [CALL, 'made-up'],
    ] as const) {
      expect(String(await caught(() => tokens.redeem(given, callId, PARAMETERS)))).not.toContain(given);
    }
  });

  test('fits beside its name into a parameter', async () => {
    expect(`token${given().tokens.issue(CALL, PARAMETERS)}`.length).toBeLessThan(500);
  });
});

describe('what was used', () => {
  test('is forgotten once it is expired, so that memory does not grow', async () => {
    const clock = new ManualClock();
    // The same nonce each time: a token can only pass when its forerunner is forgotten.
    const ids: Ids = { ...systemIds, nonce: () => 'same' };
    const { tokens } = given('auth token', ids, clock);
    await tokens.redeem(tokens.issue(CALL, PARAMETERS), CALL, PARAMETERS);
    expect(await caught(() => tokens.redeem(tokens.issue(CALL, PARAMETERS), CALL, PARAMETERS))).toEqual(
      refusal('it is used'),
    );
    clock.tick(60_000);
    expect(await caught(() => tokens.redeem(tokens.issue(CALL, PARAMETERS), CALL, PARAMETERS))).toBeUndefined();
  });
});
