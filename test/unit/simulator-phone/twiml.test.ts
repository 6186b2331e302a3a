/** The phone's TwiML reader: the verbs it plays, and documents that would harm or mislead a reader less strict. */
import fc from 'fast-check';
import twilio from 'twilio';
import { describe, expect, test } from 'vitest';
import { TwilioFault } from '../../../src/simulator/phone/fault.ts';
import { readTwiml } from '../../../src/simulator/phone/twiml.ts';
import { readXml } from '../../../src/simulator/phone/xml.ts';

function codeOf(read: () => unknown): number | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (error instanceof TwilioFault) return error.code;
    throw error;
  }
}

describe('verbs', () => {
  test('what the twilio package writes for a stream is read back', () => {
    const response = new twilio.twiml.VoiceResponse();
    const stream = response.connect({ action: '/done?a=1&b=2' }).stream({ url: 'wss://example.com/m' });
    stream.parameter({ name: 'token', value: 'a"b<c>&\'d' });
    stream.parameter({ name: 'from', value: '+15550100' });
    response.hangup();
    expect(readTwiml(response.toString())).toEqual([
      {
        verb: 'connect',
        action: '/done?a=1&b=2',
        streamUrl: 'wss://example.com/m',
        parameters: { token: 'a"b<c>&\'d', from: '+15550100' },
      },
      { verb: 'hangup' },
    ]);
  });

  test('all other verbs are read with what they carry', () => {
    expect(
      readTwiml(`<Response>
        <Play> https://example.com/a.wav </Play><Say>Good <!-- not said -->bye</Say><Pause/><Pause length="3"/>
        <Redirect method="POST">/again</Redirect><Dial><Number>+15550100</Number></Dial><Reject reason="busy"/></Response>`),
    ).toEqual([
      { verb: 'play', url: 'https://example.com/a.wav' },
      { verb: 'say', text: 'Good bye' },
      { verb: 'pause', lengthMs: 1_000 },
      { verb: 'pause', lengthMs: 3_000 },
      { verb: 'redirect', url: '/again' },
      {
        verb: 'dial',
        to: '+15550100',
        action: undefined,
        ringsMs: 30_000,
        statusCallback: undefined,
        statusEvents: [],
      },
      { verb: 'reject', reason: 'busy' },
    ]);
  });

  test.each([
    ['nothing', ''],
    ['an empty response', '<Response/>'],
    ['a declaration and a comment', '<?xml version="1.0" encoding="UTF-8"?><!-- a -->\n<Response></Response>\n'],
  ])('%s has no verbs', (_what, document) => {
    expect(readTwiml(document)).toEqual([]);
  });

  test.each([
    ['another root', 12200, '<html></html>'],
    ['an unknown verb', 12200, '<Response><Enqueue/></Response>'],
    ['keys without their number', 12200, '<Response><Gather/></Response>'],
    ['a conference without a name', 12200, '<Response><Dial><Conference/></Dial></Response>'],
    ['a REFER to nobody', 12200, '<Response><Refer/></Response>'],
    ['a verb in the wrong case', 12200, '<Response><hangup/></Response>'],
    ['a Connect without a Stream', 12200, '<Response><Connect/></Response>'],
    ['something other than a Parameter', 12200, '<Response><Connect><Stream><P/></Stream></Connect></Response>'],
    [
      'a Parameter without a name',
      12200,
      '<Response><Connect><Stream><Parameter value="1"/></Stream></Connect></Response>',
    ],
    [
      'a Parameter of 500 characters',
      12200,
      `<Response><Connect><Stream><Parameter name="n" value="${'v'.repeat(499)}"/></Stream></Connect></Response>`,
    ],
    ['a method other than POST', 12200, '<Response><Redirect method="GET">/a</Redirect></Response>'],
    ['a pause that is no number', 12200, '<Response><Pause length="-1"/></Response>'],
    ['the outbound track', 31941, '<Response><Connect><Stream track="both_tracks"/></Connect></Response>'],
    ['more than 64 kB', 11750, `<Response><Say>${'a'.repeat(65_536)}</Say></Response>`],
  ])('%s is refused with %i', (_what, code, document) => {
    expect(codeOf(() => readTwiml(document))).toBe(code);
  });

  test('a Parameter of 499 characters is taken', () => {
    const document = `<Response><Connect><Stream><Parameter name="n" value="${'v'.repeat(498)}"/></Stream></Connect></Response>`;
    expect(readTwiml(document)).toHaveLength(1);
  });
});

describe('hostile XML', () => {
  test.each([
    ['a document type', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'],
    ['an entity of its own', '<a>&x;</a>'],
    ['a bare ampersand', '<a>Marks & Spencer</a>'],
    ['an entity from the prototype', '<a>&constructor;</a>'],
    ['a character beyond Unicode', '<a>&#x110000;</a>'],
    ['the null character', '<a>&#0;</a>'],
    ['a processing instruction', '<a><?php ?></a>'],
    ['a CDATA section', '<a><![CDATA[b]]></a>'],
    ['crossed tags', '<a><b></a></b>'],
    ['an unclosed tag', '<a>'],
    ['a tag cut off', '<a'],
    ['a closing tag alone', '</a>'],
    ['two roots', '<a/><b/>'],
    ['text beside the root', '<a/>b'],
    ['an attribute twice', '<a b="1" b="2"/>'],
    ['an attribute without quotes', '<a b=1/>'],
    ['a tag inside an attribute', '<a b="<c/>"/>'],
    ['an unfinished comment', '<a><!-- </a>'],
    ['endless nesting', '<a>'.repeat(10_000)],
    ['nesting deeper than any TwiML', '<a>'.repeat(17) + '</a>'.repeat(17)],
  ])('%s is refused with 12100', (_what, document) => {
    expect(codeOf(() => readXml(document))).toBe(12100);
  });

  test('entities are decoded once, and attribute names cannot reach the prototype', () => {
    const element = readXml('<a __proto__="x" b="&amp;lt;">&#x41;&#66;&lt;&gt;&quot;&apos;</a>');
    expect(element.text).toBe('AB<>"\'');
    expect(element.attributes['b']).toBe('&lt;');
    expect(Object.getPrototypeOf(element.attributes)).toBe(Object.prototype);
  });

  test('nothing but a TwilioFault ever comes out, whatever goes in', () => {
    const pieces = fc.constantFrom(
      '<Response>',
      '</Response>',
      '<Stream url="',
      '"/>',
      '<!--',
      '-->',
      '&amp;',
      '&',
      '<?xml',
      '<',
      '>',
      ' a=',
      "'",
      'x',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((parts) => parts.join('')),
        ),
        (document) => {
          codeOf(() => readTwiml(document));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('a long run of spaces or dashes takes no longer than its length', () => {
    for (const filler of [' ', '-', 'a ', 'a="b" ', '&amp;']) {
      const document = `<Response ${filler.repeat(Math.floor(60_000 / filler.length))}`;
      expect(codeOf(() => readTwiml(document))).toBe(12100);
    }
  });
});
