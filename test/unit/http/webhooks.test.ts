/** Twilio's webhooks at a real server: what is answered, what the calls are told, and what is turned away. */
import { describe, expect, test, vi } from 'vitest';
import type { Next, RingingCall } from '../../../src/call/index.ts';
import { Failure } from '../../../src/lib/index.ts';
import { AUTH_TOKEN, CALL, type Form, notingCalls, parametersIn, signed, startService, VOICE_FORM } from './service.ts';

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>';
const APOLOGY = `${HEAD}<Response><Play>https://bridge.example/sounds/apology.wav</Play><Hangup/></Response>`;
const CALL_FORM: Form = { CallSid: CALL, AccountSid: 'AC0', CallStatus: 'in-progress' };
/** Where the TwiML has Twilio ask next, after a second. */
const redirectIn = (twiml: string): string | undefined =>
  /<Pause length="1"\/><Redirect method="POST">https:\/\/bridge\.example(.*)#rc=3&amp;rp=ct,rt,5xx&amp;rt=5000<\/Redirect>/.exec(
    twiml,
  )?.[1];
const SIGNED_PATHS = ['/twilio/voice', '/twilio/stream-ended', '/twilio/status'];

describe('the voice webhook', () => {
  test('announces the call and connects it to the stream', async () => {
    const service = await startService();
    const response = await service.post('/twilio/voice', VOICE_FORM);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/xml/);
    const twiml = await response.text();
    expect(twiml).toContain(
      '<Connect action="https://bridge.example/twilio/stream-ended#rc=3&amp;rp=ct,rt,5xx&amp;rt=5000" method="POST">',
    );
    expect(twiml).toContain('<Stream url="wss://bridge.example/twilio/media">');
    expect(parametersIn(twiml)).toEqual({
      agent: 'front-desk',
      from: '+14158675310',
      to: '+18005551212',
      direction: 'inbound',
      token: expect.any(String),
    });
    expect(service.notes).toEqual([
      {
        did: 'ring',
        call: {
          callId: CALL,
          provider: 'twilio',
          agent: 'front-desk',
          from: '+14158675310',
          to: '+18005551212',
          direction: 'inbound',
          sipHeaders: {},
        },
      },
    ]);
  });

  test('has the notice of the agent heard before the first stream, and before no other', async () => {
    const recording = { name: 'front-desk.notice' };
    const calls = notingCalls({ afterStream: async (call) => ({ do: 'connect', call }) });
    const service = await startService({
      calls,
      noticeOf: (agent) => (agent === 'front-desk' ? { recording, lengthMs: 60_000 } : undefined),
    });
    const first = await (await service.post('/twilio/voice', VOICE_FORM)).text();
    expect(first).toContain('<Response><Play>https://bridge.example/sounds/front-desk.notice.wav</Play><Connect ');
    const again = await (
      await service.post('/twilio/stream-ended', { ...VOICE_FORM, CallStatus: 'in-progress' })
    ).text();
    expect(again).toContain('<Response><Connect ');
  });

  test('may come again: the call is announced again, and the new token is another', async () => {
    const service = await startService();
    const first = await service.ringing();
    const second = await service.ringing();
    expect({ ...second, token: '' }).toEqual({ ...first, token: '' });
    expect(second['token']).not.toBe(first['token']);
    expect(service.notes).toHaveLength(2);
  });

  test('passes on the headers of a SIP caller', async () => {
    const service = await startService();
    const form = {
      ...VOICE_FORM,
      From: 'sip:alice@pbx.example',
      To: 'sip:desk@bridge.sip.twilio.com',
      SipDomain: 'bridge.sip.twilio.com',
      'SipHeader_X-Customer': '42 "gold"',
      'SipHeader_User-to-User': 'abc;encoding=hex',
    };
    const sipHeaders = { 'X-Customer': '42 "gold"', 'User-to-User': 'abc;encoding=hex' };
    expect(await service.ringing(form)).toMatchObject({
      'sip.X-Customer': '42 "gold"',
      'sip.User-to-User': 'abc;encoding=hex',
    });
    expect(service.notes[0]).toMatchObject({ call: { from: 'sip:alice@pbx.example', sipHeaders } });
  });

  test('passes on no more headers than it says, none too long, and none of a strange name', async () => {
    const service = await startService();
    const many = Array.from({ length: 20 }, (_, i) => [`SipHeader_X-${i}`, '"'.repeat(300)]);
    const strange = { SipHeader_: 'a', 'SipHeader_a b': 'b', [`SipHeader_${'x'.repeat(65)}`]: 'c' };
    const response = await service.post('/twilio/voice', { ...VOICE_FORM, ...strange, ...Object.fromEntries(many) });
    const twiml = await response.text();
    const names = Object.keys(parametersIn(twiml)).filter((name) => name.startsWith('sip.'));
    expect(names).toEqual(Array.from({ length: 16 }, (_, i) => `sip.X-${i}`));
    expect(parametersIn(twiml)['sip.X-0']).toBe('"'.repeat(256));
    // Error 11750 is Twilio's answer to more.
    expect(Buffer.byteLength(twiml)).toBeLessThan(64_000);
  });

  test('takes a caller and a callee that are longer than any number or address, cut to 255 characters', async () => {
    const service = await startService();
    const from = `sip:${'a'.repeat(250)}\u{1f4de}${'b'.repeat(20_000)}@pbx.example`;
    const parameters = await service.ringing({
      ...VOICE_FORM,
      From: from,
      To: `sip:desk@bridge.sip.twilio.com;tag=${'c'.repeat(300)}`,
    });
    // The cut fell into a character of two halves.
    const cut = { from: from.slice(0, 254), to: `sip:desk@bridge.sip.twilio.com;tag=${'c'.repeat(220)}` };
    expect(service.notes).toMatchObject([{ did: 'ring', call: { agent: 'front-desk', ...cut } }]);
    expect(parameters).toMatchObject(cut);
  });

  test('takes a call that we placed as outbound', async () => {
    const service = await startService();
    await service.ringing({ ...VOICE_FORM, From: '+18005551212', To: '+14158675310', Direction: 'outbound-api' });
    expect(service.notes[0]).toMatchObject({ call: { direction: 'outbound' } });
  });

  test('takes a caller without a number, and fields that it has never heard of', async () => {
    const service = await startService();
    const { From: _, ...form } = VOICE_FORM;
    const response = await service.post('/twilio/voice', {
      ...form,
      Brandnew: 'yes',
      'Odd[name]': 'a',
      Twice: ['b', 'a'],
    });
    expect(response.status).toBe(200);
    expect(service.notes[0]).toMatchObject({ call: { from: '' } });
  });

  test('turns down a number that no agent answers, and announces nothing', async () => {
    const service = await startService();
    const response = await service.post('/twilio/voice', { ...VOICE_FORM, To: '+19990000000' });
    expect(await response.text()).toBe(`${HEAD}<Response><Reject reason="rejected"/></Response>`);
    expect(service.notes).toEqual([]);
  });

  test('says busy when no line is free', async () => {
    const ring = async () => {
      throw new Failure('SERVICE_FULL', 'all lines are taken');
    };
    const service = await startService({ calls: notingCalls({ ring }) });
    const response = await service.post('/twilio/voice', VOICE_FORM);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(`${HEAD}<Response><Reject reason="busy"/></Response>`);
    expect(await service.failed('SERVICE_FULL')).toBe(1);
  });

  test.each(['SERVICE_FULL', 'SERVICE_OVERLOADED'] as const)(
    'has Twilio ask another replica when this one has no room, %s, and says busy when none has',
    async (code) => {
      const ring = async () => {
        throw new Failure(code, 'no room');
      };
      const service = await startService({ calls: notingCalls({ ring, hasNeighbours: async () => true }) });
      const asked: string[] = [];
      for (let path: string | undefined = '/twilio/voice'; path !== undefined; ) {
        const twiml = await (await service.post(path, VOICE_FORM)).text();
        path = redirectIn(twiml);
        asked.push(path ?? twiml);
      }
      expect(asked).toEqual([
        ...[1, 2, 3].map((n) => `/twilio/voice?try=${n}`),
        `${HEAD}<Response><Reject reason="busy"/></Response>`,
      ]);
    },
  );

  test('while draining has Twilio ask again, which a load balancer sends elsewhere', async () => {
    const ring = async () => {
      throw new Failure('SERVICE_DRAINING', 'shutting down');
    };
    const service = await startService({ calls: notingCalls({ ring }) });
    const asked: (string | undefined)[] = [];
    let path: string | undefined = '/twilio/voice';
    while (path !== undefined && asked.length < 20) {
      const response = await service.post(path, VOICE_FORM);
      expect(response.status).toBe(200);
      const twiml = await response.text();
      path = redirectIn(twiml);
      asked.push(path ?? twiml);
    }
    expect(asked).toEqual([
      ...[1, 2, 3, 4, 5, 6].map((n) => `/twilio/voice?try=${n}`),
      `${HEAD}<Response><Reject reason="busy"/></Response>`,
    ]);
  });

  test.each(['?try=x', '?try=-1', '?try=99', '?try=1&try=2', '?other=1'])(
    'while draining takes %s for the first time that it is asked',
    async (query) => {
      const ring = async () => {
        throw new Failure('SERVICE_DRAINING', 'shutting down');
      };
      const service = await startService({ calls: notingCalls({ ring }) });
      const response = await service.post(`/twilio/voice${query}`, VOICE_FORM);
      expect(redirectIn(await response.text())).toBe('/twilio/voice?try=1');
    },
  );

  test('does not leave a caller waiting for a decision that does not come, and says that nobody waits for it', async () => {
    let abandoned: AbortSignal | undefined;
    const ring = (_call: RingingCall, signal: AbortSignal) => {
      abandoned = signal;
      return new Promise<Next>(() => undefined);
    };
    const service = await startService({ calls: notingCalls({ ring }) });
    const asking = service.post('/twilio/voice', VOICE_FORM);
    await vi.waitFor(() => expect(service.clock.armed).toBeGreaterThan(0), 10_000);
    service.clock.tick(4_990);
    expect(abandoned?.aborted).toBe(false);
    service.clock.tick(10);
    expect(await (await asking).text()).toContain('<Play>');
    expect(await service.failed('INTERNAL')).toBe(1);
    expect(abandoned?.aborted).toBe(true);
  });

  test.each(['completed', 'busy', 'failed', 'no-answer', 'canceled'])(
    'announces no call that is %s: the caller is gone, and the log says so',
    async (how) => {
      const service = await startService();
      const response = await service.post('/twilio/voice', { ...VOICE_FORM, CallStatus: how });
      expect(await response.text()).toBe(`${HEAD}<Response><Hangup/></Response>`);
      expect(service.notes).toEqual([{ did: 'callerGone', callId: CALL, how }]);
      const lines = service.log().trim().split('\n');
      const told = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'asked about a call that is over');
      expect(told).toMatchObject([{ callId: CALL, status: how }]);
    },
  );

  test.each<[string, Next, string]>([
    ['hangs up', { do: 'hangUp' }, `${HEAD}<Response><Hangup/></Response>`],
    ['apologises', { do: 'fallback', agent: 'front-desk' }, APOLOGY],
  ])('%s, if that is what the call got when it ended', async (_, next, twiml) => {
    const service = await startService({ calls: notingCalls({ ring: async () => next }) });
    const response = await service.post('/twilio/voice', VOICE_FORM);
    expect(await response.text()).toBe(twiml);
  });

  test('apologises for a fault of ours, and says nothing else of it', async () => {
    const ring = async () => {
      throw new TypeError('a secret detail');
    };
    const service = await startService({ calls: notingCalls({ ring }) });
    const response = await service.post('/twilio/voice', VOICE_FORM);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(APOLOGY);
    expect(await service.failed('INTERNAL')).toBe(1);
    expect(service.log()).toContain('a secret detail');
  });

  test.each([
    ['no call id', { ...VOICE_FORM, CallSid: '' }],
    ['a call id that is a path', { ...VOICE_FORM, CallSid: '../../etc/passwd' }],
    ['a call id that is too long', { ...VOICE_FORM, CallSid: `${CALL}0` }],
    ['a call id twice', { ...VOICE_FORM, CallSid: [CALL, 'CAffffffffffffffffffffffffffffffff'] }],
    ['no number called', { ...VOICE_FORM, To: '' }],
    ['nothing', {}],
  ])('refuses a signed form with %s', async (_, form) => {
    const service = await startService();
    const response = await service.post('/twilio/voice', form as Form);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: 'WEBHOOK_BAD_REQUEST' });
    expect(service.notes).toEqual([]);
  });
});

