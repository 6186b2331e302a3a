/** Twilio's webhooks of calls that were placed from here: known by the token in their signed query. */
import { describe, expect, test } from 'vitest';
import type { Next } from '../../../src/call/index.ts';
import type { Goodbye } from '../../../src/http/index.ts';
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
const GIVEN = { variables: { name: 'Ada' }, greeting: 'Good evening.', voice: 'Puck', language: 'de-DE' };
const outbound = {
  order: async (token: string) => (token === 'token' ? { agent: 'sales', outbound: GIVEN } : undefined),
};

describe('the voice webhook', () => {
  test('announces the call for the agent that was asked for, with what was given', async () => {
    const service = await startService({ outbound });
    const twiml = await (await service.post(VOICE, FORM)).text();
    expect(service.notes).toMatchObject([
      { did: 'ring', call: { agent: 'sales', direction: 'outbound', outbound: GIVEN } },
    ]);
    expect(parametersIn(twiml)).toMatchObject({
      agent: 'sales',
      'var.name': 'Ada',
      greeting: 'Good evening.',
      voice: 'Puck',
      language: 'de-DE',
    });
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

  test.each(['AGENT_FULL', 'LIVE_FULL', 'AGENT_UNKNOWN', 'INTERNAL'] as const)(
    'that finds nobody who can speak, %s, says so to whoever has answered, and transfers them nowhere',
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

describe('after the stream', () => {
  const find = async () => ({ agent: 'sales' });

  test.each(['/twilio/stream-ended', '/twilio/put-through-ended'])(
    '%s is asked for the agent that was asked for, of a call of others for that of the number that calls',
    async (path) => {
      const placed = await startService({ outbound: { find } });
      await placed.post(path, FORM);
      expect(placed.notes).toMatchObject([{ call: { callId: CALL, agent: 'sales' } }]);
      const other = await startService();
      await other.post(path, FORM);
      expect(other.notes).toMatchObject([{ call: { callId: CALL, agent: 'front-desk' } }]);
    },
  );

  const TAPE: Goodbye = { say: 'Sales is sorry.', voicemail: { prompt: 'Speak now.', maxSeconds: 60 } };
  const SOMEBODY: Goodbye = { say: 'The desk is sorry.', transfer: { to: '+15550142', timeoutSeconds: 20 } };
  const goodbyeOf = (agent: string | undefined) => (agent === 'sales' ? TAPE : SOMEBODY);
  const words = '<Response><Say>Sales is sorry.</Say><Hangup/></Response>';

  test.each<[string, string, Next]>([
    ['was lost', words, { do: 'fallback', agent: 'sales' }],
    ['was lost with its process', words, { do: 'fallback' }],
    ['heard so already', '<Response><Hangup/></Response>', { do: 'fallback', agent: 'sales', heard: true }],
    ['nobody takes up', words, { do: 'askElsewhere' }],
  ])('who was called and %s hears the words of their agent, nobody else, and no tape', async (_, twiml, next) => {
    const calls = notingCalls({ afterStream: async () => next, ring: async () => next });
    const service = await startService({ outbound: { ...outbound, find }, goodbyeOf, calls });
    for (const path of ['/twilio/stream-ended?try=6', `${VOICE}&try=6`]) {
      expect(await (await service.post(path, FORM)).text()).toContain(twiml);
    }
  });

  test('nor when nothing is decided', async () => {
    const afterStream = () => Promise.reject(new Error('broken'));
    const service = await startService({ outbound: { find }, goodbyeOf, calls: notingCalls({ afterStream }) });
    expect(await (await service.post('/twilio/stream-ended', FORM)).text()).toContain(words);
  });
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
