/** `<Dial><Conference>`: the call waits in a room, or talks with whoever else is in it. Nothing of the sound is mixed. */
import { playSound, saySentence } from './announce.ts';
import { type Journey, left, pause, type Step } from './journey.ts';
import type { Room, RoomEvent, TellRoom } from './rooms.ts';
import { sid } from './sid.ts';
import type { Verb } from './twiml.ts';

type ConferenceVerb = Extract<Verb, { verb: 'conference' }>;

/** https://www.twilio.com/docs/voice/twiml/conference#attributes-status-callback-event */
const EVENTS: Readonly<Record<RoomEvent, string>> = {
  'conference-start': 'start',
  'conference-end': 'end',
  'participant-join': 'join',
  'participant-leave': 'leave',
};

export async function conference(
  verb: ConferenceVerb,
  absolute: (address: string) => string,
  journey: Journey,
): Promise<Step> {
  const { handset, steering, facts, rooms, habits } = journey;
  const { name, startsOnEnter, endsOnExit } = verb;
  const after: Step =
    verb.action === undefined ? 'next' : { ask: absolute(verb.action), extra: { DialCallStatus: 'answered' } };
  // Who does not get in is done with the verb at once.
  if (rooms.size(name) >= verb.maxParticipants) return after;
  const room = rooms.find(name, () => teller(verb, absolute, journey));
  const leave = room.enter({ callSid: facts.callSid, startsOnEnter, endsOnExit });
  handset.tell({ type: 'conferenceEntered', name });
  const { signal } = steering;
  // Twilio does without what it cannot get.
  const waiting = wait(verb, room, absolute, journey).catch(() => undefined);
  await handset.until(() => signal.aborted || room.isStarted || room.isOver);
  if (room.isStarted) handset.tell({ type: 'conferenceStarted', name });
  handset.playback.clear();
  await handset.until(() => signal.aborted || room.isOver);
  leave();
  await waiting;
  if (!left(journey)) return after;
  const isAsked = handset.end ? habits.dialled.whenGone !== 'unasked' : habits.actionWhenLed;
  if (isAsked && after !== 'next' && 'ask' in after) {
    await journey.tell(after.ask, after.extra ?? {});
  }
  return 'next';
}

/** What is heard until somebody begins the conference, as often as the document leads back to itself. */
async function wait(
  { waitUrl }: ConferenceVerb,
  room: Room,
  absolute: (address: string) => string,
  journey: Journey,
): Promise<void> {
  const isOver = (): boolean => left(journey) || room.isStarted || room.isOver;
  let next = waitUrl && absolute(waitUrl);
  while (next !== undefined && !isOver()) {
    const { url, verbs } = await journey.fetch(next);
    next = undefined;
    for (const verb of verbs) {
      if (isOver()) return;
      if (verb.verb === 'redirect') next = new URL(verb.url, url).href;
      else if (verb.verb === 'play') await playSound(new URL(verb.url, url).href, journey);
      else if (verb.verb === 'say') await saySentence(verb.text, journey);
      else if (verb.verb === 'pause') await pause(journey, verb.lengthMs, isOver);
    }
  }
}

/** The first who enters says who is told of what. */
function teller(
  { name, statusCallback, statusEvents }: ConferenceVerb,
  absolute: (address: string) => string,
  { facts, clock, ids, post }: Journey,
): TellRoom {
  const conferenceSid = sid('CF', ids);
  const url = statusCallback && absolute(statusCallback);
  let sequence = 0;
  return (event, participant) => {
    if (url === undefined || !statusEvents.includes(EVENTS[event])) return;
    sequence += 1;
    void post(url, {
      AccountSid: facts.accountSid,
      ConferenceSid: conferenceSid,
      FriendlyName: name,
      SequenceNumber: String(sequence),
      StatusCallbackEvent: event,
      Timestamp: new Date(clock.nowMs()).toUTCString().replace('GMT', '+0000'),
      ...(participant && {
        CallSid: participant.callSid,
        Muted: 'false',
        Hold: 'false',
        Coaching: 'false',
        StartConferenceOnEnter: String(participant.startsOnEnter),
        EndConferenceOnExit: String(participant.endsOnExit),
      }),
    });
  };
}
