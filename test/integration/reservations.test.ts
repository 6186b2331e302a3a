/** The reservation service of examples/reservations, as a process: what the restaurant's agent relies upon. */
import { once } from 'node:events';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { spawnChild } from '../support/children.ts';
import { type Reservations, SECRET, startReservations } from '../support/reservations.ts';

const SERVER = join(import.meta.dirname, '../../examples/reservations/server.mjs');

let service: Reservations;
beforeAll(async () => {
  service = await startReservations();
});
afterAll(() => service.stop());

const DAY = '2030-12-06';
const booking = (phone: string, time = '19:00') => ({ day: DAY, time, guests: 4, name: 'Rossi', phone });
const post = (path: string, body: object, headers: Record<string, string> = {}) =>
  service.ask(path, { method: 'POST', body: JSON.stringify(body), headers });

interface CallsModule {
  createCalls(options: { book: object; secret: string; tell: (type: string) => void }): {
    event(headers: Record<string, string>, text: string): object;
  };
}

/** As Callbridge does, with the package that its receivers use. */
function signature(id: string, body: object) {
  const text = JSON.stringify(body);
  const now = new Date();
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': `${Math.floor(now.getTime() / 1000)}`,
    'webhook-signature': new Webhook(SECRET).sign(id, now, text),
  };
  return { headers, text };
}

function signed(path: string, id: string, body: object): Promise<Response> {
  const { headers, text } = signature(id, body);
  return service.ask(path, { method: 'POST', body: text, headers });
}

test.each([
  [{}, /Set RESERVATIONS_KEY/],
  [{ RESERVATIONS_KEY: 'k', RESERVATIONS_SECRET: 'whsec_abc' }, /RESERVATIONS_SECRET must be "whsec_"/],
])('it does not start with %j, and says what to do', async (env, why) => {
  expect(await exitOf(env)).toMatch(why);
});

test('it says that its port is taken', async () => {
  const { port } = new URL(service.url);
  expect(await exitOf({ RESERVATIONS_KEY: 'k', RESERVATIONS_PORT: port })).toMatch(
    /^Port \d+ cannot be had .*RESERVATIONS_PORT/,
  );
});

/** What the service says that ends at once, as it should, with the exit code 2. */
async function exitOf(env: Record<string, string>): Promise<string> {
  const child = spawnChild(process.execPath, [SERVER], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const chunks: Buffer[] = [];
  child.stderr!.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  expect(code).toBe(2);
  const text = Buffer.concat(chunks).toString();
  expect(text).not.toContain('    at ');
  return text;
}

test('nobody is served without the key', async () => {
  const response = await service.ask(`/tables?day=${DAY}`, { headers: { authorization: 'Bearer other' } });
  expect(response.status).toBe(401);
  expect((await service.ask('/mcp', { method: 'POST', headers: { authorization: 'Bearer other' } })).status).toBe(401);
});

test('a day may be said as people say it', async () => {
  const told = async (day: string) => (await service.ask(`/tables?day=${day}`)).json() as Promise<{ day: string }>;
  expect(await told(DAY)).toMatchObject({ day: DAY, weekday: 'Friday', times: expect.arrayContaining(['19:00']) });
  const friday = await told('friday');
  expect(friday).toMatchObject({ weekday: 'Friday' });
  expect(await told(friday.day)).toEqual(friday);
  expect((await service.ask('/tables?day=2030-02-30')).status).toBe(422);
  expect((await service.ask('/tables?day=someday')).status).toBe(422);
});

test('a repeated request with the same key does nothing more, also at the same moment', async () => {
  const phone = '+15550111';
  const twice = () => post('/bookings', booking(phone), { 'idempotency-key': 'k1' });
  const answers = await Promise.all([twice(), twice()]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(await answers[0]!.json()).toEqual(await answers[1]!.json());
  expect(await service.bookingsOf(phone)).toHaveLength(1);
  expect((await post('/bookings', booking(phone, '20:00'), { 'idempotency-key': 'k1' })).status).toBe(422);
});

test('a number has one table a day, which can be changed and cancelled', async () => {
  const phone = '+15550112';
  const own = `/guests/${encodeURIComponent(phone)}/bookings/${DAY}`;
  expect((await post('/bookings', booking(phone))).status).toBe(200);
  const again = await post('/bookings', booking(phone, '20:00'));
  expect(again.status).toBe(409);
  expect(await again.json()).toEqual({ reason: expect.stringContaining('change that booking') });
  const changed = await service.ask(own, { method: 'PATCH', body: '{"time":"20:00"}' });
  expect(await changed.json()).toMatchObject({ time: '20:00', guests: 4 });
  expect((await service.ask(own, { method: 'DELETE' })).status).toBe(200);
  expect(await service.bookingsOf(phone)).toEqual([]);
  expect((await service.ask(own, { method: 'DELETE' })).status).toBe(404);
});

test('there are no more tables than there are', async () => {
  const statuses: number[] = [];
  for (let guest = 0; guest < 7; guest++) {
    statuses.push((await post('/bookings', booking(`+1555020${guest}`, '21:00'))).status);
  }
  expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 409]);
  expect(await (await service.ask(`/tables?day=${DAY}`)).json()).toMatchObject({
    times: expect.not.arrayContaining(['21:00']),
  });
});

