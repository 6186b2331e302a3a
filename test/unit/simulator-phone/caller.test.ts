/** Whole calls by the simulated phone: webhooks signed as Twilio signs, TwiML followed, status told, one result. */
import twilio from 'twilio';
import { describe, expect, test } from 'vitest';
import { pcm, tone, toneLevelDbov, writeWav } from '../../../src/audio/index.ts';
import { TwilioFault } from '../../../src/simulator/phone/fault.ts';
import { signature } from '../../../src/simulator/phone/webhook.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { loud } from './given.ts';
import { BASE, formOf, TOKEN, whenCalling } from './given-call.ts';
import { memoryService } from './memory-service.ts';

const connectTwiml = `<Response><Connect action="/twilio/stream-ended"><Stream url="wss://voice.example/twilio/media">
  <Parameter name="token" value="t1"/></Stream></Connect><Say>never reached</Say></Response>`;

describe('requests', () => {
  test("each is signed so that the twilio package's validateRequest accepts it", async () => {
    const clock = new ManualClock();
    const service = memoryService(clock, { '/twilio/voice': connectTwiml, '/twilio/status': 204 });
    await whenCalling(clock, service, [{ wait: 100 }]);
    expect(service.requests.map(({ url }) => new URL(url).pathname)).toEqual([
      '/twilio/voice',
      '/twilio/status',
      '/twilio/status',
    ]);
    for (const { url, headers, body } of service.requests) {
      expect(twilio.validateRequest(TOKEN, headers['x-twilio-signature']!, url, formOf(body))).toBe(true);
      expect(twilio.validateRequest('another', headers['x-twilio-signature']!, url, formOf(body))).toBe(false);
      expect(headers['i-twilio-idempotency-token']).toMatch(/\S/);
    }
    expect(new Set(service.requests.map(({ headers }) => headers['i-twilio-idempotency-token'])).size).toBe(3);
  });

  test('the upgrade is signed over the wss address, without parameters', async () => {
    const clock = new ManualClock();
    const service = memoryService(clock, { '/twilio/voice': connectTwiml });
    await whenCalling(clock, service, [{ wait: 100 }]);
    expect(service.upgrades).toEqual([
      {
        url: 'wss://voice.example/twilio/media',
        headers: {
          'user-agent': 'Twilio.TmeWs/1.0',
          'x-twilio-signature': twilio.getExpectedTwilioSignature(TOKEN, 'wss://voice.example/twilio/media', {}),
        },
      },
    ]);
  });

  // The vectors of telephony reference A8; the token is that of Twilio's documents.
  test.each([
    ['wss://example.com/twilio/media', 'Ko8aymfVk0cCegaxVKH0ZCvSyf4='],
    ['wss://example.com:443/twilio/media', 'JPl6eMv6/FLIiyGOYMMOKCyoU3s='],
    ['https://example.com/twilio/media', 'NdyWwOAnZvB7daRjuJMnoAC/cO8='],
    ['https://example.com:8443/twilio/media', 'NdyWwOAnZvB7daRjuJMnoAC/cO8='],
    ['https://user:pass@example.com/twilio/media#rc=2', 'NdyWwOAnZvB7daRjuJMnoAC/cO8='],
  ])('%s is signed as Twilio signs it', (url, expected) => {
    expect(signature('12345', url, {})).toBe(expected);
  });

  test("the webhook has Twilio's parameters for a call to a number", async () => {
    const clock = new ManualClock();
    const service = memoryService(clock, { '/twilio/voice': '<Response/>' });
    const { result } = await whenCalling(clock, service, [{ wait: 100 }]);
    expect(formOf(service.requests[0]?.body)).toMatchObject({
      CallSid: result.callSid,
      CallStatus: 'ringing',
      Direction: 'inbound',
      ApiVersion: '2010-04-01',
      From: '+15550100',
      Caller: '+15550100',
      To: '+15550199',
      Called: '+15550199',
      FromCountry: 'US',
      StirVerstat: 'TN-Validation-Passed-A',
    });
    expect(result.callSid).toMatch(/^CA[0-9a-f]{32}$/);
  });

  test('the webhook of a call to a SIP address names the domain and no places', async () => {
    const clock = new ManualClock();
    const service = memoryService(clock, { '/twilio/voice': '<Response/>' });
    await whenCalling(clock, service, [{ wait: 100 }], { to: 'sip:desk@example.sip.twilio.com' });
    const form = formOf(service.requests[0]?.body);
    expect(form).toMatchObject({ SipDomain: 'example.sip.twilio.com' });
    expect(form).not.toHaveProperty('FromCity');
  });

  test('status callbacks count up, and the last has the length', async () => {
    const clock = new ManualClock();
    const service = memoryService(clock, { '/twilio/voice': connectTwiml, '/twilio/status': 204 });
    await whenCalling(clock, service, [{ wait: 2_500 }]);
    const forms = service.requestsTo('/twilio/status').map(({ body }) => formOf(body));
    expect(forms[0]).toMatchObject({ CallStatus: 'in-progress', SequenceNumber: '0' });
    expect(forms[0]).not.toHaveProperty('CallDuration');
    expect(forms[1]).toMatchObject({
      CallStatus: 'completed',
      SequenceNumber: '1',
      CallDuration: '3',
      Timestamp: 'Thu, 01 Jan 2026 00:00:02 +0000',
    });
  });

  test('a request for which no connection came about is tried once more with the same idempotency token', async () => {
    const clock = new ManualClock();
    const service = memoryService(clock, { '/twilio/voice': '<Response/>' });
    const tokens: (string | undefined)[] = [];
    const flaky = {
      ...service.network,
      request: (request: Parameters<typeof service.network.request>[0]) => {
        tokens.push(request.headers['i-twilio-idempotency-token']);
        if (tokens.length === 1) return Promise.reject(new TwilioFault(11205, 'refused'));
        return service.network.request(request);
      },
    };
    const { result } = await whenCalling(clock, service, ['waitForHangUp'], { network: flaky, statusUrl: undefined });
    expect(result.end).toEqual({ how: 'serviceHungUp' });
    expect(tokens).toHaveLength(2);
    expect(tokens[0]).toBe(tokens[1]);
  });
});