describe('the end of the stream', () => {
  const ENDED_FORM: Form = { ...VOICE_FORM, CallStatus: 'in-progress' };
  const startWith = (next: Next) => startService({ calls: notingCalls({ afterStream: async () => next }) });

  test('asks the calls, with all that a process needs that knows nothing of this one', async () => {
    const service = await startService();
    const response = await service.post('/twilio/stream-ended', { ...ENDED_FORM, 'SipHeader_X-Customer': '42' });
    expect(response.headers.get('content-type')).toMatch(/^text\/xml/);
    expect(await response.text()).toBe(`${HEAD}<Response><Hangup/></Response>`);
    const call = {
      callId: CALL,
      provider: 'twilio',
      agent: 'front-desk',
      from: '+14158675310',
      to: '+18005551212',
      direction: 'inbound',
      sipHeaders: { 'X-Customer': '42' },
    };
    expect(service.notes).toEqual([{ did: 'afterStream', call }]);
  });

  test('is asked for a call that no agent answers any more', async () => {
    const service = await startService({ calls: notingCalls({ agentFor: () => undefined }) });
    await service.post('/twilio/stream-ended', ENDED_FORM);
    expect(service.notes).toMatchObject([{ did: 'afterStream', call: { agent: '' } }]);
  });

  test('connects the call once more, with a token of its own', async () => {
    const call = { callId: CALL, provider: 'twilio', agent: 'front-desk', from: '+1', to: '+2' };
    const service = await startWith({ do: 'connect', call: { ...call, direction: 'inbound', sipHeaders: {} } });
    const [first, second] = [
      parametersIn(await (await service.post('/twilio/stream-ended', ENDED_FORM)).text()),
      parametersIn(await (await service.post('/twilio/stream-ended', ENDED_FORM)).text()),
    ];
    expect(first).toEqual({
      agent: 'front-desk',
      from: '+1',
      to: '+2',
      direction: 'inbound',
      token: expect.any(String),
    });
    expect(second['token']).not.toBe(first['token']);
  });

  test('is asked of another process when this one has let the call go, and not for ever', async () => {
    const service = await startWith({ do: 'askElsewhere' });
    const first = await service.post('/twilio/stream-ended', ENDED_FORM);
    expect(redirectIn(await first.text())).toBe('/twilio/stream-ended?try=1');
    const last = await service.post('/twilio/stream-ended?try=6', ENDED_FORM);
    expect(await last.text()).toBe(APOLOGY);
  });

  test('apologises when the call failed', async () => {
    const service = await startWith({ do: 'fallback', agent: 'front-desk' });
    const response = await service.post('/twilio/stream-ended', ENDED_FORM);
    expect(await response.text()).toBe(APOLOGY);
  });

  test.each<[string, () => Promise<Next>]>([
    ['fails', () => Promise.reject(new TypeError('a secret detail'))],
    ['does not come', () => new Promise(() => undefined)],
  ])('apologises when the decision %s', async (_, afterStream) => {
    const service = await startService({ calls: notingCalls({ afterStream }) });
    const asking = service.post('/twilio/stream-ended', ENDED_FORM);
    await vi.waitFor(async () => {
      service.clock.tick(5_000);
      expect(await service.failed('INTERNAL')).toBe(1);
    }, 10_000);
    expect(await (await asking).text()).toBe(APOLOGY);
  });

  test('tells that the caller is gone when the call is completed, and asks nothing', async () => {
    const service = await startService();
    const response = await service.post('/twilio/stream-ended', { ...ENDED_FORM, CallStatus: 'completed' });
    expect(await response.text()).toBe(`${HEAD}<Response><Hangup/></Response>`);
    expect(service.notes).toEqual([{ did: 'callerGone', callId: CALL, how: 'completed' }]);
  });
});

