/** Twilio's webhooks of calls that were placed from here: known by the token in their signed query. */
import { describe, expect, test } from 'vitest';
import { Failure } from '../../../src/lib/index.ts';
import { CALL, type Form, notingCalls, parametersIn, signed, startService, VOICE_FORM } from './service.ts';

const FORM: Form = {
  ...VOICE_FORM,
  From: '+18005551212',
  To: '+15550177',
  Direction: 'outbound-api',
  CallStatus: 'in-progress',
};
const VOICE = '/twilio/voice?outbound=token';
const outbound = {
  order: async (token: string) =>
    token === 'token'
      ? { agent: 'sales', to: '+15550177', from: '+18005551212', variables: { name: 'Ada' }, greeting: 'Good evening.' }
      : undefined,
};

describe('the voice webhook', () => {
  test('announces the call for the agent that was asked for, with what was given', async () => {
    const service = await startService({ outbound });
    const twiml = await (await service.post(VOICE, FORM)).text();
    const given = { variables: { name: 'Ada' }, greeting: 'Good evening.' };
    expect(service.notes).toMatchObject([
      { did: 'ring', call: { agent: 'sales', direction: 'outbound', outbound: given } },
    ]);
    expect(parametersIn(twiml)).toMatchObject({ agent: 'sales', 'var.name': 'Ada', greeting: 'Good evening.' });
  });

  test.each(['/twilio/voice?outbound=other', '/twilio/voice?outbound=', '/twilio/voice?outbound=..%2forder'])(
    '%s of nobody’s order hangs up, and nobody is greeted',
    async (path) => {
      const service = await startService({ outbound });
      const twiml = await (await service.post(path, FORM)).text();
      expect(twiml).toContain('<Response><Hangup/></Response>');
      expect(service.notes).toMatchObject([{ did: 'callerGone', callId: CALL }]);
    },
  );

  test('with a token that its signature does not cover is refused', async () => {
    const service = await startService({ outbound });
    const response = await service.post(VOICE, FORM, signed('/twilio/voice', FORM));
    expect(response.status).toBe(403);
    expect(service.notes).toEqual([]);
  });

  test('keeps the token when another process is asked', async () => {
    const ring = async () => {
      throw new Failure('SERVICE_DRAINING', 'going');
    };
    const service = await startService({ outbound, calls: notingCalls({ ring, hasNeighbours: async () => true }) });
    expect(await (await service.post(VOICE, FORM)).text()).toContain('/twilio/voice?try=1&amp;outbound=token#');
  });

  test.each(['AGENT_FULL', 'LIVE_FULL'] as const)(
    'that finds no room, %s, says so to whoever has answered, and transfers them nowhere',
    async (code) => {
      const ring = async () => {
        throw new Failure(code, 'no room');
      };
      const goodbyeOf = () => ({ say: 'Sorry.', transfer: { to: '+15550199', timeoutSeconds: 20 } });
      const service = await startService({ outbound, goodbyeOf, calls: notingCalls({ ring }) });
      const twiml = await (await service.post(VOICE, FORM)).text();
      expect(twiml).toContain('<Say>Sorry.</Say><Hangup/>');
      expect(twiml).not.toContain('Dial');
    },
  );
});

test('after the stream, the agent is that of the number that called', async () => {
  const service = await startService();
  await service.post('/twilio/stream-ended', FORM);
  expect(service.notes).toMatchObject([{ did: 'afterStream', call: { agent: 'front-desk' } }]);
});

describe('callbacks', () => {
  test('of a placed call tell each step, of any other one only the end', async () => {
    const told: unknown[] = [];
    const service = await startService({ outbound: { told: async (...what) => void told.push(what) } });
    for (const path of ['/twilio/status?outbound=token', '/twilio/status']) {
      for (const CallStatus of ['ringing', 'completed']) {
        expect((await service.post(path, { ...FORM, CallStatus })).status).toBe(204);
      }
    }
    expect(told).toEqual([
      ['token', CALL, 'ringing'],
      ['token', CALL, 'completed'],
    ]);
    expect(service.notes).toEqual(Array(2).fill({ did: 'callerGone', callId: CALL, how: 'completed' }));
  });

  test('tell who has answered, of a placed call', async () => {
    const told: unknown[] = [];
    const service = await startService({ outbound: { answeredBy: async (...what) => void told.push(what) } });
    const form = { CallSid: CALL, AccountSid: 'AC0', AnsweredBy: 'machine_end_beep', MachineDetectionDuration: '9000' };
    expect((await service.post('/twilio/machine?outbound=token', form)).status).toBe(204);
    expect((await service.post('/twilio/machine', form)).status).toBe(204);
    expect((await service.post('/twilio/machine?outbound=token', form, 'forged')).status).toBe(403);
    expect((await service.post('/twilio/machine?outbound=token', { ...form, CallSid: 'x' })).status).toBe(400);
    expect(told).toEqual([['token', CALL, 'machine_end_beep']]);
  });
});
