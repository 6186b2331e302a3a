import { describe, expect, test } from 'vitest';
import { Failure } from '../../../src/lib/index.ts';
import { judgeClose, judgeFailure, judgeRefusal } from '../../../src/live/closes.ts';

describe('a closed socket', () => {
  // The reasons are the service's own words.
  test.each([
    [
      1007,
      `Invalid JSON payload received. Unknown name "x" at 'setup': Cannot find field.`,
      'LIVE_SETUP_INVALID',
      'fatal',
    ],
    [1007, `Invalid value at 'tool_response.function_responses[0].scheduling'`, 'LIVE_SETUP_INVALID', 'fatal'],
    [1007, 'Request contains an invalid argument.', 'LIVE_REJECTED_ARGUMENT', 'fresh'],
    [1007, 'API key not valid. Please pass a valid API key.', 'LIVE_AUTH', 'fatal'],
    [
      1007,
      'The requested combination of response modalities (TEXT) is not supported by the model.',
      'LIVE_SETUP_INVALID',
      'fatal',
    ],
    [
      1008,
      'models/gemini-9 is not found for API version v1beta, or is not supported for bidiGenerateContent. Call ListMod',
      'LIVE_MODEL_UNKNOWN',
      'fatal',
    ],
    [1008, 'Requested entity was not found.', 'LIVE_HANDLE_DEAD', 'fresh'],
    [1008, 'Operation is not implemented, or supported, or enabled.', 'LIVE_UNSUPPORTED', 'switch'],
    [1008, 'Your project has been denied access. Please contact support.', 'LIVE_ACCESS_DENIED', 'fatal'],
    [1008, 'The operation was aborted.', 'LIVE_LIFETIME', 'resume'],
    [1011, 'Internal error encountered.', 'LIVE_INTERNAL', 'resume'],
    [1011, 'Internal error occurred.', 'LIVE_INTERNAL', 'resume'],
    [1011, 'You exceeded your current quota, please check your plan and billing details.', 'LIVE_QUOTA', 'fatal'],
    [1011, 'Deadline expired before operation could complete.', 'LIVE_LIFETIME', 'resume'],
    [1011, 'The service is currently unavailable.', 'LIVE_UNAVAILABLE', 'resume'],
    [1000, '', 'LIVE_LOST', 'resume'],
    [1001, '', 'LIVE_LOST', 'resume'],
    [1006, '', 'LIVE_LOST', 'resume'],
    // Never seen so far.
    [1007, 'Something new.', 'LIVE_REJECTED_ARGUMENT', 'fresh'],
    [1008, 'Something new.', 'LIVE_LOST', 'resume'],
    [1011, '', 'LIVE_INTERNAL', 'resume'],
    [4321, 'Internal error encountered.', 'LIVE_LOST', 'resume'],
  ] as const)('%i "%s" means %s: %s', (close, reason, code, action) => {
    const verdict = judgeClose(close, reason);
    expect({ code: verdict.failure.code, action: verdict.action }).toEqual({ code, action });
    expect(verdict.failure.message).toContain(`${close}`);
    // The service cuts its reasons, in the middle of a word if need be.
    const cut = judgeClose(close, reason.slice(0, 40));
    expect({ code: cut.failure.code, action: cut.action }).toEqual({ code, action });
  });
});

describe('a refused socket', () => {
  test.each([
    [401, 'LIVE_AUTH', 'fatal'],
    [403, 'LIVE_ACCESS_DENIED', 'fatal'],
    [429, 'LIVE_QUOTA', 'resume'],
    [503, 'LIVE_UNAVAILABLE', 'resume'],
    [500, 'LIVE_HANDSHAKE', 'resume'],
    [502, 'LIVE_HANDSHAKE', 'resume'],
    [408, 'LIVE_HANDSHAKE', 'resume'],
    [400, 'LIVE_HANDSHAKE', 'fatal'],
    [404, 'LIVE_HANDSHAKE', 'fatal'],
    [302, 'LIVE_HANDSHAKE', 'fatal'],
  ] as const)('HTTP %i means %s: %s', (status, code, action) => {
    const verdict = judgeRefusal(status);
    expect({ code: verdict.failure.code, action: verdict.action }).toEqual({ code, action });
  });
});

test('what we find out ourselves is tried again where that can help', () => {
  expect(judgeFailure(new Failure('LIVE_SETUP_TIMEOUT', '')).action).toBe('resume');
  expect(judgeFailure(new Failure('LIVE_AUTH', '')).action).toBe('fatal');
  expect(judgeFailure(new Failure('LIVE_FULL', '')).action).toBe('fatal');
});
