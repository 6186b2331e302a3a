/** Signed requests to a receiver, over a real server: what is sent, and every way in which no answer comes. */
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { NoAnswer, postSigned } from '../../../src/webhooks/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { START_SECRET, startReceiver } from '../../support/start-receiver.ts';

const post = (url: string, more: Partial<Parameters<typeof postSigned>[0]> = {}) =>
  postSigned({
    url,
    secret: START_SECRET,
    id: 'call_ringing_CA1',
    body: '{"type":"call.ringing"}',
    clock: new ManualClock(Date.now()),
    deadlineMs: 2_000,
    maxAnswerBytes: 10,
    ...more,
  });

test('what is sent can be verified, and the answer is given whole', async () => {
  const receiver = await startReceiver((response) => response.writeHead(201).end('0123456789'));
  expect(await post(receiver.url)).toEqual({ status: 201, body: '0123456789' });
  const [{ headers, body }] = receiver.asked as [(typeof receiver.asked)[number]];
  const verified = new Webhook(START_SECRET).verify(body, headers as Record<string, string>);
  expect(verified).toEqual({ type: 'call.ringing' });
});

test('an answer without end is not read to it', async () => {
  const receiver = await startReceiver((response) => {
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(1_000)));
    };
    response.on('drain', more);
    more();
  });
  expect(await post(receiver.url)).toEqual({ status: 200, body: undefined });
});

test('a redirect is an answer, and nobody else is asked', async () => {
  const other = await startReceiver({});
  const receiver = await startReceiver((response) => response.writeHead(302, { location: other.url }).end());
  expect(await post(receiver.url)).toEqual({ status: 302, body: '' });
  expect(other.asked).toEqual([]);
});

test.each([
  ['the head of the answer', ''],
  ['its end', '0'],
])('the deadline is for all of it: %s does not come', async (_what, begun) => {
  const clock = new ManualClock(Date.now());
  let came = (): void => undefined;
  const asked = new Promise<void>((resolve) => {
    came = resolve;
  });
  const receiver = await startReceiver((response) => {
    if (begun !== '') response.write(begun);
    came();
  });
  const waiting = post(receiver.url, { clock });
  await asked;
  await clock.advance(1_999);
  expect(clock.armed).toBe(1);
  const refused = expect(waiting).rejects.toThrow(new NoAnswer('gave no answer within 2000 ms'));
  await clock.advance(1);
  await refused;
});

test('who cannot be reached is told of by a word, and the URL is not repeated', async () => {
  const refused = post('http://127.0.0.1:1/a-secret-path');
  await expect(refused).rejects.toThrow(NoAnswer);
  await expect(refused).rejects.not.toThrow(/secret-path/);
});