describe('TwiML', () => {
  test('when the service closes the stream, the action is asked for and its apology heard before the hang-up', async () => {
    const clock = new ManualClock();
    const apology = writeWav(tone({ hz: 1_000, lengthMs: 1_000, dbov: -20 }, 8000), 8000);
    const service = memoryService(
      clock,
      {
        '/twilio/voice': connectTwiml,
        '/twilio/stream-ended': `<Response><Play>/sounds/apology.wav</Play><Say>Goodbye.</Say><Hangup/></Response>`,
        '/sounds/apology.wav': apology,
        '/twilio/status': 204,
      },
      (socket) => clock.after(500, () => socket.close(1011, 'lost')),
    );
    const { result } = await whenCalling(clock, service, ['waitForHangUp']);
    expect(result.end).toEqual({ how: 'serviceHungUp' });
    expect(result.scriptFailure).toBeUndefined();
    expect(result.events.filter(({ type }) => type === 'streamEnded')).toEqual([
      {
        type: 'streamEnded',
        streamSid: result.streams[0]?.streamSid,
        code: 31921,
        closeCode: 1011,
        why: 'lost',
        atMs: 500,
      },
    ]);
    expect(result.streams).toMatchObject([{ startedMs: 0, endedMs: 500, code: 31921, closeCode: 1011 }]);
    expect(formOf(service.requestsTo('/twilio/stream-ended')[0]?.body)).toMatchObject({
      CallSid: result.callSid,
      CallStatus: 'in-progress',
    });
    expect(result.heard).toHaveLength(12_000 + 8 * 480);
    expect(result.sounds).toEqual([{ fromMs: 500, toMs: 1_980 }]);
    expect(toneLevelDbov(result.heard.subarray(4_200, 11_800), 8000, 1_000)).toBeCloseTo(-20, 0);
    expect(toneLevelDbov(result.heard.subarray(0, 3_800), 8000, 1_000)).toBeLessThan(-80);
    expect(result.events.find(({ type }) => type === 'spoken')).toMatchObject({ text: 'Goodbye.' });
    expect(result.twiml.map(({ url }) => url)).toEqual([`${BASE}/twilio/voice`, `${BASE}/twilio/stream-ended`]);
    expect(clock.armed).toBe(0);
  });

  test('without an action Twilio goes on with the next verb', async () => {
    const clock = new ManualClock();
    const twiml = connectTwiml.replace(' action="/twilio/stream-ended"', '');
    const service = memoryService(clock, { '/twilio/voice': twiml }, (socket) => socket.close(1000));
    const { result } = await whenCalling(clock, service, ['waitForHangUp']);
    expect(result.events.find(({ type }) => type === 'spoken')).toMatchObject({ text: 'never reached' });
    expect(result.end).toEqual({ how: 'serviceHungUp' });
  });

  test('a second stream on the same call goes on with what the caller is saying', async () => {
    const clock = new ManualClock();
    const service = memoryService(clock, { '/twilio/voice': connectTwiml, '/twilio/stream-ended': connectTwiml });
    clock.after(1_010, () => service.sockets[0]?.terminate());
    const { result } = await whenCalling(clock, service, [{ say: { toneHz: 440, lengthMs: 2_000 } }]);
    expect(service.sockets).toHaveLength(2);
    expect(result.scriptFailure).toBeUndefined();
    expect(result.events.filter(({ type }) => type === 'streamEnded')).toMatchObject([
      { code: 31903, closeCode: 1006 },
      { code: undefined },
    ]);
  });

  test('pauses and redirects are followed, and a document that redirects for ever ends the call', async () => {
    const clock = new ManualClock();
    const service = memoryService(clock, {
      '/twilio/voice': '<Response><Pause length="2"/><Redirect>/loop</Redirect></Response>',
      '/loop': '<Response><Redirect>/loop</Redirect></Response>',
    });
    const { result } = await whenCalling(clock, service, ['waitForHangUp'], { statusUrl: undefined });
    expect(result.end).toMatchObject({ how: 'failed', code: 11215 });
    expect(result.heard).toHaveLength(16_000);
  });

  test('a rejected call is never answered', async () => {
    const clock = new ManualClock();
    const service = memoryService(clock, { '/twilio/voice': '<Response><Reject reason="busy"/></Response>' });
    const { result } = await whenCalling(clock, service, [{ hear: 'agent' }]);
    expect(result.end).toEqual({ how: 'rejected', reason: 'busy' });
    expect(result.events.map(({ type }) => type)).not.toContain('answered');
    expect(service.requestsTo('/twilio/status').map(({ body }) => formOf(body)['CallStatus'])).toEqual(['busy']);
  });

  test('a call handed on is transferred', async () => {
    const clock = new ManualClock();
    const service = memoryService(clock, { '/twilio/voice': '<Response><Dial>+15550123</Dial></Response>' });
    const { result } = await whenCalling(clock, service, ['waitForHangUp']);
    expect(result.end).toEqual({ how: 'transferred', to: '+15550123' });
  });

  const withStream = (url: string): string => `<Response><Connect><Stream url="${url}"/></Connect></Response>`;
  test.each([
    ['a webhook that is refused', 11200, 403],
    ['TwiML that cannot be read', 12100, '<Response>'],
    ['a stream without TLS elsewhere than here', 31922, withStream('ws://voice.example/m')],
    ['a stream that is no WebSocket', 31922, withStream('ftp://voice.example/m')],
    ['a sound that is not there', 11200, '<Response><Play>/missing.wav</Play></Response>'],
    ['a sound that is none', 12300, '<Response><Play>/twilio/voice</Play></Response>'],
    ['an address that is none', 11100, '<Response><Redirect>http://[</Redirect></Response>'],
  ])('%s fails the call with %i', async (_what, code, answer) => {
    const clock = new ManualClock();
    const service = memoryService(clock, { '/twilio/voice': answer });
    const { result } = await whenCalling(clock, service, [{ wait: 5_000 }]);
    expect(result.end).toMatchObject({ how: 'failed', code });
    expect(clock.armed).toBe(0);
  });

  test('a stream may be without TLS on this machine, and its query is cut off', async () => {
    const clock = new ManualClock();
    const service = memoryService(clock, { '/twilio/voice': withStream('ws://127.0.0.1:8080/m?token=secret') });
    await whenCalling(clock, service, [{ wait: 100 }]);
    expect(service.upgrades.map(({ url }) => url)).toEqual(['ws://127.0.0.1:8080/m']);
  });
});

