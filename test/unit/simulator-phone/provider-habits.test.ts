/** What the provider does where its documents leave it open: each switch of a simulated call. */
import { describe, expect, test } from 'vitest';
import { TwilioFault } from '../../../src/simulator/phone/fault.ts';
import type { ProviderHabitsInput } from '../../../src/simulator/phone/provider-habits.ts';
import { createSwitchboard } from '../../../src/simulator/phone/switchboard.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { loud } from './given.ts';
import { BASE, formOf, whenCalling } from './given-call.ts';
import { type MemoryService, memoryService } from './memory-service.ts';

const CONNECT = `<Response><Connect action="/after"><Stream url="wss://voice.example/media">
  <Parameter name="token" value="t1"/></Stream></Connect><Redirect>/next</Redirect></Response>`;

/** The first streams break after a second each, the others last; the caller speaks for some seconds. */
async function whenBroken(brokenStream: ProviderHabitsInput['brokenStream'], broken = 1, lengthMs = 5_000) {
  const clock = new ManualClock();
  const service = memoryService(clock, { '/twilio/voice': CONNECT, '/after': CONNECT, '/next': CONNECT }, (socket) => {
    if (service.sockets.length <= broken) clock.after(1_000, () => socket.terminate());
  });
  const script = [{ say: { toneHz: 440, lengthMs } }];
  const { result } = await whenCalling(clock, service, script, { habits: { brokenStream }, statusUrl: undefined });
  expect(clock.armed).toBe(0);
  return { clock, service, result, asked: pathsOf(service).slice(1) };
}

const pathsOf = (service: MemoryService): string[] => service.requests.map(({ url }) => new URL(url).pathname);
const startOf = (service: MemoryService, stream: number) => JSON.parse(service.received(stream)[1]!).start;

