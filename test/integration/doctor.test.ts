import { generateKeyPairSync } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { doctor, type Surroundings } from '../../src/cli/doctor.ts';
import type { Env } from '../../src/config/index.ts';
import { systemClock } from '../../src/lib/index.ts';
import { googleCredentials } from '../../src/live/index.ts';
import { startLoadingRedis } from '../support/loading-redis.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { findRedisServer, freePort, startJsRedis, startRedisServer } from '../support/redis.ts';
import { SHIPPED } from '../support/shipped.ts';

const ACCOUNT = `AC${'0123456789abcdef'.repeat(2)}`;

/** An HTTP server on a free port of this machine; its URL. */
async function serving(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Answers the given paths by JSON, all else by 404. */
function json(answers: Readonly<Record<string, { readonly status: number; readonly body: unknown }>>): RequestListener {
  return (request, response) => {
    const { status, body } = answers[request.url?.split('?')[0] ?? ''] ?? { status: 404, body: {} };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
}

/** The doctor's lines and verdict on a service in a data directory of its own. */
async function examine(env: Env, surroundings: Partial<Surroundings> = {}) {
  const data = mkdtempSync(join(tmpdir(), 'callbridge-doctor-'));
  onTestFinished(() => rmSync(data, { recursive: true }));
  const lines: string[] = [];
  const healthy = await doctor(
    { out: (line) => lines.push(line) },
    { env: { DATA_DIR: data, PORT: String(await freePort()), ...env }, cwd: SHIPPED },
    { clock: systemClock, nodeVersion: '24.1.0', ...surroundings },
  );
  return { lines, healthy, about: (word: string) => lines.filter((line) => line.slice(2).startsWith(word)) };
}

const offering = (...names: string[]) =>
  json({
    '/v1beta/models': {
      status: 200,
      body: {
        models: [
          { name: 'models/gemini-embedding', supportedGenerationMethods: ['embedContent'] },
          ...names.map((name) => ({ name: `models/${name}`, supportedGenerationMethods: ['bidiGenerateContent'] })),
        ],
      },
    },
  });

test('a service with everything in order is healthy', async () => {
  let keyOfRequest: unknown;
  const gemini = await serving((request, response) => {
    keyOfRequest = request.headers['x-goog-api-key'];
    expect(request.url).not.toContain('key-1');
    offering('gemini-3.8-live')(request, response);
  });
  let authorization: unknown;
  const twilio = await serving((request, response) => {
    authorization = request.headers.authorization;
    const path = `/2010-04-01/Accounts/${ACCOUNT}.json`;
    json({ [path]: { status: 200, body: { sid: ACCOUNT, status: 'active' } } })(request, response);
  });
  const ours = await serving(json({ '/voice/healthz': { status: 200, body: {} } }));
  const { lines, healthy } = await examine({
    PUBLIC_URL: `${ours}/voice`,
    TWILIO_ACCOUNT_SID: ACCOUNT,
    TWILIO_AUTH_TOKEN: 'token-1',
    GEMINI_API_KEY: 'key-1',
    GOOGLE_GEMINI_BASE_URL: gemini,
    TWILIO_API_BASE_URL: twilio,
  });
  expect(lines).toEqual([
    '✔ Node 24.1.0',
    expect.stringMatching(
      /^– config\/agents\/restaurant\.yaml:\d+ needs: set RESERVATIONS_KEY, .*: until then this agent is left out$/,
    ),
    expect.stringMatching(/^✔ configuration in .*, agents: .*reception/),
    '✔ Developer API: takes the key',
    '✔ Developer API: offers gemini-3.8-live',
    `✔ Twilio: account ${ACCOUNT} is active`,
    '– Redis: REDIS_URL is not set; the queue is a directory in DATA_DIR',
    expect.stringMatching(/^✔ DATA_DIR: .* can be written, \d+ MiB free$/),
    `✔ PUBLIC_URL: the service answers at ${ours}/voice`,
  ]);
  expect(healthy).toBe(true);
  expect(keyOfRequest).toBe('key-1');
  expect(authorization).toBe(`Basic ${Buffer.from(`${ACCOUNT}:token-1`).toString('base64')}`);
});

test('with nothing set it names all that is missing, checks the rest, and is not healthy', async () => {
  const { lines, healthy, about } = await examine({}, { nodeVersion: '20.18.3' });
  expect(healthy).toBe(false);
  expect(lines[0]).toBe('✖ Node 20.18.3: install 24 (20.19 is the least)');
  for (const name of ['PUBLIC_URL', 'TWILIO_AUTH_TOKEN', 'GEMINI_API_KEY']) {
    expect(lines).toContainEqual(expect.stringMatching(`^✖ ${name}: is missing`));
  }
  expect(about('Live')).toEqual(['– Live: not checked, because its configuration is incomplete']);
  expect(about('DATA_DIR')).toEqual([expect.stringMatching(/^✔/)]);
});

test.each([
  [
    'a refused key',
    json({ '/v1beta/models': { status: 400, body: {} } }),
    '✖ Developer API: the key is refused (HTTP 400): set GEMINI_API_KEY to a valid one',
  ],
  [
    'a service in trouble',
    json({ '/v1beta/models': { status: 503, body: {} } }),
    '✖ Developer API: HTTP 503; try again later',
  ],
  [
    'a model that is not offered',
    offering('gemini-4-live'),
    '✖ Developer API: does not offer gemini-3.8-live to this key; it offers gemini-4-live',
  ],
  ['an endpoint without a list', json({}), expect.stringMatching(/^– Developer API: .* lists no models/)],
])('%s is told', async (_, answer, expected) => {
  const GOOGLE_GEMINI_BASE_URL = await serving(answer);
  const { about } = await examine({ GEMINI_API_KEY: 'key-1', GOOGLE_GEMINI_BASE_URL });
  expect(about('Developer API').at(-1)).toEqual(expected);
});

test('every back end is checked, by its own key and for the models that may come to it', async () => {
  const gemini = await serving((request, response) => {
    const refused = request.headers['x-goog-api-key'] === 'key-2';
    (refused ? json({ '/v1beta/models': { status: 403, body: {} } }) : offering('gemini-3.8-live'))(request, response);
  });
  const dir = mkdtempSync(join(tmpdir(), 'callbridge-doctor-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  cpSync(join(SHIPPED, 'config'), dir, { recursive: true });
  const backends = ['KEY_2', 'KEY_3'].map(
    (name) => `  ${name.toLowerCase().replace('_', '-')}: { api: developer, keyEnv: ${name}, baseUrl: "${gemini}" }`,
  );
  writeFileSync(join(dir, 'backends.yaml'), ['backends:', ...backends, ''].join('\n'));
  const env = {
    CONFIG_DIR: dir,
    GEMINI_API_KEY: 'key-1',
    KEY_2: 'key-2',
    KEY_3: 'key-3',
    GOOGLE_GEMINI_BASE_URL: gemini,
  };
  const { about, healthy } = await examine(env);
  expect(about('Developer API')).toEqual([
    '✔ Developer API: takes the key',
    '✔ Developer API: offers gemini-3.8-live',
    '✖ Developer API (key-2): the key is refused (HTTP 403): set the variable of its keyEnv to a valid one',
    '✔ Developer API (key-3): takes the key',
    '✔ Developer API (key-3): offers gemini-3.8-live',
  ]);
  expect(healthy).toBe(false);
});

test('a Live service that cannot be reached is told with what to check', async () => {
  const closed = `http://127.0.0.1:${await freePort()}`;
  const refused = await examine({ GEMINI_API_KEY: 'key-1', GOOGLE_GEMINI_BASE_URL: closed });
  expect(refused.about('Live')).toEqual([
    expect.stringMatching(/^✖ Live: .*ECONNREFUSED.*: check the network, a proxy, or GOOGLE_GEMINI_BASE_URL$/),
  ]);
  const unnamed = await examine({ GEMINI_API_KEY: 'key-1', GOOGLE_GEMINI_BASE_URL: 'http://live.invalid' });
  expect(unnamed.about('Live')).toEqual([
    expect.stringMatching(/^✖ Live: .*(ENOTFOUND|EAI_AGAIN).*: check the network, a proxy, or GOOGLE_GEMINI_BASE_URL$/),
  ]);
});

test('servers of tools are told with what to do, and not tried while their secrets are missing', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'callbridge-doctor-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  cpSync(join(SHIPPED, 'config/models.yaml'), join(dir, 'models.yaml'));
  mkdirSync(join(dir, 'agents'));
  const origin = `http://127.0.0.1:${await freePort()}`;
  const agent = `default: true
instruction: Be kind.
mcpServers:
  wishes: { url: "${origin}/mcp", headers: { authorization: "Bearer {{env.WISHES_KEY}}" } }
tools: [{ kind: mcp, name: note, server: wishes }, { kind: mcp, name: find, server: wishes }]
`;
  writeFileSync(join(dir, 'agents/sales.yaml'), agent);
  const place = `✖ ${dir}/agents/sales.yaml:4 mcpServers.wishes`;
  const of = ({ lines }: { lines: string[] }) => lines.filter((line) => line.includes('wishes'));
  expect(of(await examine({ CONFIG_DIR: dir }))).toEqual([
    `${place}.headers.authorization: WISHES_KEY is not set: {{env.WISHES_KEY}} takes it from the environment`,
  ]);
  expect(of(await examine({ CONFIG_DIR: dir, WISHES_KEY: 'key' }))).toEqual([
    `${place}: ${origin} cannot be reached (ECONNREFUSED): start it first`,
  ]);
});

test('a service that never answers is given up at the deadline', async () => {
  const clock = new ManualClock();
  const requests = new EventEmitter();
  const asked = once(requests, 'asked');
  const GOOGLE_GEMINI_BASE_URL = await serving(() => requests.emit('asked'));
  const examined = examine({ GEMINI_API_KEY: 'key-1', GOOGLE_GEMINI_BASE_URL }, { clock });
  await asked;
  await clock.advance(10_000);
  const { about } = await examined;
  expect(about('Live')).toEqual(['✖ Live: no answer within 10 s']);
  await nextTurn();
  expect(clock.armed).toBe(0);
});

test('Vertex AI is asked for a token with the key of the service account', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  let status = 200;
  const google = await serving((_, response) => {
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify(status === 200 ? { access_token: 'token-1', expires_in: 3600 } : { error: 'invalid_grant' }));
  });
  const dir = mkdtempSync(join(tmpdir(), 'callbridge-doctor-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'key.json');
  writeFileSync(
    file,
    JSON.stringify({
      type: 'service_account',
      project_id: 'project-1',
      client_email: 'callbridge@project-1.example.com',
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    }),
  );
  const env = {
    GOOGLE_GENAI_USE_VERTEXAI: 'true',
    GOOGLE_CLOUD_LOCATION: 'us-central1',
    GOOGLE_APPLICATION_CREDENTIALS: file,
  };
  // google-auth-library asks at a fixed address, whatever the key file names.
  const fetchImplementation: typeof fetch = (_, request) => fetch(`${google}/token`, request);
  const given = await examine(env, {
    askGoogle: googleCredentials(file, { transporterOptions: { fetchImplementation } }),
  });
  expect(given.about('Vertex AI')).toEqual(['✔ Vertex AI: Google gave a token for project project-1 in us-central1']);
  status = 400;
  const refused = await examine(env, {
    askGoogle: googleCredentials(file, { transporterOptions: { fetchImplementation } }),
  });
  expect(refused.about('Live')).toEqual([
    expect.stringMatching(/^✖ Live: No access token for Vertex AI: .*invalid_grant/),
  ]);
  expect(refused.healthy).toBe(false);
  const closed = `http://127.0.0.1:${await freePort()}`;
  const nowhere: typeof fetch = (_, request) => fetch(closed, request);
  const unreachable = await examine(env, {
    askGoogle: googleCredentials(file, { transporterOptions: { fetchImplementation: nowhere } }),
  });
  expect(unreachable.about('Live')).toEqual([
    expect.stringMatching(
      /^✖ Live: No access token for Vertex AI: .*: check the network or a proxy, or try again later$/,
    ),
  ]);
});

test('a Twilio token that does not fit its account is told, and an account that is closed', async () => {
  let status = 401;
  const twilioUrl = await serving((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(status === 200 ? { sid: ACCOUNT, status: 'closed' } : { code: 20003, status }));
  });
  const env = { TWILIO_ACCOUNT_SID: ACCOUNT, TWILIO_AUTH_TOKEN: 'token-1', TWILIO_API_BASE_URL: twilioUrl };
  const refused = await examine(env);
  expect(refused.about('Twilio')).toEqual([expect.stringMatching(/^✖ Twilio: .* do not belong together/)]);
  status = 200;
  const closed = await examine(env);
  expect(closed.about('Twilio')).toEqual([`✖ Twilio: account ${ACCOUNT} is closed: see the Twilio console`]);
});

test('a Twilio that cannot be reached is told with what to check', async () => {
  const env = { TWILIO_ACCOUNT_SID: ACCOUNT, TWILIO_AUTH_TOKEN: 'token-1' };
  for (const TWILIO_API_BASE_URL of [`http://127.0.0.1:${await freePort()}`, 'http://twilio.invalid']) {
    const { about } = await examine({ ...env, TWILIO_API_BASE_URL });
    expect(about('Twilio')).toEqual([
      expect.stringMatching(
        /^✖ Twilio: .*(ECONNREFUSED|ENOTFOUND|EAI_AGAIN).*: check the network, a proxy, or TWILIO_API_BASE_URL$/,
      ),
    ]);
  }
});

test('Redis is pinged, and its absence is told', async () => {
  const binary = findRedisServer();
  const redis = binary === undefined ? await startJsRedis() : await startRedisServer(binary);
  try {
    const there = await examine({ REDIS_URL: redis.url });
    expect(there.about('Redis')).toEqual(['✔ Redis: answers']);
  } finally {
    await redis.stop();
  }
  const absent = await examine({ REDIS_URL: redis.url });
  expect(absent.about('Redis')).toEqual([expect.stringMatching(/^✖ Redis: connect ECONNREFUSED/)]);
});

test.each([findRedisServer() ?? []].flat())('%s that still loads its data says so', async (binary) => {
  const redis = await startLoadingRedis(binary);
  onTestFinished(() => redis.stop());
  await redis.restart();
  const { about } = await examine({ REDIS_URL: redis.url });
  expect(about('Redis')).toEqual(['✖ Redis: LOADING Redis is loading the dataset in memory: try later']);
});

test('a server that does not speak the protocol of Redis is told', async () => {
  const other = await serving(json({}));
  const { about } = await examine({ REDIS_URL: other.replace('http:', 'redis:') });
  expect(about('Redis')).toEqual([expect.stringMatching(/^✖ Redis: /)]);
});

test('a data directory that cannot be written is told', async () => {
  const { about } = await examine({ DATA_DIR: '/dev/null/data' });
  expect(about('DATA_DIR')).toEqual([expect.stringMatching(/^✖ DATA_DIR: \/dev\/null\/data cannot be written/)]);
});

test('a public URL that does not reach a running service is told, and that none runs is no fault', async () => {
  const ours = await serving(json({ '/healthz': { status: 200, body: {} } }));
  const elsewhere = await serving(json({}));
  const env = { PUBLIC_URL: elsewhere, HOST: '127.0.0.1' };
  const lost = await examine({ ...env, PORT: new URL(ours).port });
  expect(lost.about('PUBLIC_URL')).toEqual([
    `✖ PUBLIC_URL: the service answers at ${ours} but not at ${elsewhere} (HTTP 404): check proxy, tunnel and DNS`,
  ]);
  const asleep = await examine(env);
  expect(asleep.about('PUBLIC_URL')).toEqual([expect.stringMatching(/^– PUBLIC_URL: no service runs here/)]);
});
