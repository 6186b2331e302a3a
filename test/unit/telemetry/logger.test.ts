import { expect, test } from 'vitest';
import { Failure } from '../../../src/lib/index.ts';
import { createLogger, type LogLevel } from '../../../src/telemetry/index.ts';

function recorded(level: LogLevel = 'info') {
  const lines: string[] = [];
  const logger = createLogger({ level, destination: { write: (line: string) => void lines.push(line) } });
  return { logger, lines, fields: (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? '{}') };
}

test('a line says which service wrote it, when, and what its fields are', () => {
  const { logger, fields } = recorded();
  logger.info({ callId: 'CA1', durationMs: 1200 }, 'call ended');
  expect(fields()).toMatchObject({ service: 'callbridge', callId: 'CA1', durationMs: 1200, msg: 'call ended' });
  expect(fields()['time']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(fields()).not.toHaveProperty('hostname');
});

test('what is below the level is not written', () => {
  const { logger, lines } = recorded('warn');
  logger.info('quiet');
  expect(lines).toEqual([]);
});

test('secrets are censored at the top, inside an object, and inside its headers', () => {
  const { logger, lines } = recorded();
  logger.info({ apiKey: 'hush-1', backend: { apiKey: 'hush-2', secret: 'hush-3' } }, 'top and inside');
  logger.info({ headers: { authorization: 'hush-4', 'x-goog-api-key': 'hush-5' } }, 'headers');
  logger.info({ request: { headers: { authorization: 'hush-6', 'x-twilio-signature': 'hush-7' } } }, 'deep headers');
  logger.child({ token: 'hush-8' }).info({ twilio: { authToken: 'hush-9' } }, 'child');
  expect(lines).toHaveLength(4);
  expect(lines.join('')).not.toContain('hush');
  expect(lines[0]).toContain('[secret]');
});

test('an error is written by code and cause, without what an HTTP client hung on it', () => {
  const { logger, fields, lines } = recorded();
  const foreign = Object.assign(new Error('Request failed'), {
    code: 401,
    config: { url: 'https://example.com', headers: { Authorization: 'Bearer hush' } },
  });
  logger.error({ err: new Failure('LIVE_AUTH', 'no token', { cause: foreign }) }, 'session lost');
  expect(fields()['err']).toMatchObject({
    type: 'Failure',
    code: 'LIVE_AUTH',
    message: 'no token',
    cause: { message: 'Request failed', code: 401 },
  });
  expect(lines.join('')).not.toContain('hush');
});

test('an error that is its own cause does not hang the logger', () => {
  const { logger, fields } = recorded();
  const error = new Error('loop');
  error.cause = error;
  logger.error({ err: error }, 'odd');
  expect(fields()['err']).toMatchObject({ message: 'loop', cause: { message: 'loop' } });
});
