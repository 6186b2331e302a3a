/** A call as the REST API shows it: https://www.twilio.com/docs/voice/api/call-resource#call-properties */
import type { CallState } from '../phone/switchboard.ts';

export function callResource(call: CallState): Record<string, unknown> {
  const { facts, status, beganMs, answeredMs, endedMs } = call;
  const uri = `/2010-04-01/Accounts/${facts.accountSid}/Calls/${facts.callSid}`;
  const subresource = (name: string): string => `${uri}/${name}.json`;
  return {
    account_sid: facts.accountSid,
    annotation: null,
    answered_by: null,
    api_version: '2010-04-01',
    caller_name: '',
    date_created: rfc2822(beganMs),
    date_updated: rfc2822(endedMs ?? answeredMs ?? beganMs),
    direction: facts.direction ?? 'inbound',
    duration: endedMs === undefined ? null : String(Math.ceil((endedMs - (answeredMs ?? endedMs)) / 1000)),
    end_time: endedMs === undefined ? null : rfc2822(endedMs),
    forwarded_from: null,
    from: facts.from,
    from_formatted: facts.from,
    group_sid: null,
    parent_call_sid: null,
    phone_number_sid: '',
    price: null,
    price_unit: 'USD',
    queue_time: '0',
    sid: facts.callSid,
    start_time: answeredMs === undefined ? null : rfc2822(answeredMs),
    status,
    subresource_uris: {
      events: subresource('Events'),
      notifications: subresource('Notifications'),
      payments: subresource('Payments'),
      recordings: subresource('Recordings'),
      siprec: subresource('Siprec'),
      streams: subresource('Streams'),
      transcriptions: subresource('Transcriptions'),
      user_defined_message_subscriptions: subresource('UserDefinedMessageSubscriptions'),
      user_defined_messages: subresource('UserDefinedMessages'),
    },
    to: facts.to,
    to_formatted: facts.to,
    trunk_sid: '',
    uri: `${uri}.json`,
  };
}

/** In UTC, as in status callbacks. */
export const rfc2822 = (ms: number): string => new Date(ms).toUTCString().replace('GMT', '+0000');