describe('a stream that breaks', () => {
  test('leads to the action of <Connect>, after the time that the provider takes', async () => {
    const { asked, result } = await whenBroken({ leadsTo: 'action', afterMs: 700 });
    expect(asked).toEqual(['/after']);
    expect(result.streams).toMatchObject([
      { startedMs: 0, endedMs: 1_000, code: 31903, closeCode: 1006 },
      { startedMs: 1_700, endedMs: 5_000, code: undefined },
    ]);
    expect(result.scriptFailure).toBeUndefined();
  });

  test('leads to the next verb', async () => {
    const { asked, result } = await whenBroken({ leadsTo: 'nextVerb' });
    expect(asked).toEqual(['/next']);
    expect(result.streams).toHaveLength(2);
  });

  test('is opened again at the same address with the same parameters, as another stream of the same call', async () => {
    const { asked, service, result } = await whenBroken({ leadsTo: 'secondStream', afterMs: 200 });
    expect(asked).toEqual([]);
    expect(service.upgrades.map(({ url }) => url)).toEqual(['wss://voice.example/media', 'wss://voice.example/media']);
    const [first, second] = [startOf(service, 0), startOf(service, 1)];
    expect(second).toEqual({ ...first, streamSid: second.streamSid });
    expect(second.streamSid).not.toBe(first.streamSid);
    expect(result.streams).toMatchObject([{ endedMs: 1_000 }, { startedMs: 1_200 }]);
  });

  test('is not opened again for ever', async () => {
    const { asked, service, result } = await whenBroken({ leadsTo: 'secondStream' }, 6, 8_000);
    expect(service.upgrades).toHaveLength(7);
    expect(asked).toEqual(['/after']);
    expect(result.streams.at(-1)).toMatchObject({ startedMs: 6_000, endedMs: 8_000 });
  });

  test('takes what the caller says meanwhile with it', async () => {
    const { service } = await whenBroken({ leadsTo: 'action', afterMs: 700 });
    const frames = [0, 1].map((stream) => service.received(stream).filter((text) => text.includes('"media"')).length);
    expect(frames).toEqual([50, 165]);
  });

  test('leaves the caller in silence until the service asks for the call by REST', async () => {
    const clock = new ManualClock();
    const switchboard = createSwitchboard();
    const service = memoryService(clock, { '/twilio/voice': CONNECT, '/resume': CONNECT }, (socket) => {
      if (service.sockets.length === 1) clock.after(1_000, () => socket.terminate());
    });
    clock.after(3_000, () => switchboard.running()[0]?.lead({ url: `${BASE}/resume` }));
    const habits = { brokenStream: { leadsTo: 'nothing' } } as const;
    const { result } = await whenCalling(clock, service, [{ wait: 5_000 }], {
      habits,
      switchboard,
      statusUrl: undefined,
    });
    expect(pathsOf(service)).toEqual(['/twilio/voice', '/resume']);
    expect(result.streams).toMatchObject([{ endedMs: 1_000 }, { startedMs: 3_000, endedMs: 5_000 }]);
    expect(result.events).toContainEqual({ type: 'ledElsewhere', to: `${BASE}/resume`, atMs: 3_000 });
    expect(clock.armed).toBe(0);
  });

  test('ends the call when nobody asks for it in time', async () => {
    const clock = new ManualClock();
    const service = memoryService(clock, { '/twilio/voice': CONNECT }, (socket) => {
      clock.after(1_000, () => socket.terminate());
    });
    const habits = { brokenStream: { leadsTo: 'nothing', silenceLimitMs: 4_000 } } as const;
    const { result } = await whenCalling(clock, service, ['waitForHangUp'], { habits });
    expect(result.end).toMatchObject({ how: 'failed', code: 31903 });
    expect(result.events.at(-2)).toMatchObject({ type: 'ended', atMs: 5_000 });
  });

  test('is not what a close by the service is: that leads to the action whatever the habits are', async () => {
    const clock = new ManualClock();
    const service = memoryService(clock, { '/twilio/voice': CONNECT, '/after': '<Response/>' }, (socket) => {
      clock.after(1_000, () => socket.close(1001, 'going away'));
    });
    const habits = { brokenStream: { leadsTo: 'nothing' } } as const;
    const { result } = await whenCalling(clock, service, ['waitForHangUp'], { habits, statusUrl: undefined });
    expect(pathsOf(service)).toEqual(['/twilio/voice', '/after']);
    expect(result.streams).toMatchObject([{ code: 31921, closeCode: 1001 }]);
  });

  test('may be one that never came about', async () => {
    const clock = new ManualClock();
    const service = memoryService(clock, { '/twilio/voice': CONNECT, '/after': '<Response/>' });
    const network = { ...service.network, connect: () => Promise.reject(new TwilioFault(31902, 'refused')) };
    const strict = await whenCalling(clock, service, ['waitForHangUp'], { network });
    expect(strict.result.end).toMatchObject({ how: 'failed', code: 31902 });
    const habits = { refusedStream: 'broken' } as const;
    const lenient = await whenCalling(clock, service, ['waitForHangUp'], { network, habits });
    expect(lenient.result.end).toEqual({ how: 'serviceHungUp' });
    expect(lenient.result.events).toContainEqual(expect.objectContaining({ type: 'streamRefused', code: 31902 }));
    expect(pathsOf(service)).toContain('/after');
  });
});

describe('a call that is led elsewhere', () => {
  const led = async (actionWhenLed: boolean) => {
    const clock = new ManualClock();
    const switchboard = createSwitchboard();
    const service = memoryService(clock, {
      '/twilio/voice': CONNECT,
      '/after': '<Response><Hangup/></Response>',
      '/resume': CONNECT,
    });
    clock.after(1_000, () => switchboard.running()[0]?.lead({ url: `${BASE}/resume` }));
    const habits = { actionWhenLed };
    const { result } = await whenCalling(clock, service, [{ wait: 3_000 }], {
      habits,
      switchboard,
      statusUrl: undefined,
    });
    return { paths: pathsOf(service), result };
  };

  test('does not ask its action', async () => {
    expect((await led(false)).paths).toEqual(['/twilio/voice', '/resume']);
  });

  test('asks its action in vain, by the habit that was measured for <Dial>', async () => {
    const { paths, result } = await led(true);
    expect(paths).toEqual(['/twilio/voice', '/after', '/resume']);
    expect(result.end).toEqual({ how: 'callerHungUp' });
    expect(result.streams).toHaveLength(2);
  });

  test('hears the rest of what was being played no more', async () => {
    const clock = new ManualClock();
    const switchboard = createSwitchboard();
    const service = memoryService(clock, {
      '/twilio/voice': '<Response><Say>A sentence of about two seconds.</Say></Response>',
      '/resume': '<Response><Pause length="3"/></Response>',
    });
    clock.after(1_000, () => switchboard.running()[0]?.lead({ url: `${BASE}/resume` }));
    const { result } = await whenCalling(clock, service, ['waitForHangUp'], { switchboard });
    expect(result.sounds).toEqual([{ fromMs: 0, toMs: 1_000 }]);
    expect(result.heard).toHaveLength(8 * 4_000);
  });
});