test.each([
  ['/twilio/status', 204],
  ['/twilio/stream-ended', 200],
  ['/twilio/put-through-ended', 200],
])('%s is answered when what ends with the caller is on disk, and not before', async (path, status) => {
  const answered: number[] = [];
  let settled = (): void => undefined;
  const callerGone = vi.fn(
    () =>
      new Promise<void>((resolve) => {
        settled = resolve;
      }),
  );
  const service = await startService({ calls: notingCalls({ callerGone }) });
  const form = { ...CALL_FORM, CallStatus: 'completed' };
  const asking = service.post(path, form).then((response) => answered.push(response.status));
  await vi.waitFor(() => expect(callerGone).toHaveBeenCalledOnce(), 10_000);
  await service.post('/twilio/status', { ...form, CallStatus: 'ringing' });
  expect(answered).toEqual([]);
  settled();
  await asking;
  expect(answered).toEqual([status]);
});

describe('a status callback', () => {
  test.each(['completed', 'busy', 'failed', 'no-answer', 'canceled'])(
    '%s means that the caller is gone',
    async (how) => {
      const service = await startService();
      const response = await service.post('/twilio/status', { ...CALL_FORM, CallStatus: how });
      expect(response.status).toBe(204);
      expect(service.notes).toEqual([{ did: 'callerGone', callId: CALL, how }]);
    },
  );

  test.each(['queued', 'initiated', 'ringing', 'in-progress', 'something-new', ''])(
    '%j means nothing',
    async (status) => {
      const service = await startService();
      const response = await service.post('/twilio/status', { ...CALL_FORM, CallStatus: status });
      expect(response.status).toBe(204);
      expect(service.notes).toEqual([]);
    },
  );
});

