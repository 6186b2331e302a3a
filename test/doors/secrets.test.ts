/** Whole calls in real processes, good and failing, with secrets that can be recognised: none of them comes out anywhere. */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { systemClock, systemIds } from '../../src/lib/index.ts';
import {
  type LiveSimulatorServer,
  loadFixture,
  placeCall,
  realNetwork,
  startLiveSimulator,
} from '../../src/simulator/index.ts';
import { type CommandProcess, callbridge } from '../support/processes.ts';
import { freePort } from '../support/redis.ts';
import { SHIPPED } from '../support/shipped.ts';

const ROOT = join(import.meta.dirname, '../..');
const FROM = '+15550104711';
const fixture = loadFixture(join(ROOT, 'fixtures/calls/hang-up-mid-sentence'));
/** Said by the agent; belongs into transcripts alone. */
const WORDS = 'We are open';

const pem = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey.export({ type: 'pkcs8', format: 'pem' });
const SECRETS = {
  geminiKey: 'hush+Gemini/key==4711',
  googleKey: 'hush+Google/key==4711',
  authToken: 'hushAuthToken4711+/=',
  redisPassword: 'hushRedisPassword4711',
  webhookSecret: `whsec_${Buffer.from('hush webhook signing secret 4711').toString('base64')}`,
  webhookUrl: 'hushWebhookUrl4711',
  apiKey: 'hush+api/key==of4711',
  // A line of the key's middle, by which any quotation of it would be known.
  privateKey: String(pem).split('\n')[5]!,
} as const;

/** As it is, and as it would stand in a header, a URL, or JSON in base64. */
const disguises = (secret: string): string[] => [
  secret,
  encodeURIComponent(secret),
  // Of base64 the part that does not depend on what stands around it, for each of three alignments.
  ...[0, 1, 2].map((shift) =>
    Buffer.from('x'.repeat(shift) + secret)
      .toString('base64')
      .slice(4, -4),
  ),
  Buffer.from(secret).toString('hex'),
];

let folder: string;
let model: LiveSimulatorServer;
let receiver: { url: string; close(): void };
const running: CommandProcess[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'callbridge-secrets-'));
  model = await startLiveSimulator({ clock: systemClock, scenario: fixture.model, apiKeys: [SECRETS.geminiKey] });
  const server = createServer((_request, response) => response.writeHead(500).end('no')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  receiver = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
  mkdirSync(join(folder, 'config'));
  cpSync(join(SHIPPED, 'config'), join(folder, 'config'), { recursive: true });
  const agent = readFileSync(join(folder, 'config/agents/reception.yaml'), 'utf8').replace(
    /^ {2}# webhook:.*$/m,
    `  webhook: { url: "${receiver.url}/?key=${SECRETS.webhookUrl}", secretEnv: HUSH_WEBHOOK_SECRET }`,
  );
  // It refuses what it is asked while the call rings, as it refuses the record.
  const callStart = `callStart: { url: "${receiver.url}/?key=${SECRETS.webhookUrl}", secretEnv: HUSH_WEBHOOK_SECRET }\n`;
  writeFileSync(join(folder, 'config/agents/reception.yaml'), `${agent}\n${callStart}`);
  const account = { type: 'service_account', project_id: 'project-1', client_email: 'a@example.com', private_key: pem };
  writeFileSync(join(folder, 'account.json'), JSON.stringify(account));
  const broken = { ...account, private_key: String(pem).replace(/^(.*\n){3}/, '-----BEGIN PRIVATE KEY-----\nAAAA\n') };
  writeFileSync(join(folder, 'broken-account.json'), JSON.stringify(broken));
});

afterAll(async () => {
  for (const { child, exited } of running) {
    child.kill('SIGKILL');
    await exited();
  }
  receiver.close();
  await model.close();
  rmSync(folder, { recursive: true });
});

/** Some three seconds; a busy machine starts processes slowly. */
const SLOW_MS = 60_000;

interface Seen {
  /** All that came out, by where: log, metrics, answers, files, arguments. */
  readonly places: Readonly<Record<string, string>>;
  readonly log: string;
}

