/** What a caller hears, and where they are led, when no session can be had: each kind of an agent's fallback, over the whole service. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { tone, toneLevelDbov, writeWav } from '../../src/audio/index.ts';
import { callScript, type FixtureCall, loadFixture, type ScenarioInput } from '../../src/simulator/index.ts';
import { type Replay, type ReplayOptions, replay } from '../support/replay.ts';

const question = loadFixture(join(import.meta.dirname, '../../fixtures/calls/question'));
const noSession: ScenarioInput = { ...question.model, faults: [{ kind: 'quota', sessions: 0 }] };
const SORRY = 'All of us are busy. Goodbye.';
const BUNDLED_MS = 6_329;
const TONE_HZ = 1_200;
const OWN_MS = 2_000;

interface Given {
  readonly fallback: ReplayOptions['fallback'];
  readonly habits?: Partial<FixtureCall['phone']['habits']>;
  /** What the caller does, beside waiting for the end. */
  readonly script?: readonly unknown[];
  readonly started?: () => void;
  readonly model?: ScenarioInput;
}

function callWith({ fallback, habits, script = [], started, model = noSession }: Given): Promise<Replay> {
  const phone = {
    ...question.phone,
    habits: { ...question.phone.habits, ...habits },
    script: callScript.parse([...script, { waitForHangUp: true, withinMs: 90_000 }]),
  };
  return replay({ ...question, phone }, { model, fallback, ...(started && { started }) });
}

/** A recording of the agent's own, on disk until the test is over, or `remove` is called. */
function ownRecording(rateHz: 8000 | 24000): { readonly recording: { name: string; path: string }; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'callbridge-goodbye-'));
  const path = join(folder, 'closed.wav');
  writeFileSync(path, writeWav(tone({ hz: TONE_HZ, lengthMs: OWN_MS, dbov: -10 }, rateHz), rateHz));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  onTestFinished(remove);
  return { recording: { name: 'reception', path }, remove };
}

/** What the provider was told to do, document by document, after the stream. */
const verbsAfterStream = ({ result }: Replay): string[][] =>
  result.twiml.slice(1).map(({ verbs }) => verbs.map(({ verb }) => verb));

/** What was asked of the service after the stream, and how it answered. */
const askedAfterStream = ({ result }: Replay): string[] => {
  const streamEnd = result.events.findIndex(({ type }) => type === 'streamEnded');
  return result.events.slice(streamEnd).flatMap((event) => {
    if (event.type !== 'requested' || event.url.endsWith('/twilio/status')) return [];
    const { pathname, search } = new URL(event.url);
    return [`${pathname}${search} ${event.status}`];
  });
};

const spoken = ({ result }: Replay): string[] =>
  result.events.flatMap((event) => (event.type === 'spoken' ? [event.text] : []));

/** What sounded on the stream, in ms. */
function streamSoundMs({ result }: Replay): number {
  const endMs = result.streams.at(-1)!.endedMs!;
  return result.sounds.reduce((sum, { fromMs, toMs }) => sum + Math.max(0, Math.min(toMs, endMs) - fromMs), 0);
}

function expectFailed({ record, leftArmed }: Replay): void {
  expect(record.outcome).toEqual({ kind: 'failed', fault: 'model', code: 'LIVE_QUOTA' });
  expect(leftArmed).toBe(0);
}

describe('without a fallback', () => {
  test('the words of the service are heard on the stream, and are in the record', async () => {
    const call = await callWith({ fallback: undefined });
    expectFailed(call);
    expect(streamSoundMs(call)).toBeGreaterThan(BUNDLED_MS / 2);
    expect(call.record.lines).toMatchObject([
      { speaker: 'agent', cut: false, text: expect.stringMatching(/^I am sorry/) },
    ]);
    expect(verbsAfterStream(call)).toEqual([['hangup']]);
  });
});

describe('with words to be said', () => {
  test('nothing sounds on the stream, the provider says them at once, and the record has nothing said', async () => {
    const call = await callWith({ fallback: { say: SORRY, voice: 'Polly.Amy', language: 'en-GB' } });
    expectFailed(call);
    expect(streamSoundMs(call)).toBe(0);
    expect(spoken(call)).toEqual([SORRY]);
    expect(verbsAfterStream(call)).toEqual([['say', 'hangup']]);
    expect(call.record.lines).toEqual([]);
    expect(call.record.missing.untranscribedTurns).toBe(0);
    expect(call.result.end).toEqual({ how: 'serviceHungUp' });
    expect(call.result.sounds[0]?.fromMs).toBeLessThan(1_000);
  });

  test('what the agent is saying when its session goes is heard to its end before', async () => {
    const [greeting, ...others] = question.model.turns;
    const fault = { kind: 'close', code: 1008, reason: 'Your project has been denied access.' } as const;
    const call = await callWith({
      fallback: { say: SORRY },
      model: { ...question.model, turns: [{ ...greeting!, fault }, ...others] },
    });
    expect(call.record.outcome).toMatchObject({ kind: 'failed', code: 'LIVE_ACCESS_DENIED' });
    expect(call.record.lines).toMatchObject([
      { speaker: 'agent', cut: false, text: expect.stringMatching(/^Good morning/) },
    ]);
    expect(streamSoundMs(call)).toBeGreaterThan(3_000);
    expect(spoken(call)).toEqual([SORRY]);
  });
});

