/** What Twilio asks and tells after a goodbye: how a transfer went, that a message was left, that it can be fetched. */
import { describe, expect, test } from 'vitest';
import { CALL, type Form, notingCalls, signed, startService } from './service.ts';

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>';
const HANGUP = `${HEAD}<Response><Hangup/></Response>`;
const saying = (text: string): string => `${HEAD}<Response><Say>${text}</Say><Hangup/></Response>`;
const FORM: Form = {
  CallSid: CALL,
  AccountSid: 'AC0',
  From: '+14158675310',
  To: '+18005551212',
  CallStatus: 'in-progress',
};

const start = () =>
  startService({
    goodbyeOf: (agent) =>
      agent === 'sales'
        ? { say: 'Sales is away.', transfer: { to: '+15550142', timeoutSeconds: 20 } }
        : { say: 'Nobody is here.', voicemail: { prompt: 'Speak now.', maxSeconds: 60 } },
  });

describe('a transfer', () => {
  const PATH = '/twilio/transfer-ended?agent=sales';

  test.each(['completed', 'answered'])('that was %s ends the call', async (status) => {
    const service = await start();
    const response = await service.post(PATH, { ...FORM, DialCallStatus: status, DialBridged: 'true' });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/xml/);
    expect(await response.text()).toBe(HANGUP);
    expect(service.notes).toEqual([]);
  });

  test.each(['busy', 'no-answer', 'failed', 'canceled', 'something-new', ''])(
    'that came to nothing (%j) has the words said, and nobody dialled again',
    async (status) => {
      const service = await start();
      const response = await service.post(PATH, { ...FORM, DialCallStatus: status });
      expect(response.status).toBe(200);
      expect(await response.text()).toBe(saying('Sales is away.'));
    },
  );

  test('of which nothing is told has come to nothing', async () => {
    const service = await start();
    expect(await (await service.post(PATH, FORM)).text()).toBe(saying('Sales is away.'));
  });

  test.each([
    ['no agent', '/twilio/transfer-ended'],
    ['an agent that is gone', '/twilio/transfer-ended?agent=marketing'],
    ['two agents', '/twilio/transfer-ended?agent=sales&agent=desk'],
    ['something else', '/twilio/transfer-ended?agnet=sales'],
  ])('for %s has the words of the default agent', async (_, path) => {
    const service = await start();
    const response = await service.post(path, { ...FORM, DialCallStatus: 'busy' });
    expect(await response.text()).toBe(saying('Nobody is here.'));
  });

  test.each(['completed', 'canceled', 'failed', 'busy', 'no-answer'])(
    'during which the caller left (%s) ends the call, and it is told',
    async (CallStatus) => {
      const service = await start();
      const response = await service.post(PATH, { ...FORM, CallStatus, DialCallStatus: 'canceled' });
      expect(await response.text()).toBe(HANGUP);
      expect(service.notes).toEqual([{ did: 'callerGone', callId: CALL, how: CallStatus }]);
    },
  );

  test('is in the log, without numbers', async () => {
    const service = await start();
    await service.post(PATH, { ...FORM, DialCallStatus: 'no-answer' });
    const lines = logged(service.log(), 'transfer ended');
    expect(lines).toMatchObject([{ callId: CALL, status: 'no-answer' }]);
    expect(service.log()).not.toContain('+15550142');
    expect(service.log()).not.toContain(FORM['From']);
  });
});

describe('a message', () => {
  const PATH = '/twilio/voicemail-ended';
  const RECORDED = { RecordingSid: 'RE0', RecordingDuration: '12', RecordingUrl: 'https://api.twilio.com/RE0' };

  test.each(['', '#', 'hangup', '1'])('that ended by %j ends the call', async (Digits) => {
    const service = await start();
    const response = await service.post(PATH, { ...FORM, ...RECORDED, Digits });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/xml/);
    expect(await response.text()).toBe(HANGUP);
    expect(service.notes).toEqual([]);
  });

  test('that ended because the caller left is told as their leaving', async () => {
    const service = await start();
    const response = await service.post(PATH, { ...FORM, ...RECORDED, CallStatus: 'completed', Digits: 'hangup' });
    expect(await response.text()).toBe(HANGUP);
    expect(service.notes).toEqual([{ did: 'callerGone', callId: CALL, how: 'completed' }]);
  });
});