describe('a second stream', () => {
  test('is opened beside the first, and how the service closes it is told', async () => {
    const clock = new ManualClock();
    const service = memoryService(clock, { '/twilio/voice': CONNECT }, (socket) => {
      if (service.sockets.length === 2) clock.after(100, () => socket.close(1008, 'STREAM_DUPLICATE'));
    });
    const faults = [{ fault: 'secondStream', atMs: 1_000 }] as const;
    const { result } = await whenCalling(clock, service, [{ wait: 3_000 }], { faults });
    expect(startOf(service, 1)).toMatchObject({ callSid: result.callSid, customParameters: { token: 't1' } });
    expect(result.events).toContainEqual(
      expect.objectContaining({ type: 'doubleEnded', closeCode: 1008, why: 'STREAM_DUPLICATE', atMs: 1_100 }),
    );
    expect(result.streams).toMatchObject([{ startedMs: 0, endedMs: 3_000 }]);
    expect(clock.armed).toBe(0);
  });
});

describe('webhooks', () => {
  test('the voice webhook can come twice, as one request', async () => {
    const clock = new ManualClock();
    const service = memoryService(clock, { '/twilio/voice': CONNECT });
    const habits = { voiceTwice: true };
    const { result } = await whenCalling(clock, service, [{ wait: 500 }], { habits, statusUrl: undefined });
    expect(pathsOf(service)).toEqual(['/twilio/voice', '/twilio/voice']);
    expect(service.requests[0]).toEqual(service.requests[1]);
    expect(result.streams).toHaveLength(1);
  });

  test.each([
    ['once', ['in-progress 0', 'completed 1']],
    ['twice', ['in-progress 0', 'in-progress 0', 'completed 1', 'completed 1']],
    ['reversed', ['completed 1', 'in-progress 0']],
  ] as const)('status callbacks can come %s', async (statusCallbacks, expected) => {
    const clock = new ManualClock();
    const service = memoryService(clock, { '/twilio/voice': CONNECT, '/twilio/status': 204 });
    await whenCalling(clock, service, [{ wait: 500 }], { habits: { statusCallbacks } });
    const forms = service.requestsTo('/twilio/status').map(({ body }) => formOf(body));
    expect(forms.map((form) => `${form['CallStatus']} ${form['SequenceNumber']}`)).toEqual(expected);
  });

  test('the fallback address is asked when the service fails, with what failed, once a call', async () => {
    const clock = new ManualClock();
    const service = memoryService(clock, {
      '/twilio/voice': 500,
      '/fallback': '<Response><Redirect>/gone</Redirect></Response>',
    });
    const { result } = await whenCalling(clock, service, ['waitForHangUp'], {
      fallbackUrl: `${BASE}/fallback`,
      statusUrl: undefined,
    });
    expect(pathsOf(service)).toEqual(['/twilio/voice', '/fallback', '/gone']);
    expect(formOf(service.requestsTo('/fallback')[0]?.body)).toMatchObject({
      ErrorCode: '11200',
      ErrorUrl: `${BASE}/twilio/voice`,
    });
    expect(result.end).toMatchObject({ how: 'failed', code: 11200 });
  });
});

