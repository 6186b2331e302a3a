/** What happens on a call in words, for people who watch it. */
import type { CallEnd, PhoneHappening } from './events.ts';

const MARKS = {
  played: 'its sound was played',
  cleared: 'its sound was cleared',
  nothingBuffered: 'nothing was buffered',
} as const;

export function describePhoneEvent(event: PhoneHappening): string {
  switch (event.type) {
    case 'requested':
      return `asked ${event.url}: ${event.status || 'no answer'}`;
    case 'answered':
      return 'the call is answered';
    case 'streamStarted':
      return `the stream ${event.streamSid} started`;
    case 'streamEnded':
      return event.code === undefined
        ? 'the stream was stopped'
        : `the service's stream ended: Twilio ${event.code}, close ${event.closeCode} ${event.why}`.trimEnd();
    case 'streamRefused':
      return `a stream was refused: Twilio ${event.code} ${event.why}`;
    case 'doubleEnded':
      return `the second stream ended: close ${event.closeCode} ${event.why}`.trimEnd();
    case 'faultBegan':
      return `a fault of the line: ${event.fault}`;
    case 'ledElsewhere':
      return `the call is led to ${event.to}`;
    case 'agentStarted':
      return 'the agent speaks';
    case 'agentStopped':
      return `the agent is silent since ${(event.soundEndedMs / 1000).toFixed(2)} s`;
    case 'marked':
      return `mark ${event.name}: ${MARKS[event.how]}`;
    case 'cleared':
      return `the service cleared ${Math.round(event.droppedMs)} ms of sound`;
    case 'warned':
      return `Twilio would warn: ${event.warning.code} ${event.warning.why}`;
    case 'stepBegan':
      return `the caller ${event.step}`;
    case 'pressed':
      return `the key ${event.digit} is pressed`;
    case 'played':
      return `<Play> of ${event.url}, ${Math.round(event.lengthMs)} ms`;
    case 'keysSent':
      return `<Play> of the keys ${event.keys}`;
    case 'spoken':
      return `<Say>: ${event.text}`;
    case 'dialled':
      return `<Dial> of ${event.to}: ${event.status}`;
    case 'referred':
      return `<Refer> to ${event.to}: ${event.code}`;
    case 'conferenceEntered':
      return `<Conference> ${event.name} is entered`;
    case 'conferenceStarted':
      return `<Conference> ${event.name} has begun`;
    case 'recorded':
      return `<Record>: ${Math.round(event.lengthMs)} ms of the caller`;
    case 'ended':
      return describeEnd(event.end);
  }
}

function describeEnd(end: CallEnd): string {
  switch (end.how) {
    case 'notAnswered':
      return `nobody answers: ${end.status}`;
    case 'callerHungUp':
      return 'the caller hung up';
    case 'serviceHungUp':
      return 'the service hung up';
    case 'rejected':
      return `the service rejected the call (${end.reason})`;
    case 'transferred':
      return `the call was transferred to ${end.to}`;
    case 'timeLimit':
      return 'the call reached its longest time';
    case 'failed':
      return `the call failed: ${end.code} ${end.why}`;
  }
}
