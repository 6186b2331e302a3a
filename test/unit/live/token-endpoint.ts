/** Google's token endpoint on this machine, and a service account's key file for google-auth-library to sign with. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gaxios } from 'google-auth-library';
import { expect } from 'vitest';
import { systemClock } from '../../../src/lib/index.ts';
import { googleCredentials, type LiveHeaders, liveHeaders } from '../../../src/live/auth.ts';
import { VERTEX } from './live-bench.ts';

type Answer = (response: ServerResponse) => void;

export interface TokenEndpoint {
  readonly publicKey: KeyObject;
  /** Where the key file lies. */
  readonly folder: string;
  /** The JWTs that were sent in. */
  readonly assertions: string[];
  /** What it answers from now on. */
  answer: Answer;
  /** The headers for Vertex by the library itself, which asks here. */
  headers(credentialsFile?: string): LiveHeaders;
  close(): Promise<void>;
}

export const json =
  (status: number, body: object): Answer =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

export async function startTokenEndpoint(): Promise<TokenEndpoint> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const assertions: string[] = [];
  const server = createServer(async (request, response) => {
    const body = new URLSearchParams(Buffer.concat(await request.toArray()).toString());
    assertions.push(body.get('assertion') ?? '');
    endpoint.answer(response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const folder = await mkdtemp(join(tmpdir(), 'callbridge-auth-'));
  const keyFile = join(folder, 'key.json');
  const key = {
    type: 'service_account',
    project_id: 'acme',
    private_key_id: 'k1',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    client_email: 'bridge@acme.iam.gserviceaccount.com',
    token_uri: 'https://oauth2.googleapis.com/token',
  };
  await writeFile(keyFile, JSON.stringify(key));

  const endpoint: TokenEndpoint = {
    publicKey,
    folder,
    assertions,
    answer: json(503, {}),
    /** The library asks Google's own token endpoint whatever the key file says; its transport is pointed at ours. */
    headers: (credentialsFile = keyFile) => {
      const transporter = new gaxios.Gaxios({ retry: false });
      transporter.interceptors.request.add({
        resolved: async (config) => {
          expect(config.url.href).toBe('https://oauth2.googleapis.com/token');
          return { ...config, url: new URL(`http://127.0.0.1:${port}/token`), retryConfig: { retry: 0 } };
        },
      });
      return liveHeaders(VERTEX, systemClock, googleCredentials(credentialsFile, { transporter }));
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
  return endpoint;
}
