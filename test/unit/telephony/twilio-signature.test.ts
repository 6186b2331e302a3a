/** Signatures: the published vectors, Twilio's own package as the judge of both directions, and what must be refused. */
import { createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import client from 'twilio';
import { describe, expect, test } from 'vitest';
import { twilio } from '../../../src/telephony/twilio/protocol.ts';
import { type FormParameters, type TwilioAccount, verifyWebhook } from '../../../src/telephony/twilio/signature.ts';

const TOKEN = '12345';
const account = (publicUrl = 'https://example.com', authToken: string | undefined = TOKEN): TwilioAccount => ({
  publicUrl,
  authToken,
});
const OFFICIAL_FORM = {
  CallSid: 'CA1234567890ABCDE',
  Caller: '+14158675310',
  Digits: '1234',
  From: '+14158675310',
  To: '+18005551212',
};

/** The algorithm as its documentation tells it, and nothing of ours or of the package's. */
const sign = (url: string, form: FormParameters = {}, token = TOKEN): string => {
  const parts = Object.keys(form)
    .sort()
    .flatMap((name) => [...new Set([form[name]!].flat())].sort().map((value) => name + value));
  return createHmac('sha1', token)
    .update(url + parts.join(''))
    .digest('base64');
};

const acceptsWebhook = (target: string, signature: string | undefined, form: FormParameters, by = account()): boolean =>
  !throws(() => verifyWebhook(by, target, signature, form), 'WEBHOOK_UNSIGNED');

const acceptsUpgrade = (signature: string | undefined, by = account()): boolean => {
  const request = { url: '/twilio/media', headers: { 'x-twilio-signature': signature, host: 'evil.example' } };
  return !throws(() => twilio(by).authenticate(request as unknown as IncomingMessage), 'STREAM_UNSIGNED');
};

function throws(run: () => void, code: string): boolean {
  try {
    run();
    return false;
  } catch (error) {
    expect(error).toMatchObject({ code });
    return true;
  }
}

describe('the published vectors', () => {
  test('the webhook of the documentation is accepted', () => {
    const target = '/myapp.php?foo=1&bar=2';
    expect(acceptsWebhook(target, 'L/OH5YylLD5NRKLltdqwSvS0BnU=', OFFICIAL_FORM)).toBe(true);
  });

  test.each([
    ['wss://example.com/twilio/media', 'Ko8aymfVk0cCegaxVKH0ZCvSyf4='],
    ['wss://example.com/twilio/media/', '2FSgdRajF1AcedC3OxeCdxXJk50='],
    ['wss://example.com:443/twilio/media', 'JPl6eMv6/FLIiyGOYMMOKCyoU3s='],
  ])('an upgrade signed for %s is accepted', (url, signature) => {
    expect(sign(url)).toBe(signature);
    expect(acceptsUpgrade(signature)).toBe(true);
  });

  test('an upgrade signed for the https URL is refused: Twilio signs the URL that it opens', () => {
    expect(acceptsUpgrade('NdyWwOAnZvB7daRjuJMnoAC/cO8=')).toBe(false);
    expect(acceptsWebhook('/twilio/media', 'NdyWwOAnZvB7daRjuJMnoAC/cO8=', {})).toBe(true);
  });
});

describe("Twilio's package as the judge", () => {
  const names = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_-]{0,20}$/);
  const forms = fc.dictionary(
    names.filter((name) => name !== 'CallToken' && name !== 'StirVerstat'),
    fc.oneof(fc.string({ unit: 'grapheme' }), fc.array(fc.string(), { minLength: 2, maxLength: 4 })),
    { noNullPrototype: true },
  );

  test('what it signs, we accept', () => {
    fc.assert(
      fc.property(forms, (form) =>
        acceptsWebhook(
          '/twilio/voice',
          client.getExpectedTwilioSignature(TOKEN, 'https://example.com/twilio/voice', form),
          form,
        ),
      ),
    );
  });

  test('what the documented algorithm signs, both accept', () => {
    fc.assert(
      fc.property(forms, (form) => {
        const url = 'https://example.com/twilio/voice';
        const signature = sign(url, form);
        return client.validateRequest(TOKEN, signature, url, form) && acceptsWebhook('/twilio/voice', signature, form);
      }),
    );
  });

  test('when any field is changed, both refuse', () => {
    const url = 'https://example.com/twilio/voice';
    fc.assert(
      fc.property(forms, names, fc.string({ minLength: 1 }), (form, name, value) => {
        const signature = sign(url, form);
        const changed = { ...form, [name]: `${form[name] ?? ''}${value}` };
        return (
          !client.validateRequest(TOKEN, signature, url, changed) &&
          !acceptsWebhook('/twilio/voice', signature, changed)
        );
      }),
    );
  });
});

