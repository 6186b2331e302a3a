/** What Twilio asks and tells of callers who wait for somebody to take their call. */
import { describe, expect, test } from 'vitest';
import type { WarmDoor } from '../../../src/http/index.ts';
import { CALL, type Form, notingCalls, signed, startService } from './service.ts';

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>';
const HANGUP = `${HEAD}<Response><Hangup/></Response>`;
const QUERY = `?call=${CALL}&at=1767225600000`;
const TICKET = { callId: CALL, atMs: 1_767_225_600_000 };
const CALLEE = 'CAfedcba9876543210fedcba9876543210';
const FORM: Form = {
  CallSid: CALLEE,
  AccountSid: 'AC0',
  From: '+18005551212',
  To: '+15550177',
  CallStatus: 'in-progress',
};
const patience = (path: string): string =>
  `https://bridge.example${path}${QUERY.replace('&', '&amp;')}#rc=3&amp;rp=ct,rt,5xx&amp;rt=5000`;
const ROOM = `<Conference beep="false" startConferenceOnEnter="true" endConferenceOnExit="true" maxParticipants="2">${CALL}-${TICKET.atMs}</Conference>`;
const BRIEFING = { accept: 'key', summary: 'A & B <call>.', prompt: 'Press 1.' } as const;

async function start(warm: Partial<WarmDoor> = {}) {
  const told: unknown[] = [];
  const service = await startService({
    warm: {
      briefing: async () => BRIEFING,
      joined: async (ticket) => void told.push(['joined', ticket]),
      calleeGone: async (ticket, status) => void told.push(['gone', ticket, status]),
      ...warm,
    },
  });
  const post = async (path: string, form: Form = FORM) => (await service.post(path + QUERY, form)).text();
  return { service, told, post };
}

describe('whoever has answered', () => {
  test('hears of the caller, and is asked for a key', async () => {
    const { post } = await start();
    expect(await post('/twilio/warm/voice')).toBe(
      `${HEAD}<Response><Gather input="dtmf" numDigits="1" timeout="10" action="${patience('/twilio/warm/key')}" method="POST">` +
        '<Say>A &amp; B &lt;call&gt;.</Say><Say>Press 1.</Say></Gather><Hangup/></Response>',
    );
  });

  test('is joined with the caller at once where that is wanted, in the voice that is wanted', async () => {
    const briefing = { ...BRIEFING, accept: 'answer', voice: 'Polly.Vicki', language: 'de-DE' } as const;
    const { post } = await start({ briefing: async () => briefing });
    expect(await post('/twilio/warm/voice')).toBe(
      `${HEAD}<Response><Say voice="Polly.Vicki" language="de-DE">A &amp; B &lt;call&gt;.</Say><Dial>${ROOM}</Dial></Response>`,
    );
  });

  test('is joined by the key 1, and by no other', async () => {
    const { post } = await start();
    expect(await post('/twilio/warm/key', { ...FORM, Digits: '1' })).toBe(
      `${HEAD}<Response><Dial>${ROOM}</Dial></Response>`,
    );
    for (const Digits of ['2', '', '11', '#']) {
      expect(await post('/twilio/warm/key', { ...FORM, Digits })).toBe(HANGUP);
    }
  });

  test('has nothing to do with a caller who does not wait any more', async () => {
    const { post } = await start({ briefing: async () => undefined });
    expect(await post('/twilio/warm/voice')).toBe(HANGUP);
    expect(await post('/twilio/warm/key', { ...FORM, Digits: '1' })).toBe(HANGUP);
  });
});

