/** A stream that reached another process than prepared its call: two real servers, and a real WebSocket client. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import type { PassedUpgrade } from '../../../src/http/index.ts';
import { HTTP_LIMITS } from '../../../src/http/index.ts';
import { parametersIn, signedUpgrade, startMessage, startService, VOICE_FORM } from './service.ts';

const wss = (path: string): string => signedUpgrade(`wss://bridge.example${path}`);

/** Number 1, which gives what is not its own to number 2 as long as that one `lives`. */
async function twoServices({ lives = true, connections = HTTP_LIMITS.connections } = {}) {
  const passed: [number: number, upgrade: PassedUpgrade][] = [];
  const second = await startService({
    siblings: { number: 2, passOn: () => expect.fail('passed on again'), sum: async () => '' },
    limits: { ...HTTP_LIMITS, connections },
  });
  const passOn = (number: number, upgrade: PassedUpgrade, socket: Socket): boolean => {
    if (!lives) return false;
    passed.push([number, upgrade]);
    second.take(JSON.parse(JSON.stringify(upgrade)), socket);
    return true;
  };
  const first = await startService({ siblings: { number: 1, passOn, sum: async () => '' } });
  return { first, second, passed };
}

const statusOf = async (webSocket: WebSocket): Promise<number> =>
  (await once(webSocket, 'unexpected-response'))[1].statusCode;

test('the webhook names the process that answers it in the address of the stream', async () => {
  const { second } = await twoServices();
  const twiml = await (await second.post('/twilio/voice', VOICE_FORM)).text();
  expect(twiml).toContain('<Stream url="wss://bridge.example/twilio/media/2">');
});

test('a stream of another process is passed on, and is its stream from then on', async () => {
  const { first, second, passed } = await twoServices();
  const parameters = parametersIn(await (await second.post('/twilio/voice', VOICE_FORM)).text());
  const phone = first.dial('/twilio/media/2', wss('/twilio/media/2'));
  await once(phone, 'open');
  expect(passed).toMatchObject([[2, { method: 'GET', url: '/twilio/media/2', headers: { upgrade: 'websocket' } }]]);
  phone.send(startMessage(parameters));
  await second.calls.until(({ did }) => did === 'answer');
  expect(await first.metrics.text()).toContain('callbridge_streams_passed_on_total 1');
  phone.terminate();
});

test.each(['/twilio/media', '/twilio/media/', '/twilio/media/1', '/twilio/media/1/'])(
  'a stream at %s is its own',
  async (path) => {
    const { first, passed } = await twoServices();
    const phone = first.dial(path, wss(path));
    await once(phone, 'open');
    expect(passed).toEqual([]);
    phone.terminate();
  },
);

test('a stream whose process cannot be reached is its own', async () => {
  const { first } = await twoServices({ lives: false });
  const phone = first.dial('/twilio/media/2', wss('/twilio/media/2'));
  await once(phone, 'open');
  phone.terminate();
});

test('nothing is passed on that is not signed, for that very path', async () => {
  const { first, passed } = await twoServices();
  for (const signature of [null, wss('/twilio/media'), wss('/twilio/media/1')]) {
    expect(await statusOf(first.dial('/twilio/media/2', signature))).toBe(403);
  }
  for (const path of ['/twilio/media/02', '/twilio/media/100', '/twilio/media/2/2', '/twilio/media/-1', '/2']) {
    expect(await statusOf(first.dial(path, wss(path)))).toBe(404);
  }
  expect(passed).toEqual([]);
});

test('one process alone takes a stream that names another', async () => {
  const service = await startService();
  const phone = service.dial('/twilio/media/2', wss('/twilio/media/2'));
  await once(phone, 'open');
  phone.terminate();
});

test('a process that is full, or stops, takes no stream from another', async () => {
  const full = await twoServices({ connections: 0 });
  const cut = full.first.dial('/twilio/media/2', wss('/twilio/media/2'));
  expect(String((await once(cut, 'error'))[0])).toContain('socket hang up');
  expect(await full.second.metrics.text()).toContain('callbridge_connections_refused_total 1');
  const stopped = await twoServices();
  await stopped.second.close();
  expect(await statusOf(stopped.first.dial('/twilio/media/2', wss('/twilio/media/2')))).toBe(503);
});
