/** How patiently the provider asks: telephony reference A7, by the fragment of the service's address. */
import { describe, expect, test } from 'vitest';
import { connectionOptions } from '../../../src/simulator/phone/connection-options.ts';
import { TwilioFault } from '../../../src/simulator/phone/fault.ts';
import type { PhoneNetwork, PhoneRequest } from '../../../src/simulator/phone/network.ts';
import { createSignedHttp } from '../../../src/simulator/phone/webhook.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { countingIds } from './given.ts';

const URL_ = 'https://voice.example/twilio/voice';

/** What the service does, request by request; the last for all that follow. */
type Answer = number | 'refused' | 'silent';

async function whenPosting(fragment: string, answers: readonly Answer[]) {
  const clock = new ManualClock();
  const requests: (PhoneRequest & { atMs: number })[] = [];
  const beganMs = clock.nowMs();
  const network: PhoneNetwork = {
    request(request) {
      const answer = answers[Math.min(requests.length, answers.length - 1)];
      requests.push({ ...request, atMs: clock.nowMs() - beganMs });
      if (answer === 'refused') return Promise.reject(new TwilioFault(11205, 'refused'));
      if (answer === 'silent') return new Promise(() => undefined);
      return Promise.resolve({ status: answer ?? 0, body: new Uint8Array(0) });
    },
    connect: () => Promise.reject(new Error('no streams here')),
  };
  const http = createSignedHttp({ network, authToken: 'token', clock, ids: countingIds() });
  const outcome = http.post(URL_ + fragment, { CallSid: 'CA1' }).then(
    ({ status }) => status,
    (error: TwilioFault) => error.code,
  );
  await clock.advance(60_000);
  expect(clock.armed).toBe(0);
  return { outcome: await outcome, requests };
}

describe('a request', () => {
  test.each<[string, string, readonly Answer[], number, number]>([
    ['is sent once when it is answered, whatever the status', '', [500], 500, 1],
    ['is sent again when no connection came about', '', ['refused', 200], 200, 2],
    ['is not sent a third time by default', '', ['refused'], 11205, 2],
    ['is sent as often as rc says', '#rc=4', ['refused'], 11205, 5],
    ['is not sent again where rc is 0', '#rc=0', ['refused', 200], 11205, 1],
    ['is sent again after a 5xx where rp says so', '#rc=2&rp=5xx', [503, 503, 200], 200, 3],
    ['gives the last status when tries run out', '#rc=2&rp=5xx', [503], 503, 3],
    ['is not sent again after a 4xx where rp names 5xx', '#rc=2&rp=5xx', [403, 200], 403, 1],
    ['is not sent again without a connection where rp names 5xx only', '#rc=2&rp=5xx', ['refused', 200], 11205, 1],
    [
      'is sent again after a 4xx, and whatever else, where rp is all',
      '#rc=3&rp=all',
      [404, 'refused', 500, 200],
      200,
      4,
    ],
    ['is given up after its time by default', '', ['silent', 200], 11200, 1],
    ['is sent again after rt where rp says so', '#rt=1000&rp=ct,rt', ['silent', 200], 200, 2],
    ['is not sent again beyond the total time', '#rt=4000&rp=rt&rc=5&tt=6000', ['silent'], 11200, 2],
  ])('%s', async (_what, fragment, answers, outcome, times) => {
    const posted = await whenPosting(fragment, answers);
    expect(posted.outcome).toBe(outcome);
    expect(posted.requests).toHaveLength(times);
  });

  test('has the same idempotency token and signature each time, and no fragment', async () => {
    const { requests } = await whenPosting('#rc=2&rp=5xx', [503]);
    const [first] = requests;
    expect(first?.url).toBe(URL_);
    expect(first?.headers['i-twilio-idempotency-token']).toMatch(/\S/);
    for (const request of requests) expect(request).toEqual({ ...first, atMs: request.atMs });
  });

  test('waits no longer than 15 s in all', async () => {
    const { requests } = await whenPosting('#rt=9000&rp=rt&rc=5', ['silent']);
    expect(requests.map(({ atMs }) => atMs)).toEqual([0, 9_000]);
  });
});

test.each([
  ['#rc=6', { retries: 1 }],
  ['#rc=many', { retries: 1 }],
  ['#rt=50&tt=99999', { readMs: 15_000, totalMs: 15_000 }],
  ['#rp=nonsense', { retryOn: new Set() }],
  ['', { readMs: 15_000, totalMs: 15_000, retries: 1, retryOn: new Set(['ct']) }],
])('what is out of range in "%s" is as if it were not there', (fragment, expected) => {
  expect(connectionOptions(URL_ + fragment)).toMatchObject(expected);
});
