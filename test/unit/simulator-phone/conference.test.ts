/** Two simulated calls that meet in a conference, and keys that are gathered: in the shapes in which Twilio tells of them. */
import { describe, expect, test } from 'vitest';
import { createSwitchboard } from '../../../src/simulator/phone/switchboard.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { formOf, whenCalling } from './given-call.ts';
import { type MemoryService, memoryService } from './memory-service.ts';

const dial = (attributes: string, action = ''): string =>
  `<Response><Dial ${action}><Conference ${attributes}>room</Conference></Dial></Response>`;
const WAITS = dial(
  'startConferenceOnEnter="false" endConferenceOnExit="true" maxParticipants="2" waitUrl="/wait" statusCallback="/told" statusCallbackEvent="start end join leave"',
  'action="/after"',
);
const AFTER = '<Response><Say>After.</Say></Response>';
const toldOf = (service: MemoryService) =>
  service.requestsTo('/told').map(({ body }) => formOf(body)['StatusCallbackEvent']);

async function meeting(
  other: string,
  otherScript: unknown,
  script: unknown = [{ waitForHangUp: true, withinMs: 60_000 }],
) {
  const clock = new ManualClock();
  const switchboard = createSwitchboard();
  const waiting = memoryService(clock, {
    '/twilio/voice': WAITS,
    '/wait': '<Response><Pause length="2"/><Redirect>/wait</Redirect></Response>',
    '/told': 204,
    '/after': AFTER,
  });
  const joining = memoryService(clock, { '/twilio/voice': other, '/told-again': 204, '/after': AFTER });
  const options = { switchboard, statusUrl: undefined };
  const first = whenCalling(clock, waiting, script, options, 0);
  await clock.advance(5_000);
  const before = waiting.requestsTo('/wait').length;
  const second = whenCalling(clock, joining, otherScript, { ...options, callSid: `CA${'2'.repeat(32)}` }, 0);
  await clock.advance(60_000);
  const [{ result: caller }, { result: callee }] = await Promise.all([first, second]);
  expect(clock.armed).toBe(0);
  expect(switchboard.rooms.size('room')).toBe(0);
  return { waiting, joining, caller, callee, before };
}

describe('a conference', () => {
  test('begins when somebody comes who begins it, and ends when they leave', async () => {
    const joins = dial(
      'startConferenceOnEnter="true" endConferenceOnExit="true" statusCallback="/told-again" statusCallbackEvent="start"',
    );
    const { waiting, joining, caller, before } = await meeting(joins, [{ wait: 4_000 }, 'hangUp']);
    expect(before).toBe(3);
    expect(waiting.requestsTo('/wait')).toHaveLength(3);
    expect(toldOf(waiting)).toEqual([
      'participant-join',
      'participant-join',
      'conference-start',
      'participant-leave',
      'conference-end',
      'participant-leave',
    ]);
    const [joined, , began] = waiting.requestsTo('/told').map(({ body }) => formOf(body));
    expect(joined).toMatchObject({
      ConferenceSid: expect.stringMatching(/^CF[0-9a-f]{32}$/),
      FriendlyName: 'room',
      SequenceNumber: '1',
      CallSid: caller.callSid,
      StartConferenceOnEnter: 'false',
      EndConferenceOnExit: 'true',
    });
    expect(began).not.toHaveProperty('CallSid');
    // Whoever comes first has said who is told.
    expect(joining.requestsTo('/told-again')).toEqual([]);
    expect(formOf(waiting.requestsTo('/after')[0]?.body)).toMatchObject({ DialCallStatus: 'answered' });
    expect(caller.events).toContainEqual(expect.objectContaining({ type: 'conferenceStarted' }));
    expect(caller.events).toContainEqual(expect.objectContaining({ type: 'spoken', text: 'After.' }));
  });

  test('does not begin with people who all wait', async () => {
    const alsoWaits = dial('startConferenceOnEnter="false"');
    const { caller, waiting } = await meeting(alsoWaits, [{ wait: 3_000 }, 'hangUp'], [{ wait: 12_000 }, 'hangUp']);
    expect(caller.events.map(({ type }) => type)).not.toContain('conferenceStarted');
    expect(toldOf(waiting)).not.toContain('conference-start');
  });
});

describe('<Gather>', () => {
  const gathering = async (script: unknown) => {
    const clock = new ManualClock();
    const service = memoryService(clock, {
      '/twilio/voice':
        '<Response><Gather numDigits="1" timeout="4" action="/key"><Say>Press one, if you please.</Say></Gather><Say>None.</Say></Response>',
      '/key': AFTER,
    });
    const { result } = await whenCalling(clock, service, script, { statusUrl: undefined });
    return { result, form: formOf(service.requestsTo('/key')[0]?.body) };
  };

  test('asks the action when a key is pressed, also while it is still speaking', async () => {
    const { result, form } = await gathering([{ wait: 300 }, { press: '7' }, 'waitForHangUp']);
    expect(form).toMatchObject({ Digits: '7' });
    expect(result.events.find((event) => event.type === 'spoken' && event.text === 'After.')?.atMs).toBeLessThan(1_000);
  });

  test('goes on with the next verb when none is', async () => {
    const { result, form } = await gathering(['waitForHangUp']);
    expect(form).toEqual({});
    expect(result.events).toContainEqual({ type: 'spoken', text: 'None.', atMs: expect.any(Number) });
  });
});
