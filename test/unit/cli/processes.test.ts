/** How many processes `serve` is. */
import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { processCount } from '../../../src/cli/processes.ts';

const twilio = { authToken: 'token', insecure: false };
const shared = { queue: { redisUrl: 'redis://localhost' }, twilio };

test('with Redis it is as many as there are cores, or as are asked for', () => {
  expect(processCount(undefined, shared)).toBe(Math.min(64, availableParallelism()));
  expect([1, 3, 64].map((asked) => processCount(asked, shared))).toEqual([1, 3, 64]);
});

test.each([
  ['Redis', { ...shared, queue: {} }, 'set REDIS_URL'],
  ['an auth token', { ...shared, twilio: { insecure: true } }, 'set TWILIO_AUTH_TOKEN'],
])('without %s it is one, and several are refused with what to do', (_, config, remedy) => {
  expect([undefined, 1].map((asked) => processCount(asked, config))).toEqual([1, 1]);
  expect(() => processCount(2, config)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(remedy) }),
  );
});
