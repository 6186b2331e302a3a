/** The media stream's door at a real server, knocked at by a real WebSocket client. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { Failure } from '../../../src/lib/index.ts';
import {
  CALL,
  type Note,
  notingCalls,
  STREAM,
  signedUpgrade,
  startMessage,
  startService,
  VOICE_FORM,
} from './service.ts';

const CONNECTED = '{"event":"connected","protocol":"Call","version":"1.0.0"}';
const OTHER_CALL = 'CAffffffffffffffffffffffffffffffff';

/** The HTTP status that a refused handshake was answered with, and its body. */
async function refusalOf(webSocket: WebSocket): Promise<{ status: number; body: string }> {
  const [, response] = await once(webSocket, 'unexpected-response');
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, body };
}

/** How the service closed the stream. */
async function closeOf(webSocket: WebSocket): Promise<[code: number, reason: string]> {
  const [code, reason] = await once(webSocket, 'close');
  return [code, String(reason)];
}

async function opened(webSocket: WebSocket): Promise<WebSocket> {
  await once(webSocket, 'open');
  return webSocket;
}

const answers = (notes: readonly Note[]) => notes.filter(({ did }) => did === 'answer');
const isEnd = (note: Note): boolean => note.did === 'heard' && note.what[0] === 'ended';

describe('a media stream', () => {
  test('is answered with the call that the webhook announced', async () => {
    const service = await startService();
    const parameters = await service.ringing({
      ...VOICE_FORM,
      From: 'sip:alice@pbx.example',
      'SipHeader_X-Customer': '42 "gold" <vip> & more',
    });
    const phone = await opened(service.dial());
    phone.send(CONNECTED);
    phone.send(startMessage(parameters));
    const answer = await service.calls.until(({ did }) => did === 'answer');
    expect(answer).toMatchObject({
      call: {
        callId: CALL,
        provider: 'twilio',
        agent: 'front-desk',
        sipHeaders: { 'X-Customer': '42 "gold" <vip> & more' },
      },
      stream: { streamId: STREAM, callId: CALL },
    });
    // What answers is what rang.
    expect(service.notes[0]).toEqual({ did: 'ring', call: answer.did === 'answer' ? answer.call : undefined });
    phone.terminate();
  });

  test('carries everything both ways until it is stopped', async () => {
    const service = await startService();
    const phone = await opened(service.dial());
    phone.send(startMessage(await service.ringing()));
    const answer = await service.calls.until(({ did }) => did === 'answer');
    const received: string[] = [];
    phone.on('message', (data) => received.push(String(data)));
    if (answer.did === 'answer') {
      answer.stream.send({ type: 'audio', payload: new Uint8Array([0xff]) });
      answer.stream.send({ type: 'mark', name: '0:1' });
      answer.stream.send({ type: 'clear' });
    }
    phone.send('{"event":"media","media":{"track":"inbound","timestamp":"20","payload":"/38="},"streamSid":"MZ"}');
    phone.send('{"event":"dtmf","dtmf":{"track":"inbound_track","digit":"1"}}');
    phone.send('{"event":"mark","mark":{"name":"0:1"}}');
    phone.send('{"event":"stop"}');
    expect(await closeOf(phone)).toEqual([1000, '']);
    expect(received).toEqual([
      `{"event":"media","streamSid":"${STREAM}","media":{"payload":"/w=="}}`,
      `{"event":"mark","streamSid":"${STREAM}","mark":{"name":"0:1"}}`,
      `{"event":"clear","streamSid":"${STREAM}"}`,
    ]);
    expect(service.notes.filter(({ did }) => did === 'heard')).toEqual([
      { did: 'heard', what: ['audio', 2, 20] },
      { did: 'heard', what: ['digit', '1'] },
      { did: 'heard', what: ['markReached', '0:1'] },
      { did: 'heard', what: ['ended', 'stopped'] },
    ]);
  });

  test.each(['/twilio/media', '/twilio/media/', '/twilio/media?x=1'])('comes in at %s', async (path) => {
    const service = await startService();
    (await opened(service.dial(path))).terminate();
  });

  test('may be signed with a slash at the end', async () => {
    const service = await startService();
    (await opened(service.dial('/twilio/media', signedUpgrade('wss://bridge.example/twilio/media/')))).terminate();
  });

  test.each([
    ['without a signature', null],
    ['with a signature for another host', signedUpgrade('wss://evil.example/twilio/media')],
    ['with the signature of a webhook', signedUpgrade('https://bridge.example/twilio/media')],
  ])('%s is refused with 403', async (_, signature) => {
    const service = await startService();
    const refusal = await refusalOf(service.dial('/twilio/media', signature));
    expect(refusal).toEqual({ status: 403, body: '{"error":"STREAM_UNSIGNED"}' });
    expect(await service.failed('STREAM_UNSIGNED')).toBe(1);
  });

  test.each(['/', '/twilio', '/twilio/voice', '/twilio/media/more', '//twilio/media'])(
    'has no door at %s',
    async (path) => {
      const service = await startService();
      expect((await refusalOf(service.dial(path))).status).toBe(404);
    },
  );
});