describe('what is told', () => {
  test.each(['completed', 'busy', 'no-answer', 'failed', 'canceled'])(
    'of a call that is over (%s) counts',
    async (CallStatus) => {
      const { post, told } = await start();
      await post('/twilio/warm/status', { ...FORM, CallStatus });
      expect(told).toEqual([['gone', TICKET, CallStatus]]);
    },
  );

  test.each(['initiated', 'ringing', 'in-progress', 'something-new', ''])(
    'before (%j) does not',
    async (CallStatus) => {
      const { service, post, told } = await start();
      await post('/twilio/warm/status', { ...FORM, CallStatus });
      expect(told).toEqual([]);
      expect(service.notes).toEqual([]);
    },
  );

  test('of the conference counts when it begins', async () => {
    const { post, told } = await start();
    // A conference has an id of its own, and no call's.
    for (const StatusCallbackEvent of ['participant-join', 'conference-start', 'conference-end', '']) {
      await post('/twilio/warm/joined', { AccountSid: 'AC0', ConferenceSid: 'CF0', StatusCallbackEvent });
    }
    expect(told).toEqual([['joined', TICKET]]);
  });
});

describe('the caller', () => {
  test('waits in a conference that they do not begin, and whose beginning we are told', async () => {
    const service = await startService({
      calls: notingCalls({ afterStream: async () => ({ do: 'hold', ticket: TICKET }) }),
    });
    const over = patience('/twilio/put-through-ended').replace('#', '&amp;warm=over#');
    expect(await (await service.post('/twilio/stream-ended', { ...FORM, CallSid: CALL })).text()).toBe(
      `${HEAD}<Response><Dial action="${over}" method="POST"><Conference beep="false" startConferenceOnEnter="false" ` +
        `endConferenceOnExit="true" maxParticipants="2" waitUrl="${patience('/twilio/warm/wait')}" waitMethod="POST" ` +
        `statusCallback="${patience('/twilio/warm/joined')}" statusCallbackMethod="POST" statusCallbackEvent="start">` +
        `${CALL}-${TICKET.atMs}</Conference></Dial></Response>`,
    );
  });

  test.each([
    ['silence', {}, '<Pause length="10"/>'],
    [
      'music',
      { holdMusic: 'https://music.example/a.mp3?x=1&y=2' },
      '<Play>https://music.example/a.mp3?x=1&amp;y=2</Play>',
    ],
  ])('hears %s over and over', async (_, waiting, verb) => {
    const { post } = await start({ stillWaits: async () => waiting });
    expect(await post('/twilio/warm/wait', { ...FORM, CallSid: CALL })).toBe(
      `${HEAD}<Response>${verb}<Redirect method="POST">${patience('/twilio/warm/wait')}</Redirect></Response>`,
    );
  });

  test('is put through when the conference is over, or back when nobody came', async () => {
    for (const talked of [true, false]) {
      const { service } = await start({ leftConference: async () => talked });
      await service.post(`/twilio/put-through-ended${QUERY}&warm=over`, { ...FORM, CallSid: CALL });
      expect(service.notes).toMatchObject(talked ? [] : [{ did: 'afterTransfer', status: 'declined' }]);
    }
  });

  test('is back with the word for why', async () => {
    const { service } = await start();
    await service.post(`/twilio/put-through-ended${QUERY}&warm=no-answer`, { ...FORM, CallSid: CALL });
    expect(service.notes).toMatchObject([{ did: 'afterTransfer', status: 'no-answer', call: { callId: CALL } }]);
  });
});

describe.each(['voice', 'key', 'status', 'joined', 'wait'])('/twilio/warm/%s', (name) => {
  const path = `/twilio/warm/${name}`;
  const form: Form = { ...FORM, CallStatus: 'completed', StatusCallbackEvent: 'conference-start', Digits: '1' };

  test('without a signature, or with one for another caller, does nothing', async () => {
    const { service, told } = await start();
    for (const signature of ['', signed(`${path}?call=${CALLEE}&at=1`, form), signed(path, form)]) {
      expect((await service.post(path + QUERY, form, signature)).status).toBe(403);
    }
    expect(told).toEqual([]);
  });

  test.each(['', '?call=CA1&at=1', `?call=${CALL}`, `?call=${CALL}&at=-1`, `?call=${CALL}&call=${CALLEE}&at=1`])(
    'with the query %j is no request of ours',
    async (query) => {
      const { service, told } = await start();
      expect((await service.post(path + query, form)).status).toBe(400);
      expect(told).toEqual([]);
    },
  );
});