describe('the caller', () => {
  test('what is heard is whole, with silence where nothing was played', async () => {
    const clock = new ManualClock();
    const service = memoryService(clock, { '/twilio/voice': connectTwiml });
    const streamSids: string[] = [];
    const { result } = await whenCalling(clock, service, [{ hear: 'agent' }, { hearSilence: { ms: 500 } }], {
      onEvent: (event) => {
        if (event.type !== 'streamStarted') return;
        streamSids.push(event.streamSid);
        const payload = Buffer.from(loud(300)).toString('base64');
        clock.after(1_000, () =>
          service.sockets[0]?.send(JSON.stringify({ event: 'media', streamSid: event.streamSid, media: { payload } })),
        );
      },
    });
    expect(streamSids).toHaveLength(1);
    expect(result.warnings).toEqual([]);
    expect(result.heard).toHaveLength(8 * 1_800);
    const sounding = pcm(result.heard.subarray(8_000, 10_400), 8000);
    expect(sounding.every((sample) => Math.abs(sample) > 32_000)).toBe(true);
    expect(result.heard.subarray(0, 8_000).every((sample) => sample === 0)).toBe(true);
    expect(result.heard.subarray(10_400).every((sample) => sample === 0)).toBe(true);
  });

  test('a script that cannot be followed is a failure of the script, and the caller hangs up', async () => {
    const clock = new ManualClock();
    const service = memoryService(clock, { '/twilio/voice': connectTwiml, '/twilio/status': 204 });
    const { result } = await whenCalling(clock, service, [{ hear: 'agent', withinMs: 2_000 }]);
    expect(result.end).toEqual({ how: 'callerHungUp' });
    expect(result.scriptFailure).toMatch(/^step 1, /);
    expect(service.requestsTo('/twilio/status')).toHaveLength(2);
    expect(clock.armed).toBe(0);
  });

  test('a sound that cannot be read is a failure of the script', async () => {
    const clock = new ManualClock();
    const service = memoryService(clock, { '/twilio/voice': connectTwiml });
    const { result } = await whenCalling(clock, service, [{ say: '/nowhere/at-all.wav' }]);
    expect(result.scriptFailure).toMatch(/at-all\.wav/);
  });

  test('an aborted call is hung up', async () => {
    const clock = new ManualClock();
    const service = memoryService(clock, { '/twilio/voice': connectTwiml });
    const abort = new AbortController();
    clock.after(700, () => abort.abort());
    const { result } = await whenCalling(clock, service, [{ wait: 60_000 }], { signal: abort.signal });
    expect(result.end).toEqual({ how: 'callerHungUp' });
    expect(result.heard).toHaveLength(5_600);
  });
});