describe('a recording', () => {
  const PATH = '/twilio/recording';
  const URL = 'https://api.twilio.com/2010-04-01/Accounts/AC0/Recordings/RE0';

  test('that can be fetched is in the log, its address as personal data', async () => {
    const service = await start();
    const response = await service.post(PATH, {
      CallSid: CALL,
      AccountSid: 'AC0',
      RecordingSid: 'RE0',
      RecordingUrl: URL,
      RecordingStatus: 'completed',
      RecordingDuration: '12',
      RecordingChannels: '1',
    });
    expect(response.status).toBe(204);
    expect(await response.text()).toBe('');
    const [line] = logged(service.log(), 'voicemail recording');
    expect(line).toMatchObject({
      callId: CALL,
      recordingId: 'RE0',
      status: 'completed',
      seconds: 12,
      piiRecordingUrl: URL,
    });
    expect(service.notes).toEqual([]);
  });

  test.each([
    ['that failed', { RecordingStatus: 'failed', RecordingDuration: '-1' }, 'failed'],
    ['that heard nothing', { RecordingStatus: 'absent', RecordingDuration: '0' }, 'absent'],
    ['of no known length', { RecordingStatus: 'completed', RecordingDuration: 'long' }, 'completed'],
    ['of which nothing is told', {}, ''],
  ])('%s is answered as well, and has no length', async (_, fields, status) => {
    const service = await start();
    expect((await service.post(PATH, { CallSid: CALL, ...fields })).status).toBe(204);
    const [line] = logged(service.log(), 'voicemail recording');
    expect(line).toMatchObject({ callId: CALL, status });
    expect(line).not.toHaveProperty('seconds');
  });
});

describe('somebody to whom an agent has put its caller through', () => {
  const PATH = '/twilio/put-through-ended';
  const ANSWERED = '/twilio/put-through-answered';

  test.each(['completed', 'no-answer', 'something-new', ''])(
    'has %j: the calls say what comes next',
    async (status) => {
      const service = await start();
      const response = await service.post(PATH, { ...FORM, DialCallStatus: status });
      expect(await response.text()).toBe(HANGUP);
      expect(service.notes).toMatchObject([
        { did: 'afterTransfer', status, call: { callId: CALL, agent: 'front-desk' } },
      ]);
    },
  );

  test.each([
    [{ ReferCallStatus: 'in-progress', ReferSipResponseCode: '202', NotifySipResponseCode: '200' }, 'completed'],
    [{ ReferCallStatus: 'busy', ReferSipResponseCode: '202', NotifySipResponseCode: '486' }, 'busy'],
    [{ ReferCallStatus: 'failed', ReferSipResponseCode: '405' }, 'failed'],
    [{ ReferCallStatus: 'something-new', ReferSipResponseCode: '202' }, 'something-new'],
    // No NOTIFY came.
    [{ ReferSipResponseCode: '202' }, 'completed'],
    [{ ReferSipResponseCode: '603' }, 'failed'],
    [{ ReferSipResponseCode: 'nonsense' }, 'failed'],
  ])('by REFER has %j: it is %s', async (fields, status) => {
    const service = await start();
    await service.post(PATH, { ...FORM, To: 'sip:desk@pbx.example', ...fields });
    expect(service.notes).toMatchObject([{ did: 'afterTransfer', status }]);
  });

  test.each([
    ['', { DialCallStatus: 'completed' }, { transferStatus: 'completed' }],
    ['', { DialCallStatus: 'no-answer' }, { transferStatus: 'no-answer' }],
    ['', { ReferSipResponseCode: '202' }, { transferStatus: 'completed' }],
    ['', {}, {}],
    // Of a conference it says nothing.
    [`?call=${CALL}&at=1&warm=over`, { DialCallStatus: 'answered' }, {}],
  ])('whose caller has hung up is told so, and nothing else (%s %j)', async (query, fields, told) => {
    const service = await start();
    await service.post(PATH + query, { ...FORM, CallStatus: 'completed', ...fields });
    expect(service.notes).toEqual([{ did: 'callerGone', callId: CALL, how: 'completed', ...told }]);
  });

  test('is told to have answered, of the call that stands in the query', async () => {
    const service = await start();
    const callee = { ...FORM, CallSid: CALL.replace('0', 'f'), CallStatus: 'in-progress' };
    expect((await service.post(`${ANSWERED}?call=${CALL}`, callee)).status).toBe(204);
    expect((await service.post(ANSWERED, callee)).status).toBe(400);
    expect(service.notes).toEqual([{ did: 'putThrough', callId: CALL }]);
  });

  test('is dialled by the answer to what comes after the stream, and comes back to us', async () => {
    const transfer = { name: 'desk', to: 'sip:desk@pbx.example', timeoutSeconds: 25, callerId: '+15550188' };
    const service = await startService({
      calls: notingCalls({ afterStream: async () => ({ do: 'transfer', transfer }) }),
    });
    expect(await (await service.post('/twilio/stream-ended', FORM)).text()).toBe(
      `${HEAD}<Response><Dial action="https://bridge.example/twilio/put-through-ended#rc=3&amp;rp=ct,rt,5xx&amp;rt=5000" method="POST" timeout="25" callerId="+15550188"><Sip statusCallback="https://bridge.example/twilio/put-through-answered?call=${CALL}#rc=3&amp;rp=ct,rt,5xx&amp;rt=5000" statusCallbackMethod="POST" statusCallbackEvent="answered">sip:desk@pbx.example</Sip></Dial></Response>`,
    );
  });

  test.each([
    ['to whoever came by SIP', { To: 'sip:desk@bridge.example' }, true],
    ['to whoever has a SIP call behind a number', { SipCallId: '1@pbx.example' }, true],
    ['to nobody else', {}, false],
  ])('a REFER is for callers by SIP: %s', async (_, fields, isReferred) => {
    const transfer = { name: 'desk', to: 'sip:desk@pbx.example', timeoutSeconds: 25, refer: true };
    const service = await startService({
      calls: notingCalls({ afterStream: async () => ({ do: 'transfer', transfer }) }),
    });
    const twiml = await (await service.post('/twilio/stream-ended', { ...FORM, ...fields })).text();
    const refer = `<Refer action="https://bridge.example/twilio/put-through-ended#rc=3&amp;rp=ct,rt,5xx&amp;rt=5000" method="POST"><Sip>sip:desk@pbx.example</Sip></Refer>`;
    if (isReferred) expect(twiml).toBe(`${HEAD}<Response>${refer}</Response>`);
    else expect(twiml).toContain('<Dial ');
  });

  test('and who did not answer: the caller comes back by a stream that says so', async () => {
    const call = {
      callId: CALL,
      provider: 'twilio',
      agent: 'sales',
      from: '+1',
      to: '+2',
      direction: 'inbound' as const,
      sipHeaders: {},
      transferStatus: 'busy',
    };
    const service = await startService({
      calls: notingCalls({ afterTransfer: async () => ({ do: 'connect', call }) }),
    });
    const twiml = await (await service.post(PATH, { ...FORM, DialCallStatus: 'busy' })).text();
    expect(twiml).toContain('<Parameter name="transferStatus" value="busy"/>');
  });
});