describe('a stream without its token', () => {
  test.each<[string, (parameters: Record<string, string>) => string]>([
    ['none', ({ token: _, ...rest }) => startMessage(rest)],
    ['one that is made up', (parameters) => startMessage({ ...parameters, token: '1767225660000.abc.def' })],
    ['one of another call', (parameters) => startMessage(parameters, OTHER_CALL)],
    ['one for another agent', (parameters) => startMessage({ ...parameters, agent: 'back-office' })],
    ['one for another caller', (parameters) => startMessage({ ...parameters, from: '+19999999999' })],
  ])('(%s) never reaches the calls', async (_, start) => {
    const service = await startService();
    const parameters = await service.ringing();
    const phone = await opened(service.dial());
    phone.send(start(parameters));
    expect(await closeOf(phone)).toEqual([1008, 'STREAM_BAD_TOKEN']);
    expect(answers(service.notes)).toEqual([]);
    expect(await service.failed('STREAM_BAD_TOKEN')).toBe(1);
    expect(service.log()).not.toContain(parameters['token']);
  });

  test('(one used before) never reaches the calls, and leaves the first stream alone', async () => {
    const service = await startService();
    const start = startMessage(await service.ringing());
    const [first, second] = [await opened(service.dial()), await opened(service.dial())];
    first.send(start);
    await service.calls.until(({ did }) => did === 'answer');
    second.send(start);
    expect(await closeOf(second)).toEqual([1008, 'STREAM_BAD_TOKEN']);
    expect(answers(service.notes)).toHaveLength(1);
    expect(service.notes.some(isEnd)).toBe(false);
    first.terminate();
  });

  test('(one that is expired) never reaches the calls', async () => {
    const service = await startService();
    const start = startMessage(await service.ringing());
    service.clock.tick(60_000);
    const phone = await opened(service.dial());
    phone.send(start);
    expect(await closeOf(phone)).toEqual([1008, 'STREAM_BAD_TOKEN']);
    expect(answers(service.notes)).toEqual([]);
  });
});

describe('a stream that misbehaves', () => {
  test('by not starting is closed after five seconds', async () => {
    const service = await startService();
    const phone = await opened(service.dial());
    service.clock.tick(5_000);
    expect(await closeOf(phone)).toEqual([1008, 'STREAM_START_TIMEOUT']);
  });

  test('by a message of more than 64 KiB is closed', async () => {
    const service = await startService();
    const phone = await opened(service.dial());
    phone.send(startMessage(await service.ringing()));
    await service.calls.until(({ did }) => did === 'answer');
    phone.send(`{"event":"media","media":{"payload":"${'A'.repeat(64 * 1024)}"}}`);
    const [code] = await closeOf(phone);
    expect(code).toBe(1009);
    await service.calls.until(isEnd);
    expect(service.notes.at(-1)).toEqual({ did: 'heard', what: ['ended', 'lost'] });
  });

  test('by a broken message is closed', async () => {
    const service = await startService();
    const phone = await opened(service.dial());
    phone.send(startMessage(await service.ringing()));
    phone.send('{"event":"media","media":7}');
    expect(await closeOf(phone)).toEqual([1007, 'PROVIDER_BAD_MESSAGE']);
    expect(service.notes.at(-1)).toEqual({ did: 'heard', what: ['ended', 'lost'] });
  });

  test('by breaking off is lost', async () => {
    const service = await startService();
    const phone = await opened(service.dial());
    phone.send(startMessage(await service.ringing()));
    await service.calls.until(({ did }) => did === 'answer');
    phone.terminate();
    expect(await service.calls.until(isEnd)).toEqual({ did: 'heard', what: ['ended', 'lost'] });
  });

  test('by speaking while a call refuses it gets the reason', async () => {
    const answer = () => {
      throw new Failure('STREAM_DUPLICATE', 'the call has a stream');
    };
    const service = await startService({ calls: notingCalls({ answer }) });
    const phone = await opened(service.dial());
    phone.send(startMessage(await service.ringing()));
    phone.send('{"event":"dtmf","dtmf":{"digit":"1"}}');
    expect(await closeOf(phone)).toEqual([1008, 'STREAM_DUPLICATE']);
  });
});

