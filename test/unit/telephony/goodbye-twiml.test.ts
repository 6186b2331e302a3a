/** The TwiML of a goodbye: as Twilio's own package writes it, byte for byte, and one document whatever an operator writes. */
import fc from 'fast-check';
import twilio from 'twilio';
import { describe, expect, test } from 'vitest';
import { readXml } from '../../../src/simulator/phone/xml.ts';
import { type GoodbyeOptions, goodbyeTwiml } from '../../../src/telephony/index.ts';

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>';
/** How often Twilio is to ask, and when it gives up on an answer. */
const PATIENCE = '#rc=3&amp;rp=ct,rt,5xx&amp;rt=5000';
const words = { say: { text: 'Goodbye.' } };
const transfer = { to: '+15550142', timeoutSeconds: 20, actionUrl: 'https://example.com/over?agent=sales' };
const voicemail = {
  prompt: { text: 'Speak now.', voice: 'Polly.Amy', language: 'en-GB' },
  maxSeconds: 60,
  actionUrl: 'https://example.com/left',
  recordingUrl: 'https://example.com/recorded',
};

describe('a goodbye', () => {
  test.each<[string, GoodbyeOptions, string]>([
    ['without anything hangs up', {}, '<Hangup/>'],
    ['says its words, and hangs up', { words }, '<Say>Goodbye.</Say><Hangup/>'],
    [
      'says them in the voice and language that were asked for',
      { words: { say: { text: 'Auf Wiederhören.', voice: 'Polly.Vicki-Neural', language: 'de-DE' } } },
      '<Say voice="Polly.Vicki-Neural" language="de-DE">Auf Wiederhören.</Say><Hangup/>',
    ],
    [
      'plays its recording',
      { words: { playUrl: 'https://example.com/sounds/sales.wav' } },
      '<Play>https://example.com/sounds/sales.wav</Play><Hangup/>',
    ],
    [
      'puts the caller through to a number, and then asks us',
      { words, transfer },
      `<Say>Goodbye.</Say><Dial action="https://example.com/over?agent=sales${PATIENCE}" method="POST" timeout="20"><Number>+15550142</Number></Dial>`,
    ],
    [
      'puts them through to a SIP address, showing a number of ours',
      { transfer: { ...transfer, to: 'sip:desk@example.com', callerId: '+15550100' } },
      `<Dial action="https://example.com/over?agent=sales${PATIENCE}" method="POST" timeout="20" callerId="+15550100"><Sip>sip:desk@example.com</Sip></Dial>`,
    ],
    [
      'tells us when they have answered, where that is wanted',
      { transfer: { ...transfer, answeredUrl: 'https://example.com/answered?call=CA1' } },
      `<Dial action="https://example.com/over?agent=sales${PATIENCE}" method="POST" timeout="20"><Number statusCallback="https://example.com/answered?call=CA1${PATIENCE}" statusCallbackMethod="POST" statusCallbackEvent="answered">+15550142</Number></Dial>`,
    ],
    [
      'takes a message, and hangs up on whoever leaves none',
      { words, voicemail },
      '<Say>Goodbye.</Say><Say voice="Polly.Amy" language="en-GB">Speak now.</Say>' +
        `<Record action="https://example.com/left${PATIENCE}" method="POST" maxLength="60" timeout="5" ` +
        `recordingStatusCallback="https://example.com/recorded${PATIENCE}" recordingStatusCallbackMethod="POST"/><Hangup/>`,
    ],
  ])('%s', (_, options, body) => {
    expect(goodbyeTwiml(options)).toBe(`${HEAD}<Response>${body}</Response>`);
  });

  test.each(['sips:desk@example.com', 'SIP:desk@example.com'])('takes %s for a SIP address', (to) => {
    expect(goodbyeTwiml({ transfer: { ...transfer, to } })).toContain(`<Sip>${to}</Sip>`);
  });

  test("is what Twilio's package reads nothing else into", () => {
    const response = new twilio.twiml.VoiceResponse();
    response.say('a < b & "c" > d');
    response.hangup();
    expect(goodbyeTwiml({ words: { say: { text: 'a < b & "c" > d' } } })).toBe(response.toString());
  });
});

test('whatever an operator has said, it stays the text of one verb', () => {
  const anything = fc.string({ unit: 'binary', maxLength: 200 });
  const markup = fc.constantFrom(
    '</Say><Dial>+1900</Dial>',
    ']]>',
    '<!--',
    '&amp;',
    '&#0;',
    '\u0000',
    '\ud800',
    '\ufffe',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(anything, markup)), (parts) => {
      const text = parts.join('');
      const { name, children } = readXml(
        goodbyeTwiml({ words: { say: { text } }, voicemail: { ...voicemail, prompt: { text } } }),
      );
      expect(name).toBe('Response');
      expect(children.map((verb) => verb.name)).toEqual(['Say', 'Say', 'Record', 'Hangup']);
      const sayable = Array.from(text)
        .filter((character) => /[\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(character))
        .join('');
      expect(children[0]).toMatchObject({ text: sayable, children: [], attributes: {} });
    }),
  );
});
