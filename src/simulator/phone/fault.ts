/** What goes wrong on a call, by the codes under which Twilio's Debugger shows it. https://www.twilio.com/docs/api/errors */

export const TWILIO_FAULTS = {
  11100: 'invalid URL',
  11200: 'HTTP retrieval failure',
  11205: 'HTTP connection failure',
  11215: 'too many redirects',
  11750: 'TwiML longer than 64 kB',
  12100: 'TwiML cannot be parsed',
  12200: 'TwiML is not as its schema says',
  12300: 'invalid sound',
  13801: '<Refer> of a call that is not by SIP',
  31901: 'WebSocket: connection timeout',
  31902: 'WebSocket: connection refused',
  31904: 'WebSocket: host unreachable',
  31910: 'WebSocket: TLS error',
  31920: 'WebSocket: handshake refused',
  31922: 'WebSocket: the scheme is not wss',
  31941: 'the track must be inbound_track under <Connect>',
} as const;

export type TwilioFaultCode = keyof typeof TWILIO_FAULTS;

/** A fault that ends the simulated call. It is the provider's, so its code is not one of the service's failures. */
export class TwilioFault extends Error {
  override readonly name = 'TwilioFault';
  readonly code: TwilioFaultCode;

  constructor(code: TwilioFaultCode, detail: string, options?: { cause?: unknown }) {
    super(`${TWILIO_FAULTS[code]}: ${detail}`, options);
    this.code = code;
  }
}