describe('what is no WebSocket', () => {
  /** Everything the server answers to these bytes, until it closes the connection. */
  async function answerTo(port: number, bytes: string): Promise<string> {
    const socket = connect(port, '127.0.0.1');
    socket.write(bytes);
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    return answer;
  }
  const signature = `x-twilio-signature: ${signedUpgrade()}`;

  test.each([
    ['a plain request', 'GET /twilio/media HTTP/1.1', ['Connection: close'], '404'],
    [
      'an upgrade to something else',
      'GET /twilio/media HTTP/1.1',
      ['Connection: Upgrade', 'Upgrade: h2c', signature],
      '400',
    ],
    [
      'a handshake without a key',
      'GET /twilio/media HTTP/1.1',
      ['Connection: Upgrade', 'Upgrade: websocket', signature],
      '400',
    ],
    [
      'a handshake by POST',
      'POST /twilio/media HTTP/1.1',
      ['Connection: Upgrade', 'Upgrade: websocket', signature],
      '405',
    ],
    [
      'an unsigned upgrade to something else',
      'GET /twilio/media HTTP/1.1',
      ['Connection: Upgrade', 'Upgrade: h2c'],
      '403',
    ],
  ])('%s is answered in HTTP', async (_, request, headers, status) => {
    const service = await startService();
    const answer = await answerTo(service.port, [request, 'Host: x', ...headers, '', ''].join('\r\n'));
    expect(answer.split('\r\n')[0]).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });
});

describe('a service that closes', () => {
  test('cuts the streams that are left, and is done', async () => {
    const service = await startService();
    const [waiting, started] = [await opened(service.dial()), await opened(service.dial())];
    started.send(startMessage(await service.ringing()));
    await service.calls.until(({ did }) => did === 'answer');
    const closes = Promise.all([closeOf(waiting), closeOf(started)]);
    await service.close();
    expect((await closes).map(([code]) => code)).toEqual([1006, 1006]);
    expect(await service.calls.until(isEnd)).toEqual({ did: 'heard', what: ['ended', 'lost'] });
    expect(service.clock.armed).toBe(0);
  });

  test('may be closed twice, and before it listens', async () => {
    const service = await startService();
    await Promise.all([service.close(), service.close()]);
    await service.close();
  });

  test('takes no more streams over the connections that it still has', async () => {
    const service = await startService();
    const phone = connect(service.port, '127.0.0.1');
    phone.write('GET /twilio/media HTTP/1.1\r\nHost: x\r\n');
    // An answered request proves that the server has read what came before it.
    await service.get('/healthz');
    const closed = service.close();
    phone.write(`Connection: Upgrade\r\nUpgrade: websocket\r\nx-twilio-signature: ${signedUpgrade()}\r\n\r\n`);
    let answer = '';
    for await (const chunk of phone) answer += chunk;
    expect(answer.split('\r\n')[0]).toBe('HTTP/1.1 503 Service Unavailable');
    await closed;
  });

  test('does not wait for a request that never comes to its end', async () => {
    const service = await startService();
    const slow = connect(service.port, '127.0.0.1');
    await once(slow, 'connect');
    slow.write('POST /twilio/voice HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n');
    // An answered request proves that the server has read what came before it.
    await service.get('/healthz');
    const closed = service.close();
    service.clock.tick(2_000);
    await closed;
    slow.destroy();
  });
});