describe('<Dial>', () => {
  const dialling = async (
    dialled: ProviderHabitsInput['dialled'],
    attributes = 'action="/dialled"',
    script: unknown = ['waitForHangUp'],
  ) => {
    const clock = new ManualClock();
    const service = memoryService(clock, {
      '/twilio/voice': `<Response><Dial ${attributes}><Sip statusCallback="/answered" statusCallbackEvent="answered">sip:desk@example.com</Sip></Dial><Say>Nobody.</Say></Response>`,
      '/dialled': '<Response><Say>After.</Say></Response>',
      '/answered': 204,
    });
    const { result } = await whenCalling(clock, service, script, { habits: { dialled } });
    const formTo = (path: string) => formOf(service.requestsTo(path)[0]?.body);
    return { result, form: formTo('/dialled'), answered: formTo('/answered') };
  };

  test('of somebody who answers hands the call on', async () => {
    const { result } = await dialling({ ringsMs: 2_000 });
    expect(result.end).toEqual({ how: 'transferred', to: 'sip:desk@example.com' });
    expect(result.events).toContainEqual({
      type: 'dialled',
      to: 'sip:desk@example.com',
      status: 'completed',
      atMs: 2_000,
    });
  });

  test('of somebody who hangs up afterwards asks the action', async () => {
    const { result, form } = await dialling({ talksMs: 3_500 });
    expect(form).toMatchObject({ DialCallStatus: 'completed', DialCallDuration: '4' });
    expect(result.events).toContainEqual({ type: 'spoken', text: 'After.', atMs: 3_500 });
  });

  test('tells where it is wanted that they have answered, and nothing of whoever does not', async () => {
    const { result, form, answered } = await dialling({ ringsMs: 2_000, talksMs: 3_500 });
    expect(answered).toMatchObject({
      CallSid: form['DialCallSid'],
      ParentCallSid: result.callSid,
      CallStatus: 'in-progress',
      To: 'sip:desk@example.com',
    });
    expect((await dialling({ status: 'busy' })).answered).toEqual({});
  });

  test.each([
    ['no-answer', 5_000, 'no-answer'],
    ['canceled', 5_000, 'canceled'],
    ['canceled', 1_000, 'completed'],
    ['unasked', 5_000, undefined],
    ['unasked', 1_000, undefined],
  ] as const)('of a caller who hangs up asks the action or not (%s, after %i ms of ringing)', async (...given) => {
    const [whenGone, ringsMs, status] = given;
    const script = [{ wait: 3_000 }, 'hangUp'];
    const { form } = await dialling({ ringsMs, talksMs: 9_000, whenGone }, undefined, script);
    expect([form['CallStatus'], form['DialCallStatus']]).toEqual([status && 'completed', status]);
  });

  test('of somebody who does not answer is given up after its timeout', async () => {
    const { result, form } = await dialling({ status: 'no-answer', ringsMs: 60_000 }, 'action="/dialled" timeout="10"');
    expect(form).toMatchObject({ DialCallStatus: 'no-answer' });
    expect(result.events).toContainEqual({ type: 'spoken', text: 'After.', atMs: 10_000 });
  });

  test('without an action goes on with the next verb', async () => {
    const { result } = await dialling({ status: 'busy' }, '');
    expect(result.events).toContainEqual({ type: 'spoken', text: 'Nobody.', atMs: 0 });
  });
});

type Referred = ProviderHabitsInput['referred'];

describe('<Refer>', () => {
  const SIP = { to: 'sip:desk@bridge.example' };
  const referring = async (referred: Referred, call: { to?: string } = SIP) => {
    const clock = new ManualClock();
    const service = memoryService(clock, {
      '/twilio/voice': '<Response><Refer action="/referred"><Sip>sip:ada@example.com</Sip></Refer></Response>',
      '/referred': '<Response><Say>After.</Say></Response>',
    });
    const { result } = await whenCalling(clock, service, ['waitForHangUp'], { ...call, habits: { referred } });
    return { result, form: formOf(service.requestsTo('/referred')[0]?.body) };
  };

  // https://www.twilio.com/docs/voice/twiml/refer: the three that Twilio gives as examples, and one without a NOTIFY.
  test.each<[Referred, { ReferCallStatus?: string; ReferSipResponseCode: string; NotifySipResponseCode?: string }]>([
    [
      { notifies: 200, ringsMs: 2_000 },
      { ReferCallStatus: 'in-progress', ReferSipResponseCode: '202', NotifySipResponseCode: '200' },
    ],
    [{ notifies: 486 }, { ReferCallStatus: 'busy', ReferSipResponseCode: '202', NotifySipResponseCode: '486' }],
    [{ code: 405 }, { ReferCallStatus: 'failed', ReferSipResponseCode: '405' }],
    [{}, { ReferSipResponseCode: '202' }],
  ])('with %j asks the action', async (referred, told) => {
    const { result, form } = await referring(referred);
    expect(Object.fromEntries(Object.entries(form).filter(([name]) => /Sip|Refer/.test(name)))).toEqual({
      SipCallId: expect.any(String),
      SipDomain: 'bridge.example',
      ...told,
    });
    const atMs = referred?.ringsMs ?? 0;
    expect(result.events).toContainEqual({
      type: 'referred',
      to: 'sip:ada@example.com',
      code: Number(told.ReferSipResponseCode),
      atMs,
    });
    expect(result.events).toContainEqual({ type: 'spoken', text: 'After.', atMs });
  });

  test('of a call that is not by SIP fails', async () => {
    const { result } = await referring({}, {});
    expect(result.end).toMatchObject({ how: 'failed', code: 13801 });
  });
});