describe('a webhook', () => {
  const form = { CallSid: 'CA1', From: '+1' };

  test('is judged by the URL without its port, which Twilio leaves out of https', () => {
    const signature = sign('https://example.com/twilio/voice', form);
    expect(acceptsWebhook('/twilio/voice', signature, form, account('https://example.com:8443'))).toBe(true);
  });

  test('is judged by the URL with its port, too', () => {
    const signature = sign('http://example.com:8080/twilio/voice', form);
    expect(acceptsWebhook('/twilio/voice', signature, form, account('http://example.com:8080'))).toBe(true);
    const withDefault = sign('https://example.com:443/twilio/voice', form);
    expect(acceptsWebhook('/twilio/voice', withDefault, form)).toBe(true);
  });

  test('is not accepted with a port that is not ours', () => {
    const signature = sign('https://example.com:8444/twilio/voice', form);
    expect(acceptsWebhook('/twilio/voice', signature, form, account('https://example.com:8443'))).toBe(false);
  });

  test('is judged with the path that stands in the public URL, whether that ends with a slash or not', () => {
    const signature = sign('https://example.com/bridge/twilio/voice', form);
    expect(acceptsWebhook('/twilio/voice', signature, form, account('https://example.com/bridge'))).toBe(true);
    expect(acceptsWebhook('/twilio/voice', signature, form, account('https://example.com/bridge/'))).toBe(true);
  });

  test('with the same name twice is judged with both values, once each', () => {
    const double = { ...form, Tag: ['b', 'a', 'b'] };
    expect(acceptsWebhook('/twilio/voice', sign('https://example.com/twilio/voice', double), double)).toBe(true);
  });

  test('with empty values is judged with their names', () => {
    const empty = { ...form, CallerName: '', FromCity: '' };
    expect(acceptsWebhook('/twilio/voice', sign('https://example.com/twilio/voice', empty), empty)).toBe(true);
    expect(acceptsWebhook('/twilio/voice', sign('https://example.com/twilio/voice', form), empty)).toBe(false);
  });

  test('is accepted when CallToken and StirVerstat were added after signing, and nothing else was', () => {
    const url = 'https://example.com/twilio/voice';
    const added = { ...form, CallToken: '{"t":1}', StirVerstat: 'TN-Validation-Passed-A' };
    expect(acceptsWebhook('/twilio/voice', sign(url, form), added)).toBe(true);
    expect(acceptsWebhook('/twilio/voice', sign(url, added), added)).toBe(true);
    expect(acceptsWebhook('/twilio/voice', sign(url, form), { ...added, To: '+2' })).toBe(false);
  });

  test.each([undefined, '', 'x', 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=', '€€€'])('signed %j is refused', (signature) => {
    expect(acceptsWebhook('/twilio/voice', signature, form)).toBe(false);
  });

  test("signed with another account's token is refused", () => {
    const signature = sign('https://example.com/twilio/voice', form, 'another');
    expect(acceptsWebhook('/twilio/voice', signature, form)).toBe(false);
  });

  test('that is refused is told apart by the URLs tried, without the query, which may hold a secret', () => {
    const refuse = () => verifyWebhook(account(), '/twilio/voice?key=hidden', 'x', form);
    expect(refuse).toThrow('https://example.com/twilio/voice?…');
    expect(refuse).not.toThrow('hidden');
  });
});

describe('an upgrade', () => {
  test.each([
    ['https://example.com:8443', 'wss://example.com:8443/twilio/media'],
    ['https://example.com:8443', 'wss://example.com/twilio/media'],
    ['https://example.com:8443', 'wss://example.com:8443/twilio/media/'],
    ['https://example.com/', 'wss://example.com/twilio/media'],
    ['https://example.com', 'wss://example.com:443/twilio/media/'],
    ['https://[2001:db8::1]:8443', 'wss://[2001:db8::1]/twilio/media'],
    ['https://example.com/bridge', 'wss://example.com/bridge/twilio/media'],
    ['http://localhost:8080', 'ws://localhost:8080/twilio/media'],
  ])('to %s signed for %s is accepted', (publicUrl, signedUrl) => {
    expect(acceptsUpgrade(sign(signedUrl), account(publicUrl))).toBe(true);
  });

  test.each([
    'wss://example.com:80/twilio/media',
    'wss://example.com/twilio/media?token=1',
    'wss://evil.example/twilio/media',
    'https://example.com/twilio/media',
    'wss://example.com/twilio',
  ])('signed for %s is refused', (signedUrl) => {
    expect(acceptsUpgrade(sign(signedUrl))).toBe(false);
  });

  test('without a signature is refused', () => {
    expect(acceptsUpgrade(undefined)).toBe(false);
  });

  test('is not judged without an auth token', () => {
    expect(acceptsUpgrade(undefined, { publicUrl: 'https://example.com', authToken: undefined })).toBe(true);
  });
});
