/** What callers get whom no agent can serve: at the voice webhook, and when their stream is over. */
import { describe, expect, test } from 'vitest';
import type { Next } from '../../../src/call/index.ts';
import type { Calls, Goodbye } from '../../../src/http/index.ts';
import { Failure, type FailureCode } from '../../../src/lib/index.ts';
import { readTwiml } from '../../../src/simulator/phone/twiml.ts';
import { notingCalls, startService, VOICE_FORM } from './service.ts';

const SAY: Goodbye = { say: 'Goodbye.', voice: 'Polly.Amy', language: 'en-GB' };
const TRANSFER: Goodbye = { ...SAY, transfer: { to: '+15550142', timeoutSeconds: 15 } };
const SIP: Goodbye = { transfer: { to: 'sip:desk@example.com', timeoutSeconds: 15, callerId: '+15550100' } };
const VOICEMAIL: Goodbye = { ...SAY, voicemail: { prompt: 'Speak now.', maxSeconds: 60 } };
const RECORDING: Goodbye = { recording: { name: 'front-desk' } };
/** The agent's, and the default agent's for everybody else. */
const knowing = (own: Goodbye | undefined, byDefault?: Goodbye) => (agent: string | undefined) =>
  agent === 'front-desk' ? own : byDefault;

const say = { verb: 'say', text: 'Goodbye.' };
const apology = { verb: 'play', url: 'https://bridge.example/sounds/apology.wav' };
const own = { verb: 'play', url: 'https://bridge.example/sounds/front-desk.wav' };
const hangup = { verb: 'hangup' };
const dial = (to: string) => ({
  verb: 'dial',
  to,
  action: 'https://bridge.example/twilio/transfer-ended?agent=front-desk#rc=3&rp=ct,rt,5xx&rt=5000',
  ringsMs: 15_000,
});
const record = {
  verb: 'record',
  action: 'https://bridge.example/twilio/voicemail-ended#rc=3&rp=ct,rt,5xx&rt=5000',
  statusCallback: 'https://bridge.example/twilio/recording#rc=3&rp=ct,rt,5xx&rt=5000',
  maxLengthMs: 60_000,
};
const prompt = { verb: 'say', text: 'Speak now.' };

/** What Twilio is told when the call cannot be taken, for this reason. */
async function refused(code: FailureCode, goodbye: Goodbye | undefined) {
  const ring = () => Promise.reject(new Failure(code, 'not now'));
  const service = await startService({ calls: notingCalls({ ring }), goodbyeOf: knowing(goodbye) });
  const response = await service.post('/twilio/voice', VOICE_FORM);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/xml/);
  return readTwiml(await response.text());
}

/** What Twilio is told when the stream is over and the call has failed; the number is the front desk's, unless it is nobody's. */
async function following(
  next: Next,
  goodbyeOf: (agent: string | undefined) => Goodbye | undefined,
  calls: Partial<Calls> = {},
) {
  const service = await startService({ calls: notingCalls({ afterStream: async () => next, ...calls }), goodbyeOf });
  const response = await service.post('/twilio/stream-ended', { ...VOICE_FORM, CallStatus: 'in-progress' });
  expect(response.status).toBe(200);
  return readTwiml(await response.text());
}

describe('a caller whose call failed', () => {
  const failed = { do: 'fallback', agent: 'front-desk' } as const;

  test.each<[string, Goodbye | undefined, readonly object[], readonly object[]]>([
    ['nothing of its own', undefined, [apology, hangup], [hangup]],
    ['words', SAY, [say, hangup], [hangup]],
    ['a recording', RECORDING, [own, hangup], [hangup]],
    ['words and a transfer', TRANSFER, [say, dial('+15550142')], [dial('+15550142')]],
    [
      'a transfer alone, to a SIP address',
      SIP,
      [apology, dial('sip:desk@example.com')],
      [dial('sip:desk@example.com')],
    ],
    ['words and voicemail', VOICEMAIL, [say, prompt, record, hangup], [prompt, record, hangup]],
  ])('gets of an agent with %s all of it, and of its words none that were heard', async (_, goodbye, whole, rest) => {
    expect(await following(failed, knowing(goodbye))).toMatchObject(whole);
    expect(await following({ ...failed, heard: false }, knowing(goodbye))).toMatchObject(whole);
    expect(await following({ ...failed, heard: true }, knowing(goodbye))).toMatchObject(rest);
    expect(await refused('INTERNAL', goodbye)).toMatchObject(whole);
  });

  test('and whose agent nobody knows any more gets what the default agent has', async () => {
    const verbs = [{ verb: 'say' }, { verb: 'dial', action: expect.stringContaining('?agent=gone%20%26%20away#') }];
    expect(await following({ do: 'fallback', agent: 'gone & away' }, knowing(SAY, TRANSFER))).toMatchObject(verbs);
    const nobody = { agentFor: () => undefined };
    const unnamed = await following({ do: 'fallback' }, knowing(undefined, TRANSFER), nobody);
    expect(unnamed[1]).toMatchObject({
      action: 'https://bridge.example/twilio/transfer-ended#rc=3&rp=ct,rt,5xx&rt=5000',
    });
  });
});

test('a caller whose agent the answer does not name gets what the agent of the number has', async () => {
  expect(await following({ do: 'fallback' }, knowing(SAY, TRANSFER))).toMatchObject([say, hangup]);
});

describe('a caller for whom there is no place', () => {
  test.each(['SERVICE_FULL', 'SERVICE_OVERLOADED', 'AGENT_FULL', 'CALLER_LIMIT', 'LIVE_FULL'] as const)(
    '(%s) hears that the line is busy',
    async (code) => {
      for (const goodbye of [undefined, SAY, RECORDING]) {
        expect(await refused(code, goodbye)).toEqual([{ verb: 'reject', reason: 'busy' }]);
      }
    },
  );

  test('is put through, or leaves a message, without words about a failure', async () => {
    expect(await refused('SERVICE_FULL', TRANSFER)).toMatchObject([dial('+15550142')]);
    expect(await refused('SERVICE_FULL', VOICEMAIL)).toMatchObject([prompt, record, hangup]);
  });
});

describe('a number that no agent answers', () => {
  test.each<[string, Goodbye | undefined, readonly object[]]>([
    ['turned down', undefined, [{ verb: 'reject', reason: 'rejected' }]],
    ['answered by the goodbye of the default agent', TRANSFER, [say, { verb: 'dial', to: '+15550142' }]],
  ])('is %s', async (_, byDefault, verbs) => {
    const service = await startService({ goodbyeOf: knowing(SAY, byDefault) });
    const response = await service.post('/twilio/voice', { ...VOICE_FORM, To: '+19990000000' });
    expect(readTwiml(await response.text())).toMatchObject(verbs);
  });

  test('because its agent is gone meanwhile, is turned down as well', async () => {
    expect(await refused('AGENT_UNKNOWN', undefined)).toEqual([{ verb: 'reject', reason: 'rejected' }]);
  });
});
