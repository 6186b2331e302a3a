/** The phone on a real network: HTTP and WebSockets against a small service that stands here, and against none at all. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import twilio from 'twilio';
import { afterEach, describe, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { tone, toneLevelDbov, writeWav } from '../../../src/audio/index.ts';
import { systemClock, systemIds } from '../../../src/lib/index.ts';
import { placeCall } from '../../../src/simulator/phone/caller.ts';
import { TwilioFault } from '../../../src/simulator/phone/fault.ts';
import { realNetwork } from '../../../src/simulator/phone/network.ts';
import { callScript } from '../../../src/simulator/phone/script.ts';
import { loud } from './given.ts';

const TOKEN = 'a test token';
const PUBLIC_ORIGIN = 'https://voice.example';
const open: Server[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
});

async function listening(server: Server): Promise<string> {
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  open.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Answers calls as a service does: refuses what is not signed, plays to the caller, closes after the first key. */
function smallService(): { server: Server; digits: string[]; statuses: string[] } {
  const digits: string[] = [];
  const statuses: string[] = [];
  const genuine = (request: IncomingMessage, scheme: string, form: Record<string, string>): boolean =>
    twilio.getExpectedTwilioSignature(TOKEN, `${scheme}://voice.example${request.url}`, form) ===
    request.headers['x-twilio-signature'];
  const server = createServer(async (request, response) => {
    const form = Object.fromEntries(new URLSearchParams(await text(request)));
    if (!genuine(request, 'https', form)) return response.writeHead(403).end();
    switch (request.url) {
      case '/twilio/voice':
        return response.end(
          '<Response><Connect action="/after"><Stream url="wss://voice.example/media"/></Connect></Response>',
        );
      case '/after':
        return response.end('<Response><Play>/goodbye.wav</Play><Hangup/></Response>');
      case '/goodbye.wav':
        return response.end(writeWav(tone({ hz: 500, lengthMs: 200, dbov: -20 }, 8000), 8000));
      default:
        statuses.push(form['CallStatus'] ?? '');
        return response.writeHead(204).end();
    }
  });
  const sockets = new WebSocketServer({ noServer: true });
  const converse = (socket: WebSocket): void => {
    socket.on('message', (data) => {
      const message = JSON.parse(data.toString());
      if (message.event === 'dtmf') {
        digits.push(message.dtmf.digit);
        socket.close(1000);
      }
      if (message.event !== 'start') return;
      const { streamSid } = message;
      const payload = Buffer.from(loud(200)).toString('base64');
      socket.send(JSON.stringify({ event: 'media', streamSid, media: { payload } }));
      socket.send(JSON.stringify({ event: 'mark', streamSid, mark: { name: 'said' } }));
    });
  };
  server.on('upgrade', (request, socket, head) => {
    if (genuine(request, 'wss', {})) sockets.handleUpgrade(request, socket, head, converse);
    else socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
  });
  return { server, digits, statuses };
}

const callOf = (origin: string, authToken: string) =>
  placeCall({
    voiceUrl: `${PUBLIC_ORIGIN}/twilio/voice`,
    statusUrl: `${PUBLIC_ORIGIN}/twilio/status`,
    authToken,
    from: '+15550100',
    to: '+15550199',
    script: callScript.parse([{ hear: 'agent' }, { press: '5' }, 'waitForHangUp']),
    clock: systemClock,
    ids: systemIds,
    network: realNetwork(systemClock, { publicOrigin: PUBLIC_ORIGIN, origin }),
  });

describe('a call to a service', () => {
  test('goes from the webhook over the stream and the action to the last status', async () => {
    const service = smallService();
    const result = await callOf(await listening(service.server), TOKEN);
    expect(result.scriptFailure).toBeUndefined();
    expect(result.end).toEqual({ how: 'serviceHungUp' });
    expect(result.warnings).toEqual([]);
    expect(service.digits).toEqual(['5']);
    expect(service.statuses).toEqual(['in-progress', 'completed']);
    expect(result.events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['streamStarted', 'agentStarted', 'pressed', 'streamEnded', 'played', 'ended']),
    );
    // Where the phone says that it is: the listener's `sounds` joins it to what was heard on the stream, if that is not long ago.
    const { atMs, lengthMs } = result.events.find((event) => event.type === 'played')!;
    const toMs = atMs + lengthMs;
    expect(toneLevelDbov(result.heard.subarray(8 * (toMs - 180), 8 * (toMs - 20)), 8000, 500)).toBeGreaterThan(-22);
  });

  test('with another token is refused at the webhook', async () => {
    const result = await callOf(await listening(smallService().server), 'another');
    expect(result.end).toMatchObject({ how: 'failed', code: 11200, why: expect.stringMatching(/answered 403/) });
  });
});

describe('what can be wrong with a connection', () => {
  const network = realNetwork(systemClock);
  const faultOf = async (work: Promise<unknown>): Promise<number> => {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof TwilioFault)) throw error;
    return error.code;
  };

  test('nobody listens: 11205 for a request, 31902 for a stream', async () => {
    const server = createServer();
    const origin = await listening(server);
    await new Promise((closed) => open.pop()?.close(closed));
    expect(await faultOf(network.request({ method: 'GET', url: origin, headers: {} }))).toBe(11205);
    expect(await faultOf(network.connect(origin.replace('http', 'ws'), {}, () => undefined))).toBe(31902);
  });

  test('an upgrade that is refused is 31920, with the status', async () => {
    const server = createServer().on('upgrade', (_request, socket) => {
      socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
    });
    const url = (await listening(server)).replace('http', 'ws');
    const dialled = network.connect(url, {}, () => undefined);
    await expect(dialled).rejects.toThrow(/answered 401/);
    expect(await faultOf(dialled)).toBe(31920);
  });

  test('an answer without end is cut off', async () => {
    const server = createServer((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more);
      more();
    });
    const url = await listening(server);
    expect(await faultOf(network.request({ method: 'GET', url, headers: {} }))).toBe(11200);
  });

  test('a service that does not answer is given up after 15 s', async () => {
    const server = createServer(() => undefined);
    const url = await listening(server);
    const pressing: (() => void)[] = [];
    // A clock whose one deadline, waited for in two halves, falls due when the test says so.
    let limitedMs = 0;
    const clock = {
      ...systemClock,
      after: (limitMs: number, run: () => void) => {
        limitedMs += limitMs;
        pressing.push(run);
        return () => undefined;
      },
    };
    const asked = faultOf(realNetwork(clock).request({ method: 'GET', url, headers: {} }));
    await new Promise((came) => server.once('request', came));
    for (let half = 0; half < 2; half++) pressing[half]?.();
    expect(await asked).toBe(11200);
    expect(limitedMs).toBe(15_000);
  });
});