describe('<Record>', () => {
  const recording = async (script: unknown, attributes = '') => {
    const clock = new ManualClock();
    const service = memoryService(clock, {
      '/twilio/voice': `<Response><Record action="/recorded" timeout="2" ${attributes}/><Say>Silence.</Say></Response>`,
      '/recorded': '<Response><Say>Thank you.</Say></Response>',
      '/told': 204,
    });
    const { result } = await whenCalling(clock, service, script, { statusUrl: undefined });
    expect(clock.armed).toBe(0);
    return { result, form: formOf(service.requestsTo('/recorded')[0]?.body), service };
  };
  const MESSAGE = { say: { toneHz: 440, lengthMs: 1_500 } };

  test('keeps what the caller says after the beep, until the caller is silent', async () => {
    const { result, form } = await recording([
      { hear: 'agent' },
      { hearSilence: { ms: 100 } },
      MESSAGE,
      'waitForHangUp',
    ]);
    expect(form).toMatchObject({ RecordingSid: result.recordings[0]?.sid, Digits: '' });
    const [message] = result.recordings;
    expect(message?.sound.length).toBeGreaterThanOrEqual(8 * 3_500);
    expect(message?.sound.length).toBeLessThan(8 * 4_000);
    expect(form['RecordingDuration']).toBe('4');
    expect(result.sounds[0]).toEqual({ fromMs: 0, toMs: 500 });
    expect(result.events).toContainEqual(expect.objectContaining({ type: 'spoken', text: 'Thank you.' }));
  });

  test('ends with a key', async () => {
    const { form } = await recording([{ wait: 600 }, MESSAGE, { press: '#' }, 'waitForHangUp']);
    expect(form).toMatchObject({ Digits: '#', RecordingDuration: '2' });
  });

  test('ends at its longest', async () => {
    const { form } = await recording([{ wait: 600 }, { say: { toneHz: 440, lengthMs: 5_000 } }], 'maxLength="3"');
    expect(form).toMatchObject({ RecordingDuration: '3' });
  });

  test('ends with the call, and the service is told', async () => {
    const script = [{ wait: 600 }, { ...MESSAGE, andGoOn: true }, { wait: 1_000 }, 'hangUp'];
    const { form, result, service } = await recording(script, 'recordingStatusCallback="/told"');
    expect(form).toMatchObject({ Digits: 'hangup', CallStatus: 'completed' });
    expect(result.end).toEqual({ how: 'callerHungUp' });
    expect(formOf(service.requestsTo('/told')[0]?.body)).toMatchObject({ RecordingStatus: 'completed' });
  });

  test('of a caller who says nothing goes on with the next verb', async () => {
    const { form, result } = await recording(['waitForHangUp'], 'playBeep="false"');
    expect(form).toEqual({});
    expect(result.recordings).toEqual([]);
    expect(result.events).toContainEqual({ type: 'spoken', text: 'Silence.', atMs: 2_000 });
  });
});

test('what was heard is told with the gaps that a listener notices', async () => {
  const clock = new ManualClock();
  const service = memoryService(clock, { '/twilio/voice': CONNECT }, (socket) => {
    clock.after(100, () => {
      const { streamSid } = startOf(service, 0);
      const play = (lengthMs: number): void => {
        const payload = Buffer.from(loud(lengthMs)).toString('base64');
        socket.send(JSON.stringify({ event: 'media', streamSid, media: { payload } }));
      };
      play(500);
      clock.after(600, () => play(300));
      clock.after(1_500, () => play(200));
    });
  });
  const { result } = await whenCalling(clock, service, [{ wait: 3_000 }]);
  expect(result.sounds).toEqual([
    { fromMs: 100, toMs: 1_000 },
    { fromMs: 1_600, toMs: 1_800 },
  ]);
});