describe.each([
  '/twilio/transfer-ended?agent=sales',
  '/twilio/put-through-ended',
  '/twilio/voicemail-ended',
  '/twilio/recording',
])('%s', (path) => {
  test('without a signature, or with one for something else, does nothing', async () => {
    const service = await start();
    const over = { ...FORM, CallStatus: 'completed' };
    const wrong = [
      '',
      signed('/twilio/status', over),
      signed(`${path.split('?')[0]}?agent=x`, over),
      signed(path, FORM),
    ];
    for (const signature of wrong) {
      const response = await service.post(path, over, signature);
      expect(response.status).toBe(403);
      expect(await response.json()).toEqual({ error: 'WEBHOOK_UNSIGNED' });
    }
    expect(service.notes).toEqual([]);
  });

  test.each<[string, Form]>([
    ['no call', { CallStatus: 'completed' }],
    ['a call that is a path', { ...FORM, CallSid: '../../etc/passwd' }],
    ['two calls', { ...FORM, CallSid: [CALL, 'CAffffffffffffffffffffffffffffffff'] }],
  ])('about %s is refused', async (_, form) => {
    const service = await start();
    const response = await service.post(path, form);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: 'WEBHOOK_BAD_REQUEST' });
    expect(service.notes).toEqual([]);
  });

  test('takes nothing but POST', async () => {
    const service = await start();
    expect((await service.get(path)).status).toBe(405);
  });

  test('keeps line breaks and quotes of a signed form within one line of the log', async () => {
    const service = await start();
    const odd = '"}\r\n{"level":"fatal"}\u001b[31m';
    await service.post(path, { ...FORM, DialCallStatus: odd, RecordingSid: odd, RecordingStatus: odd });
    const lines = service.log().trim().split('\n');
    for (const line of lines) expect(JSON.parse(line)).not.toMatchObject({ level: 'fatal' });
    expect(service.log()).not.toContain('\u001b');
  });
});

function logged(log: string, message: string): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return lines.filter(({ msg }) => msg === message);
}
