import { verify } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { liveHeaders } from '../../../src/live/auth.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { DEVELOPER, LiveBench, VERTEX } from './live-bench.ts';
import { json, startTokenEndpoint, type TokenEndpoint } from './token-endpoint.ts';

test('the Developer API gets its key', async () => {
  expect(await liveHeaders(DEVELOPER, new ManualClock())()).toEqual({ 'x-goog-api-key': 'AIza-test' });
});

describe('Vertex', () => {
  test('is given what Google hands out, asked for anew each time', async () => {
    let asked = 0;
    const ask = async () => new Headers({ Authorization: `Bearer t${++asked}`, 'x-goog-user-project': 'acme' });
    const headers = liveHeaders(VERTEX, new ManualClock(), ask);
    expect(await headers()).toEqual({ authorization: 'Bearer t1', 'x-goog-user-project': 'acme' });
    expect(await headers()).toEqual({ authorization: 'Bearer t2', 'x-goog-user-project': 'acme' });
  });

  test('waits five seconds for a token', async () => {
    const clock = new ManualClock();
    const never = liveHeaders(VERTEX, clock, () => new Promise(() => undefined));
    const refused = expect(never()).rejects.toMatchObject({ code: 'LIVE_CONNECT_TIMEOUT' });
    await clock.advance(5_000);
    await refused;
    expect(clock.armed).toBe(0);
  });

  test('a session that is closed while the token is fetched dials nothing', async () => {
    const bench = new LiveBench();
    let hand: (headers: Headers) => void = () => undefined;
    const ask = () => new Promise<Headers>((resolve) => (hand = resolve));
    bench.open({ backend: VERTEX, headers: liveHeaders(VERTEX, bench.clock, ask) });
    bench.session.close();
    hand(new Headers({ authorization: 'Bearer late' }));
    await bench.clock.advance(10_000);
    expect(bench.sockets).toEqual([]);
    expect(bench.heard).toEqual([]);
    expect(bench.clock.armed).toBe(0);
  });
});

describe('google-auth-library with a service account', () => {
  let google: TokenEndpoint;

  beforeAll(async () => {
    google = await startTokenEndpoint();
  });
  afterAll(() => google.close());
  beforeEach(() => {
    google.assertions.length = 0;
  });

  test('signs with the key of the file, and keeps the token for the next socket', async () => {
    google.answer = json(200, { access_token: 'ya29.fresh', expires_in: 3_600, token_type: 'Bearer' });
    const headers = google.headers();
    expect(await headers()).toMatchObject({ authorization: 'Bearer ya29.fresh' });
    expect(await headers()).toMatchObject({ authorization: 'Bearer ya29.fresh' });
    expect(google.assertions).toHaveLength(1);
    const [head, claims, signature] = (google.assertions[0] ?? '').split('.');
    const signed = Buffer.from(`${head}.${claims}`);
    expect(verify('RSA-SHA256', signed, google.publicKey, Buffer.from(signature ?? '', 'base64url'))).toBe(true);
    expect(JSON.parse(Buffer.from(claims ?? '', 'base64url').toString())).toMatchObject({
      iss: 'bridge@acme.iam.gserviceaccount.com',
      scope: 'https://www.googleapis.com/auth/cloud-platform',
    });
  });

  test('renews a token that is about to expire', async () => {
    google.answer = json(200, { access_token: 'ya29.short', expires_in: 60, token_type: 'Bearer' });
    const headers = google.headers();
    await headers();
    google.answer = json(200, { access_token: 'ya29.next', expires_in: 3_600, token_type: 'Bearer' });
    expect(await headers()).toMatchObject({ authorization: 'Bearer ya29.next' });
  });

  test.each([
    [400, { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }, 'LIVE_AUTH'],
    [403, { error: 'access_denied', error_description: 'Account disabled.' }, 'LIVE_ACCESS_DENIED'],
    [503, { error: 'backend_error', error_description: 'Try again.' }, 'LIVE_HANDSHAKE'],
  ])('a token refused with HTTP %i is %s, and says nothing of the key', async (status, body, code) => {
    google.answer = json(status, body);
    const error: unknown = await google
      .headers()()
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code });
    expect((error as Error).message).toMatch(/^No access token for Vertex AI: /);
    expect((error as Error).message).toContain(body.error_description);
    expect(Object.keys(error as object)).not.toContain('config');
    expect((error as Error).cause).toBeUndefined();
  });

  test('a token endpoint that breaks off may be tried again', async () => {
    google.answer = (response) => response.destroy();
    await expect(google.headers()()).rejects.toMatchObject({ code: 'LIVE_HANDSHAKE' });
  });

  test('a key file that is not there is our fault', async () => {
    await expect(google.headers(join(google.folder, 'missing.json'))()).rejects.toMatchObject({ code: 'LIVE_AUTH' });
  });
});