describe('with a recording', () => {
  test('it is heard on the stream in place of the words of the service, and is in the record', async () => {
    const { recording, remove } = ownRecording(8000);
    const call = await callWith({ fallback: { recording }, started: remove });
    expectFailed(call);
    expect(streamSoundMs(call)).toBeGreaterThanOrEqual(OWN_MS);
    expect(streamSoundMs(call)).toBeLessThan(OWN_MS + 100);
    expect(toneLevelDbov(call.result.heard, 8000, TONE_HZ)).toBeGreaterThan(-20);
    expect(call.record.lines).toMatchObject([{ speaker: 'agent', cut: false, text: '[Recording: closed.wav]' }]);
    expect(verbsAfterStream(call)).toEqual([['hangup']]);
  });

  test('of another form, the provider fetches and plays it, though its file has vanished', async () => {
    const { recording, remove } = ownRecording(24000);
    const call = await callWith({ fallback: { recording }, started: remove });
    expectFailed(call);
    expect(streamSoundMs(call)).toBe(0);
    expect(verbsAfterStream(call)).toEqual([['play', 'hangup']]);
    expect(askedAfterStream(call)).toEqual(['/twilio/stream-ended 200', '/sounds/reception.wav 200']);
    expect(toneLevelDbov(call.result.heard, 8000, TONE_HZ)).toBeGreaterThan(-20);
    expect(call.record.lines).toEqual([]);
  });
});

describe('with a transfer', () => {
  const toNumber = { to: '+15550142', timeoutSeconds: 20 };

  test.each([
    ['a number', toNumber, '+15550142'],
    ['a SIP address', { ...toNumber, to: 'sip:desk@example.com' }, 'sip:desk@example.com'],
  ])('to %s, the caller hears the words and is put through', async (_, transfer, to) => {
    const call = await callWith({ fallback: { say: SORRY, transfer } });
    expectFailed(call);
    expect(spoken(call)).toEqual([SORRY]);
    expect(verbsAfterStream(call)).toEqual([['say', 'dial']]);
    expect(call.result.end).toEqual({ how: 'transferred', to });
  });

  test('the words are the recording that was heard on the stream, and not said again', async () => {
    const { recording } = ownRecording(8000);
    const call = await callWith({ fallback: { recording, transfer: toNumber } });
    expect(streamSoundMs(call)).toBeGreaterThanOrEqual(OWN_MS);
    expect(verbsAfterStream(call)).toEqual([['dial']]);
  });

  test('that ends when the other side hangs up, the call ends', async () => {
    const dialled = { status: 'completed', ringsMs: 2_000, talksMs: 5_000, whenGone: 'no-answer' } as const;
    const call = await callWith({ fallback: { say: SORRY, transfer: toNumber }, habits: { dialled } });
    expect(verbsAfterStream(call)).toEqual([['say', 'dial'], ['hangup']]);
    expect(askedAfterStream(call).at(-1)).toBe('/twilio/transfer-ended?agent=reception 200');
    expect(spoken(call)).toEqual([SORRY]);
  });

  test.each(['busy', 'no-answer', 'failed'] as const)(
    'that comes to nothing (%s) is told of in the same words',
    async (status) => {
      const dialled = { status, ringsMs: 60_000, whenGone: 'no-answer' } as const;
      const call = await callWith({ fallback: { say: SORRY, transfer: toNumber }, habits: { dialled } });
      expect(verbsAfterStream(call)).toEqual([
        ['say', 'dial'],
        ['say', 'hangup'],
      ]);
      expect(spoken(call)).toEqual([SORRY, SORRY]);
      expect(call.result.end).toEqual({ how: 'serviceHungUp' });
    },
  );
});

describe('with voicemail', () => {
  const voicemail = { prompt: 'Please leave a message.', maxSeconds: 30 };

  test('the caller hears words and prompt, leaves a message, and both callbacks are answered', async () => {
    const call = await callWith({
      fallback: { say: SORRY, voicemail },
      script: [{ wait: 6_000 }, { say: { toneHz: 600, lengthMs: 4_000 } }],
    });
    expectFailed(call);
    expect(spoken(call)).toEqual([SORRY, voicemail.prompt]);
    expect(verbsAfterStream(call)).toEqual([['say', 'say', 'record', 'hangup'], ['hangup']]);
    expect(askedAfterStream(call)).toEqual([
      '/twilio/stream-ended 200',
      '/twilio/recording 204',
      '/twilio/voicemail-ended 200',
    ]);
    expect(call.result.recordings).toHaveLength(1);
    expect(call.result.end).toEqual({ how: 'serviceHungUp' });
  });

  test('a caller who says nothing is let go, and nothing is asked', async () => {
    const call = await callWith({ fallback: { say: SORRY, voicemail } });
    expect(call.result.recordings).toEqual([]);
    expect(askedAfterStream(call)).toEqual(['/twilio/stream-ended 200']);
    expect(call.result.end).toEqual({ how: 'serviceHungUp' });
  });

  test('a caller who hangs up in the middle of the message has left it', async () => {
    const call = await callWith({
      fallback: { say: SORRY, voicemail },
      script: [{ wait: 6_000 }, { say: { toneHz: 600, lengthMs: 4_000 } }, 'hangUp'],
    });
    expect(call.result.recordings).toHaveLength(1);
    expect(askedAfterStream(call)).toEqual([
      '/twilio/stream-ended 200',
      '/twilio/recording 204',
      '/twilio/voicemail-ended 200',
    ]);
    expect(call.result.end).toEqual({ how: 'callerHungUp' });
    // What is told of the record was decided when the session was lost.
    expectFailed(call);
  });
});