/** One call to a service of its own, with these settings beside those that all have. */
async function callWith(name: string, env: Readonly<Record<string, string>>, until: RegExp): Promise<Seen> {
  const port = await freePort();
  const data = join(folder, name);
  const url = `http://localhost:${port}`;
  const settings = {
    ...{ PORT: `${port}`, HOST: '127.0.0.1', PUBLIC_URL: url, LOG_LEVEL: 'trace', DATA_DIR: data },
    ...{ CONFIG_DIR: join(folder, 'config'), TWILIO_AUTH_TOKEN: SECRETS.authToken, GOOGLE_GEMINI_BASE_URL: model.url },
    ...{ GEMINI_API_KEY: SECRETS.geminiKey, HUSH_WEBHOOK_SECRET: SECRETS.webhookSecret },
    ...{ TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`, TWILIO_API_BASE_URL: 'http://127.0.0.1:1' },
    ...{ CALLBRIDGE_API_KEY: SECRETS.apiKey, OUTBOUND_ALLOWED: '+1555', TWILIO_FROM: '+15550199' },
  };
  const service = callbridge(['serve', '--grace', '1'], { ...settings, ...env });
  running.push(service);
  await service.says(/"msg":"serving"/);
  const placed = {
    ...{ voiceUrl: `${url}/twilio/voice`, statusUrl: `${url}/twilio/status`, from: FROM, to: '+15550199' },
    script: [{ wait: 2_500 }, { hangUp: true }] as unknown as typeof fixture.phone.script,
    ...{ clock: systemClock, ids: systemIds, network: realNetwork(systemClock, { publicOrigin: url, origin: url }) },
  };
  const refused = await placeCall({ ...placed, authToken: 'another' });
  expect(refused.end).toMatchObject({ how: 'failed' });
  const overloads = (): number => service.output().split('"code":"SERVICE_OVERLOADED"').length;
  // A machine that starts several services at once may keep them from taking a call at first: then the caller calls again.
  const call = async (attempts: number): ReturnType<typeof placeCall> => {
    await vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), {
      timeout: 20_000,
      interval: 100,
    });
    const before = overloads();
    const placing = await placeCall({ ...placed, authToken: SECRETS.authToken });
    return overloads() > before && attempts > 1 ? call(attempts - 1) : placing;
  };
  const result = await call(5);
  await vi.waitFor(() => expect(service.output()).toMatch(until), { timeout: 40_000, interval: 50 });
  const answers = await Promise.all(
    ['/metrics', '/healthz', '/readyz', '/nothing', '/twilio/voice'].map(async (path) => {
      const response = await fetch(url + path);
      return `${JSON.stringify([...response.headers])}\n${await response.text()}`;
    }),
  );
  // Nobody answers for Twilio; one key is right, and one is nearly so.
  for (const key of [SECRETS.apiKey, `${SECRETS.apiKey}4`]) {
    const ordered = await fetch(`${url}/calls`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'idempotency-key': 'hush-order-4711',
      },
      body: JSON.stringify({
        agent: 'reception',
        to: FROM,
        variables: { name: 'hush-variable' },
        greeting: 'hush-greeting',
      }),
    });
    expect([401, 503]).toContain(ordered.status);
    answers.push(`${JSON.stringify([...ordered.headers])}\n${await ordered.text()}`);
  }
  const args = execFileSync('ps', ['-ww', '-o', 'args=', '-p', `${service.child.pid}`], { encoding: 'utf8' });
  service.child.kill('SIGKILL');
  await service.exited();
  // Its own parameters come back to Twilio in the TwiML; the token among them is made of a secret and is none.
  const places = {
    log: service.output(),
    answers: answers.join('\n'),
    calls: JSON.stringify(result.twiml),
    args,
    ...filesIn(data),
  };
  return { places, log: service.output() };
}

function filesIn(data: string): Record<string, string> {
  const names = readdirSync(data, { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => statSync(join(data, name)).isFile());
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(data, name), 'utf8')]));
}

function expectNoSecret(places: Readonly<Record<string, string>>): void {
  for (const [place, text] of Object.entries(places)) {
    for (const [name, secret] of Object.entries(SECRETS)) {
      for (const disguise of disguises(secret)) expect(text.includes(disguise), `${name} in ${place}`).toBe(false);
    }
    // Also what is only part of one.
    expect(text.match(/.{0,60}hush.{0,20}/i)?.[0], place).toBeUndefined();
  }
}

/** The caller's number stands under `pii` keys, what was said nowhere. */
function expectPrivateLog(log: string): void {
  for (const line of log.split('\n').filter((text) => text !== '')) {
    const visible = JSON.stringify(JSON.parse(line), (key, value: unknown) => (/pii/i.test(key) ? undefined : value));
    expect(visible).not.toContain(FROM.slice(1));
    expect(line).not.toContain(WORDS);
    expect(line).not.toContain(WORDS.slice(0, 6));
  }
}

describe('no secret comes out of', () => {
  test.concurrent.each<[string, Record<string, string>, RegExp]>([
    ['a call that goes well, and whose receiver fails', {}, /job failed, to be tried again/],
    [
      'a call whose key is refused, and whose Redis, with its password, is away',
      {
        GEMINI_API_KEY: SECRETS.googleKey,
        REDIS_URL: `redis://user:${SECRETS.redisPassword}@127.0.0.1:1`,
      },
      /LIVE_AUTH[\s\S]*record not published, kept on disk/,
    ],
    [
      'a call with a service account whose key is damaged',
      {
        ...{ GOOGLE_GENAI_USE_VERTEXAI: 'true', GOOGLE_CLOUD_LOCATION: 'us-central1' },
        GOOGLE_APPLICATION_CREDENTIALS: '../broken-account.json',
      },
      /LIVE_AUTH/,
    ],
    [
      'a call with a service account when Google cannot be reached',
      {
        ...{
          GOOGLE_GENAI_USE_VERTEXAI: 'true',
          GOOGLE_CLOUD_LOCATION: 'us-central1',
          HTTPS_PROXY: 'http://127.0.0.1:1',
        },
        GOOGLE_APPLICATION_CREDENTIALS: '../account.json',
      },
      /LIVE_HANDSHAKE|LIVE_CONNECT_TIMEOUT|LIVE_AUTH/,
    ],
  ])(
    '%s',
    async (name, env, until) => {
      const { GOOGLE_APPLICATION_CREDENTIALS: file, ...rest } = env;
      const credentials = file === undefined ? {} : { GOOGLE_APPLICATION_CREDENTIALS: join(folder, 'config', file) };
      const { places, log } = await callWith(name.replace(/\W+/g, '-'), { ...rest, ...credentials }, until);
      expectNoSecret(places);
      expectPrivateLog(log);
      if (env['GEMINI_API_KEY'] === undefined && file === undefined) {
        expect(Object.values(places).join()).toContain(WORDS);
      }
    },
    SLOW_MS,
  );

  test(
    'the report of a wrong configuration, and the doctor',
    async () => {
      const env = {
        ...{
          DATA_DIR: join(folder, 'doctor'),
          PORT: '0',
          PUBLIC_URL: 'http://localhost:1',
          GEMINI_API_KEY: SECRETS.googleKey,
        },
        ...{ TWILIO_AUTH_TOKEN: SECRETS.authToken, REDIS_URL: `redis://:${SECRETS.redisPassword}@127.0.0.1:1` },
        ...{
          CONFIG_DIR: join(folder, 'config'),
          GOOGLE_GEMINI_BASE_URL: model.url,
          HUSH_WEBHOOK_SECRET: SECRETS.webhookSecret,
        },
        ...{ TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`, TWILIO_API_BASE_URL: 'http://127.0.0.1:1' },
      };
      const wrong = {
        ...env,
        TWILIO_AUTH_TOKEN: `${SECRETS.authToken} `,
        REDIS_URL: SECRETS.redisPassword,
        HUSH_WEBHOOK_SECRET: 'hush',
      };
      const commands = [callbridge(['doctor'], env), callbridge(['doctor'], wrong), callbridge(['serve'], wrong)];
      for (const command of commands) {
        expect(await command.exited()).not.toBe(0);
        expectNoSecret({ output: command.output().replaceAll('HUSH_WEBHOOK_SECRET', '') });
      }
    },
    SLOW_MS,
  );
});
