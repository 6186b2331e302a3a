/** What each agent's callers hear in its place: on the stream, and by what Twilio fetches. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import wavefile from 'wavefile';
import { rmsDbov, tone, writeWav } from '../../../src/audio/index.ts';
import { loadOwnSounds, type OwnSounds } from '../../../src/cli/own-sounds.ts';
import type { Agent } from '../../../src/config/index.ts';
import { createLogger } from '../../../src/telemetry/index.ts';

const BUNDLED = readFileSync(new URL('../../../sounds/apology.wav', import.meta.url));
const sound = (lengthMs: number) => tone({ hz: 440, lengthMs, dbov: -20 }, 8000);

/** A recording on disk that is removed with the test, and may be before. */
function onDisk(bytes: Uint8Array): { readonly path: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'callbridge-sounds-'));
  const path = join(folder, 'goodbye.wav');
  writeFileSync(path, bytes);
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  onTestFinished(remove);
  return { path, remove };
}

/** As text, which is compared in no time. */
const shelf = ({ recordings }: OwnSounds): string[] =>
  Array.from(recordings, ([name, bytes]) => `${name} ${bytes.toString('base64')}`);
const shelved = (name: string, bytes: Uint8Array): string => `${name} ${Buffer.from(bytes).toString('base64')}`;

const log: string[] = [];
function load(fallbacks: Record<string, Agent['fallback']>): OwnSounds {
  log.length = 0;
  const agents = Object.entries(fallbacks).map(([name, fallback]) => ({ name, fallback }));
  const destination = { write: (line: string) => void log.push(line) };
  return loadOwnSounds(agents, createLogger({ level: 'info', destination }));
}

describe('an agent without words of its own', () => {
  test.each<[string, Agent['fallback']]>([
    ['no fallback', undefined],
    ['a transfer alone', { transfer: { to: '+15550199', timeoutSeconds: 20 } }],
    ['voicemail alone', { voicemail: { prompt: 'Speak.', maxSeconds: 60 } }],
  ])('with %s has those of the service', (_, fallback) => {
    const sounds = load({ sales: fallback });
    const { apologyOf: of } = sounds;
    expect(of('sales')).toMatchObject({ text: expect.stringMatching(/^I am sorry/) });
    expect(of('sales')?.samples).toHaveLength((BUNDLED.length - 44) / 2);
    expect(of('an agent that is gone')).toBe(of('sales'));
    expect(shelf(sounds)).toEqual([shelved('apology', BUNDLED)]);
  });
});

describe('an agent with words to be said', () => {
  test('says nothing on the stream, whatever another agent does', () => {
    const { apologyOf: of } = load({ sales: { say: 'Goodbye.' }, desk: undefined });
    expect(of('sales')).toBeUndefined();
    expect(of('desk')).toBeDefined();
  });
});

