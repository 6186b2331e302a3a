/** Against a real HTTP server, judged by the package that receivers use. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../src/lib/index.ts';
import {
  AT_FIRST,
  deliverWebhook,
  EVENT_TYPES,
  type EventType,
  REDACTABLE,
  type Redaction,
} from '../../../src/postprocess/index.ts';
import { createLogger } from '../../../src/telemetry/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { record } from '../transcript/given.ts';

const SECRET = `whsec_${Buffer.from('a secret of 24 bytes ...').toString('base64')}`;
const logger = createLogger({ level: 'silent' });

let server: Server;
let url: string;
let requests: { headers: IncomingHttpHeaders; body: string; path: string }[];
let answer: (response: ServerResponse) => void;

beforeEach(async () => {
  requests = [];
  answer = (response) => response.writeHead(204).end();
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    requests.push({ headers: request.headers, body, path: request.url ?? '' });
    answer(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const deliver = (
  options: { clock?: ManualClock; secret?: string; url?: string; redact?: Redaction; events?: EventType[] } = {},
) =>
  deliverWebhook({
    afterwardsFor: () => ({
      formats: [],
      redact: options.redact,
      webhook: { url: options.url ?? url, secret: options.secret ?? SECRET, events: options.events ?? EVENT_TYPES },
    }),
    clock: options.clock ?? systemClock,
    logger,
  }).run(record('CA.1'), AT_FIRST);

test('posts the record, so that the Standard Webhooks package accepts it', async () => {
  await deliver();
  const { headers, body } = requests[0]!;
  expect(headers['content-type']).toBe('application/json');
  expect(new Webhook(SECRET).verify(body, headers as Record<string, string>)).toEqual({
    type: 'call.ended',
    timestamp: record().endedAt,
    data: record('CA.1'),
  });
  expect(() => new Webhook(SECRET).verify(`${body} `, headers as Record<string, string>)).toThrow();
});

test('sends nothing of what the agent has blacked out', async () => {
  await deliver({ redact: { what: [...REDACTABLE], names: [], files: false } });
  const { body } = requests[0]!;
  expect(body).not.toContain(record().from);
  expect(JSON.parse(body).data).toMatchObject({ from: '[caller]', redacted: [...REDACTABLE] });
});

test('sends the same id and body each time, so that a repetition can be told', async () => {
  await deliver();
  await deliver();
  const [first, second] = requests;
  expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id']);
  expect(second!.body).toBe(first!.body);
  // A full stop would make the signed content ambiguous.
  expect(first!.headers['webhook-id']).toBe('call_ended_CA~1');
});

test.for([400, 404, 408, 425, 429, 500, 503, 301, 304])('takes %i for a bad day', async (status) => {
  answer = (response) => response.writeHead(status, { location: `${url}/elsewhere` }).end();
  await expect(deliver()).rejects.toMatchObject({ code: 'WEBHOOK_DELIVERY', retryable: true });
  expect(requests.map(({ path }) => path)).toEqual(['/hook']);
});

test('takes 410 for the last word', async () => {
  answer = (response) => response.writeHead(410).end();
  await expect(deliver()).rejects.toMatchObject({ code: 'WEBHOOK_REFUSED', retryable: false });
});

test('does not read what the receiver has to say, however much it is', async () => {
  let closed = (): void => undefined;
  const hungUp = new Promise<void>((resolve) => {
    closed = resolve;
  });
  answer = (response) => {
    response.writeHead(200);
    const more = (): void => {
      while (response.write('x'.repeat(65_536)));
    };
    response.on('drain', more).on('close', closed);
    more();
  };
  await deliver();
  await hungUp;
});

test('gives a silent receiver ten seconds', async () => {
  const clock = new ManualClock();
  answer = () => undefined;
  const delivery = deliver({ clock });
  await expect.poll(() => requests.length, { interval: 5, timeout: 10_000 }).toBe(1);
  clock.tick(9_999);
  expect(clock.armed).toBe(1);
  clock.tick(1);
  await expect(delivery).rejects.toMatchObject({ code: 'WEBHOOK_DELIVERY' });
  expect(clock.armed).toBe(0);
});

test('takes a receiver that is not there for one that may come back', async () => {
  const nowhere = new URL(url);
  nowhere.port = '1';
  await expect(deliver({ url: nowhere.href })).rejects.toMatchObject({ code: 'WEBHOOK_DELIVERY' });
});

test('tells why a receiver could not be reached without repeating its URL', async () => {
  const withSecret = new URL(url);
  withSecret.username = 'user';
  withSecret.password = 'opensesame';
  const nowhere = new URL(`${url}?token=opensesame`);
  nowhere.port = '1';
  for (const to of [withSecret.href, nowhere.href]) {
    const failure = await deliver({ url: to }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'WEBHOOK_DELIVERY', message: expect.stringMatching(/reached: \w+/) });
    expect(inspect(failure, { depth: 9 })).not.toContain('opensesame');
  }
});

test('is stamped with the wall time, which receivers compare with theirs', async () => {
  const clock = new ManualClock();
  const wallMs = clock.nowMs() + 7_200_000;
  await deliver({ clock: Object.assign(clock, { wallMs: () => wallMs }) });
  expect(requests[0]!.headers['webhook-timestamp']).toBe(String(wallMs / 1_000));
});

test('never shows the secret when it cannot be used', async () => {
  const failure = await deliver({ secret: 'not base64 !!!' }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'CONFIG_INVALID', retryable: false });
  expect(`${(failure as Error).stack}${String((failure as Error).cause)}`).not.toContain('not base64 !!!');
  expect(requests).toEqual([]);
});

test('sends nothing that the agent does not choose', async () => {
  await deliver({ events: ['call.started', 'call.analyzed'] });
  expect(requests).toEqual([]);
  await deliver({ events: ['call.ended'] });
  expect(requests).toHaveLength(1);
});

test('sends nothing for an agent without a receiver, or one that is gone', async () => {
  for (const afterwards of [undefined, { formats: [] }]) {
    await deliverWebhook({ afterwardsFor: () => afterwards, clock: systemClock, logger }).run(record(), AT_FIRST);
  }
  expect(requests).toEqual([]);
});