test('what makes no sense is refused with a reason', async () => {
  const long = 'R'.repeat(101);
  for (const wrong of [
    { guests: 0 },
    { guests: 13 },
    { time: '19:10' },
    { day: 'friday' },
    { name: '' },
    { name: long },
  ]) {
    const response = await post('/bookings', { ...booking('+15550113'), ...wrong });
    expect(response.status).toBe(422);
    expect(await response.json()).toEqual({ reason: expect.any(String) });
  }
  expect((await service.ask('/bookings', { method: 'POST', body: '{' })).status).toBe(400);
  expect((await service.ask('/guests/%/bookings')).status).toBe(400);
  expect((await service.ask('/nowhere')).status).toBe(404);
});

test('it is asked about a call by whoever signs with its secret, and knows its guests', async () => {
  await post('/bookings', booking('+15550115'));
  const about = (data: object) => signed('/calls/ringing', 'call-1', { type: 'call.ringing', data });
  const regular = { variables: { guest: 'Bianchi', wishes: 'The table by the window.' } };
  expect(await (await about({ direction: 'inbound', from: '+15550114', to: '+15550188' })).json()).toEqual(regular);
  expect(await (await about({ direction: 'outbound', from: '+15550188', to: '+15550114' })).json()).toEqual(regular);
  expect(await (await about({ direction: 'inbound', from: '+15550115' })).json()).toEqual({
    variables: { guest: 'Rossi', wishes: '' },
  });
  expect(await (await about({ direction: 'inbound', from: '+15550116' })).json()).toEqual({});
  const unsigned = await service.ask('/calls/ringing', { method: 'POST', body: '{}' });
  expect([unsigned.status, await unsigned.json()]).toEqual([401, { reason: expect.stringContaining('signature') }]);
});

test('it takes an event again that it could not take', async () => {
  const { createCalls } = (await import('../../examples/reservations/calls.mjs' as string)) as CallsModule;
  const told: string[] = [];
  let fails = true;
  const calls = createCalls({
    book: {},
    secret: SECRET,
    tell: (type) => {
      if (fails) throw new Error('the disk is full');
      told.push(type);
    },
  });
  const { headers, text } = signature('call_ended_CA9', { type: 'call.ended', data: {} });
  expect(() => calls.event(headers, text)).toThrow('the disk is full');
  fails = false;
  calls.event(headers, text);
  calls.event(headers, text);
  expect(told).toEqual(['call.ended']);
});

test('it takes an event once, however often it is sent', async () => {
  const event = { type: 'call.ended', data: { callId: 'CA7', outcome: { kind: 'completed' } } };
  for (const id of ['call_ended_CA7', 'call_ended_CA7', 'call_ended_CA8']) {
    expect((await signed('/calls/events', id, event)).status).toBe(200);
  }
  await expect.poll(() => service.requests.filter((line) => line === 'POST /calls/events 200')).toHaveLength(3);
  expect(service.requests.filter((line) => line === 'call.ended CA7 completed')).toHaveLength(2);
});

test('a wish is noted of a guest whom it knows', async () => {
  const client = new Client({ name: 'test', version: '1' });
  onTestFinished(() => client.close());
  const requestInit = { headers: { authorization: service.authorization } };
  const transport = new StreamableHTTPClientTransport(new URL(`${service.url}/mcp`), { requestInit });
  await client.connect(transport as Parameters<typeof client.connect>[0]);
  const note = (phone: string, wish: string) => client.callTool({ name: 'note_wish', arguments: { phone, wish } });
  // Of what others wished for, who asks hears nothing.
  expect(await note('+15550114', 'A quiet table.')).toEqual({
    content: [],
    structuredContent: { noted: 'A quiet table.' },
  });
  expect(await note('+15550199', 'A quiet table.')).toMatchObject({ isError: true });
  expect(await note('+15550114', '')).toMatchObject({ isError: true });

  const wishesOf = async () => {
    const asked = await signed('/calls/ringing', 'call-2', { data: { direction: 'inbound', from: '+15550114' } });
    return ((await asked.json()) as { variables: { wishes: string } }).variables.wishes;
  };
  expect(await wishesOf()).toBe('The table by the window. A quiet table.');
  // All of a guest's wishes are more than an answer may hold; the name must not be lost by that.
  for (let wish = 1; wish <= 20; wish++) await note('+15550114', `${wish}${'!'.repeat(99)}`);
  expect((await wishesOf()).split(' ').map((text) => text.replace(/!+/, ''))).toEqual(['18', '19', '20']);
});

test.each(['anonymous', '+266696687', 'sip:anonymous@anonymous.invalid'])('%s is nobody', async (phone) => {
  expect((await post('/bookings', booking(phone))).status).toBe(422);
  const own = `/guests/${encodeURIComponent(phone)}/bookings`;
  expect((await service.ask(own)).status).toBe(422);
  expect((await service.ask(`${own}/${DAY}`, { method: 'DELETE' })).status).toBe(422);
});

test('a question to the kitchen is answered when somebody there does', async () => {
  const asked = post('/kitchen/questions', { question: 'Are there nuts in it?' });
  const waiting = async (): Promise<{ number: number; question: string }> => {
    const { questions } = (await (await service.ask('/kitchen/questions')).json()) as {
      questions: { number: number; question: string }[];
    };
    return questions[0] ?? waiting();
  };
  const { number, question } = await waiting();
  expect(question).toBe('Are there nuts in it?');
  expect((await post(`/kitchen/questions/${number}`, { answer: 'No.' })).status).toBe(200);
  expect(await (await asked).json()).toEqual({ answer: 'No.' });
  expect((await post(`/kitchen/questions/${number}`, { answer: 'No.' })).status).toBe(404);
});