describe('an agent with a recording', () => {
  test('has it on the stream, and on the shelf of what Twilio fetches', () => {
    const bytes = Buffer.from(writeWav(sound(1_000), 8_000));
    const sounds = load({ sales: { recording: { name: 'sales', path: onDisk(bytes).path } } });
    const { samples, text } = sounds.apologyOf('sales')!;
    expect(Array.from(samples)).toEqual(Array.from(sound(1_000)));
    expect(text).toBe('[Recording: goodbye.wav]');
    expect(shelf(sounds)).toEqual([shelved('apology', BUNDLED), shelved('sales', bytes)]);
    expect(log).toEqual([]);
  });

  test('may share it with another agent, and neither holds a copy', () => {
    const { path } = onDisk(writeWav(sound(100), 8_000));
    const { recordings } = load({
      sales: { recording: { name: 'sales', path } },
      desk: { recording: { name: 'desk', path } },
    });
    expect(recordings.get('sales')).toBe(recordings.get('desk'));
  });

  test('keeps it when the file vanishes', () => {
    const { path, remove } = onDisk(writeWav(sound(100), 8_000));
    const { apologyOf: of, recordings } = load({ sales: { recording: { name: 'sales', path } } });
    remove();
    expect(of('sales')?.samples).toHaveLength(800);
    expect(recordings.get('sales')).toHaveLength(44 + 1_600);
  });

  test('cannot start without it', () => {
    expect(() => load({ sales: { recording: { name: 'sales', path: '/nowhere/goodbye.wav' } } })).toThrow(/ENOENT/);
  });

  const stereo = new wavefile.WaveFile();
  stereo.fromScratch(2, 44_100, '16', [new Int16Array(4_410), new Int16Array(4_410)]);
  const promisesMore = Buffer.from(writeWav(sound(1_000), 8_000)).subarray(0, 4_000);
  test.each<[string, Uint8Array, string]>([
    ['in stereo at 44.1 kHz', stereo.toBuffer(), 'recording of another form than the stream is played after it'],
    [
      'at 24 kHz',
      writeWav(new Int16Array(2_400), 24_000),
      'recording of another form than the stream is played after it',
    ],
    ['of 21 s', writeWav(sound(21_000), 8_000), 'recording too long for the stream is played after it'],
  ])('%s leaves it to Twilio, and says so at start', (_, bytes, message) => {
    const sounds = load({ sales: { recording: { name: 'sales', path: onDisk(bytes).path } } });
    expect(sounds.apologyOf('sales')).toBeUndefined();
    expect(shelf(sounds)[1]).toBe(shelved('sales', bytes));
    expect(log.map((line) => JSON.parse(line))).toMatchObject([{ agent: 'sales', file: 'goodbye.wav', msg: message }]);
  });

  test('that lasts twenty seconds has all of it on the stream, and one that was cut what is there', () => {
    const { apologyOf: of } = load({
      sales: { recording: { name: 'sales', path: onDisk(writeWav(sound(20_000), 8_000)).path } },
      desk: { recording: { name: 'desk', path: onDisk(promisesMore).path } },
    });
    expect(of('sales')?.samples).toHaveLength(160_000);
    expect(of('desk')?.samples).toHaveLength((4_000 - 44) / 2);
  });
});

test('a notice is served by its own name, and said nowhere on the stream', () => {
  const bytes = writeWav(sound(1_000), 8_000);
  const { path, remove } = onDisk(bytes);
  const notice = { recording: { name: 'sales.notice', path }, lengthMs: 60_000 };
  const sounds = loadOwnSounds([{ name: 'sales', notice }], createLogger({ level: 'silent' }));
  remove();
  expect(shelf(sounds)).toEqual([shelved('apology', BUNDLED), shelved('sales.notice', bytes)]);
  expect(sounds.apologyOf('sales')).toMatchObject({ text: expect.stringMatching(/^I am sorry/) });
});

describe('a caller who waits is asked for a moment', () => {
  const patience = { answerMs: 4_000, stallMs: 3_000, nudgeMs: 4_000, resumeMs: 4_000, afreshMs: 4_000 };

  test('by the service’s own recording, whatever the agent says when it is gone for good', () => {
    const { oneMomentOf } = load({ sales: { say: 'Goodbye.' } });
    const { samples, text } = oneMomentOf('sales');
    expect(text).toBe('One moment, please.');
    // A second and a half, at the level of the apology.
    expect(samples.length / 8_000).toBeCloseTo(1.5, 0);
    expect(rmsDbov(samples)).toBeCloseTo(-21, 0);
    expect(oneMomentOf('an agent that is gone')).toBe(oneMomentOf('sales'));
  });

  test('by the agent’s own, which Twilio does not fetch', () => {
    const { path, remove } = onDisk(writeWav(sound(800), 8_000));
    const oneMoment = { afterMs: 4_000, recordingPath: path };
    const sounds = loadOwnSounds(
      [{ name: 'sales', patience: { ...patience, oneMoment } }],
      createLogger({ level: 'silent' }),
    );
    remove();
    const { samples, text } = sounds.oneMomentOf('sales');
    expect(samples).toHaveLength(6_400);
    expect(text).toBe('[Recording: goodbye.wav]');
    expect(shelf(sounds)).toEqual([shelved('apology', BUNDLED)]);
  });
});