describe('every webhook', () => {
  test.each(SIGNED_PATHS)('%s without a signature does nothing', async (path) => {
    const service = await startService();
    const response = await service.post(path, { ...VOICE_FORM, CallStatus: 'completed' }, '');
    expect(response.status).toBe(403);
    expect(await response.json()).toEqual({ error: 'WEBHOOK_UNSIGNED' });
    expect(service.notes).toEqual([]);
    expect(await service.failed('WEBHOOK_UNSIGNED')).toBe(1);
  });

  test.each(SIGNED_PATHS)('%s signed for another path, form or query does nothing', async (path) => {
    const service = await startService();
    const form = { ...VOICE_FORM, CallStatus: 'completed' };
    const wrong = [signed('/twilio/other', form), signed(path, { ...form, To: '+1' }), signed(`${path}?a=1`, form)];
    for (const signature of wrong) expect((await service.post(path, form, signature)).status).toBe(403);
    expect(service.notes).toEqual([]);
  });

  test('is judged with its query', async () => {
    const service = await startService();
    expect((await service.post('/twilio/voice?tenant=1', VOICE_FORM)).status).toBe(200);
  });

  test('is taken unsigned only where no auth token is known', async () => {
    const service = await startService({ authToken: undefined });
    expect((await service.post('/twilio/voice', VOICE_FORM, '')).status).toBe(200);
  });

  test('too large a form is refused', async () => {
    const service = await startService();
    const response = await service.post('/twilio/voice', { ...VOICE_FORM, Padding: 'x'.repeat(40_000) });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: 'WEBHOOK_BAD_REQUEST' });
  });

  test.each([
    ['JSON', { 'content-type': 'application/json' }, '{"CallSid":"x"}', 403],
    ['no type', {}, 'CallSid=x', 403],
    [
      'gzip that is none',
      { 'content-type': 'application/x-www-form-urlencoded', 'content-encoding': 'gzip' },
      'a=b',
      400,
    ],
    [
      'an unheard-of encoding',
      { 'content-type': 'application/x-www-form-urlencoded', 'content-encoding': 'x' },
      'a=b',
      400,
    ],
  ])('a body of %s is refused', async (_, headers, body, status) => {
    const service = await startService();
    const url = `http://127.0.0.1:${service.port}/twilio/voice`;
    const response = await fetch(url, { method: 'POST', headers: headers as Record<string, string>, body });
    expect(response.status).toBe(status);
    expect(service.notes).toEqual([]);
  });

  test.each([
    ['GET', '/twilio/voice', 405],
    ['PUT', '/twilio/status', 405],
    ['POST', '/twilio/unknown', 404],
    ['GET', '/', 404],
  ])('%s %s is answered %d', async (method, path, status) => {
    const service = await startService();
    expect((await fetch(`http://127.0.0.1:${service.port}${path}`, { method })).status).toBe(status);
  });

  test('leaves one line in the log, without secrets and without the caller', async () => {
    const service = await startService();
    const { token } = await service.ringing();
    await service.post('/twilio/status?key=hidden', VOICE_FORM, 'wrong');
    const lines = service
      .log()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.filter(({ msg }) => msg === 'request answered')).toMatchObject([
      { method: 'POST', path: '/twilio/voice', status: 200 },
      { method: 'POST', path: '/twilio/status', status: 403 },
    ]);
    for (const secret of [AUTH_TOKEN, token!, 'hidden', '+14158675310']) expect(service.log()).not.toContain(secret);
  });
});
