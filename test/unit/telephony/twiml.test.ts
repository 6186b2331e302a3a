/** The TwiML documents, byte for byte. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  askAgainTwiml,
  connectTwiml,
  fitParameters,
  hangupTwiml,
  referTwiml,
  rejectTwiml,
} from '../../../src/telephony/index.ts';

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>';
/** How often Twilio is to ask, and when it gives up on an answer. */
const PATIENCE = '#rc=3&amp;rp=ct,rt,5xx&amp;rt=5000';
const connect = (parameters: Record<string, string>) =>
  connectTwiml({
    streamUrl: 'wss://example.com/twilio/media',
    actionUrl: 'https://example.com/twilio/stream-ended',
    parameters,
  });

describe('TwiML', () => {
  test('connects the call to the stream, with its parameters, and leads back to us twice', () => {
    expect(connect({ agent: 'front-desk', token: 'abc' })).toBe(
      `${HEAD}<Response><Connect action="https://example.com/twilio/stream-ended${PATIENCE}" method="POST">` +
        '<Stream url="wss://example.com/twilio/media"><Parameter name="agent" value="front-desk"/>' +
        '<Parameter name="token" value="abc"/></Stream></Connect>' +
        `<Redirect method="POST">https://example.com/twilio/stream-ended${PATIENCE}</Redirect></Response>`,
    );
  });

  test('has a notice heard before the stream opens', () => {
    const options = {
      streamUrl: 'wss://example.com/twilio/media',
      actionUrl: 'https://example.com/twilio/stream-ended',
      parameters: {},
    };
    const say = { text: 'You speak with a machine & it listens.', voice: 'Polly.Amy', language: 'en-GB' };
    expect(connectTwiml({ ...options, notice: { say } })).toContain(
      '<Response><Say voice="Polly.Amy" language="en-GB">You speak with a machine &amp; it listens.</Say><Connect ',
    );
    expect(connectTwiml({ ...options, notice: { playUrl: 'https://example.com/sounds/a.notice.wav' } })).toContain(
      '<Response><Play>https://example.com/sounds/a.notice.wav</Play><Connect ',
    );
  });

  test('has keys pressed before the stream opens', () => {
    const urls = { streamUrl: 'wss://example.com/twilio/media', actionUrl: 'https://example.com/twilio/stream-ended' };
    expect(connectTwiml({ ...urls, keys: '1w2#', parameters: {} })).toContain(
      '<Response><Play digits="1w2#"/><Connect ',
    );
  });

  test('keeps markup in a caller’s data from becoming markup of ours', () => {
    expect(connect({ from: '"/><Dial>+1900</Dial>&' })).toContain('value="&quot;/>&lt;Dial>+1900&lt;/Dial>&amp;"');
  });

  test('has Twilio ask again after a second', () => {
    expect(askAgainTwiml({ url: 'https://example.com/twilio/voice?try=1' })).toBe(
      `${HEAD}<Response><Pause length="1"/><Redirect method="POST">https://example.com/twilio/voice?try=1${PATIENCE}</Redirect></Response>`,
    );
  });

  test('hangs up', () => {
    expect(hangupTwiml()).toBe(`${HEAD}<Response><Hangup/></Response>`);
  });

  test('turns a call down, or says that the line is busy', () => {
    expect(rejectTwiml('rejected')).toBe(`${HEAD}<Response><Reject reason="rejected"/></Response>`);
    expect(rejectTwiml('busy')).toBe(`${HEAD}<Response><Reject reason="busy"/></Response>`);
  });

  test('refuses a parameter that Twilio would refuse', () => {
    expect(() => connect({ name: 'x'.repeat(495) })).not.toThrow();
    expect(() => connect({ name: 'x'.repeat(496) })).toThrow(RangeError);
  });
});

describe('parameters are fitted', () => {
  test('a value is cut so that name and value stay below 500 characters', () => {
    expect(fitParameters({ name: 'x'.repeat(600) })).toEqual({ name: 'x'.repeat(495) });
  });

  test('a cut never leaves half a character', () => {
    expect(fitParameters({ name: `${'x'.repeat(494)}😀` })).toEqual({ name: 'x'.repeat(494) });
  });

  test('what XML would change or refuse is changed before', () => {
    expect(fitParameters({ name: ' a\r\n\tb\u0000\u001b\ud800 c ' })).toEqual({ name: 'a b c' });
  });

  test('empty values are left out', () => {
    expect(fitParameters({ a: '', b: ' \n', c: '0' })).toEqual({ c: '0' });
  });

  test('whatever comes, it fits, and fitting it again changes nothing', () => {
    const anything = fc.dictionary(fc.string({ maxLength: 80 }), fc.string({ unit: 'binary', maxLength: 700 }));
    fc.assert(
      fc.property(anything, (parameters) => {
        const fitted = fitParameters(parameters);
        expect(fitParameters(fitted)).toEqual(fitted);
        for (const [name, value] of Object.entries(fitted)) expect(name.length + value.length).toBeLessThan(500);
      }),
    );
  });
});

test('a REFER is for one SIP address, and Twilio asks us how it went', () => {
  const twiml = referTwiml({ to: 'sip:desk@pbx.example?X-Why=a&X-Who="b"', actionUrl: 'https://bridge.example/over' });
  expect(twiml).toBe(
    '<?xml version="1.0" encoding="UTF-8"?><Response><Refer action="https://bridge.example/over#rc=3&amp;rp=ct,rt,5xx&amp;rt=5000" method="POST"><Sip>sip:desk@pbx.example?X-Why=a&amp;X-Who="b"</Sip></Refer></Response>',
  );
});
