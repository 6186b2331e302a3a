import { generateKeyPairSync, verify } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gaxios } from 'google-auth-library';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/lib/index.ts';
import { googleCredentials, liveHeaders } from '../../../src/live/auth.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { DEVELOPER, LiveBench, VERTEX } from './live-bench.ts';

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
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  let folder: string;
  let credentialsFile: string;
  let server: Server;
  let answer: (response: ServerResponse) => void;
  const assertions: string[] = [];

  const json = (status: number, body: object) => (response: ServerResponse) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const body = new URLSearchParams(Buffer.concat(await request.toArray()).toString());
      assertions.push(body.get('assertion') ?? '');
      answer(response);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    folder = await mkdtemp(join(tmpdir(), 'callbridge-auth-'));
    credentialsFile = join(folder, 'key.json');
    const key = {
      type: 'service_account',
      project_id: 'acme',
      private_key_id: 'k1',
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      client_email: 'bridge@acme.iam.gserviceaccount.com',
      token_uri: 'https://oauth2.googleapis.com/token',
    };
    await writeFile(credentialsFile, JSON.stringify(key));
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });
  beforeEach(() => {
    assertions.length = 0;
  });

  /** The library asks Google's own token endpoint whatever the key file says; its transport is pointed at ours. */
  function headersBy(file = credentialsFile) {
    const transporter = new gaxios.Gaxios({ retry: false });
    const { port } = server.address() as AddressInfo;
    transporter.interceptors.request.add({
      resolved: async (config) => {
        expect(config.url.href).toBe('https://oauth2.googleapis.com/token');
        return { ...config, url: new URL(`http://127.0.0.1:${port}/token`), retryConfig: { retry: 0 } };
      },
    });
    return liveHeaders(VERTEX, systemClock, googleCredentials(file, { transporter }));
  }

  test('signs with the key of the file, and keeps the token for the next socket', async () => {
    answer = json(200, { access_token: 'ya29.fresh', expires_in: 3_600, token_type: 'Bearer' });
    const headers = headersBy();
    expect(await headers()).toMatchObject({ authorization: 'Bearer ya29.fresh' });
    expect(await headers()).toMatchObject({ authorization: 'Bearer ya29.fresh' });
    expect(assertions).toHaveLength(1);
    const [head, claims, signature] = (assertions[0] ?? '').split('.');
    const signed = Buffer.from(`${head}.${claims}`);
    expect(verify('RSA-SHA256', signed, publicKey, Buffer.from(signature ?? '', 'base64url'))).toBe(true);
    expect(JSON.parse(Buffer.from(claims ?? '', 'base64url').toString())).toMatchObject({
      iss: 'bridge@acme.iam.gserviceaccount.com',
      scope: 'https://www.googleapis.com/auth/cloud-platform',
    });
  });

  test('renews a token that is about to expire', async () => {
    answer = json(200, { access_token: 'ya29.short', expires_in: 60, token_type: 'Bearer' });
    const headers = headersBy();
    await headers();
    answer = json(200, { access_token: 'ya29.next', expires_in: 3_600, token_type: 'Bearer' });
    expect(await headers()).toMatchObject({ authorization: 'Bearer ya29.next' });
  });

  test.each([
    [400, { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }, 'LIVE_AUTH'],
    [403, { error: 'access_denied', error_description: 'Account disabled.' }, 'LIVE_ACCESS_DENIED'],
    [503, { error: 'backend_error', error_description: 'Try again.' }, 'LIVE_HANDSHAKE'],
  ])('a token refused with HTTP %i is %s, and says nothing of the key', async (status, body, code) => {
    answer = json(status, body);
    const error: unknown = await headersBy()().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code });
    expect((error as Error).message).toMatch(/^No access token for Vertex AI: /);
    expect((error as Error).message).toContain(body.error_description);
    expect(Object.keys(error as object)).not.toContain('config');
    expect((error as Error).cause).toBeUndefined();
  });

  test('a token endpoint that breaks off may be tried again', async () => {
    answer = (response) => response.destroy();
    await expect(headersBy()()).rejects.toMatchObject({ code: 'LIVE_HANDSHAKE' });
  });

  test('a key file that is not there is our fault', async () => {
    await expect(headersBy(join(folder, 'missing.json'))()).rejects.toMatchObject({ code: 'LIVE_AUTH' });
  });
});
