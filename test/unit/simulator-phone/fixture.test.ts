/** Fixture calls are read strictly: what is wrong is named with its place, and the ones that we ship are right. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { g711, readWav, rmsDbov, upsampler8to16 } from '../../../src/audio/index.ts';
import { Failure } from '../../../src/lib/index.ts';
import { matchesHeard } from '../../../src/simulator/expectation.ts';
import { listFixtures, loadFixture } from '../../../src/simulator/fixture.ts';
import { createSpeechDetector } from '../../../src/simulator/live/speech-detector.ts';
import { loadSound } from '../../../src/simulator/phone/sound.ts';
import { SHIPPED_CALLS } from '../../support/shipped.ts';

const ROOT = join(import.meta.dirname, '../../..');
const CALLS = join(ROOT, 'fixtures/calls');
const scratch = mkdtempSync(join(tmpdir(), 'fixture-calls-'));
afterAll(() => rmSync(scratch, { recursive: true }));

describe('the fixtures that we ship', () => {
  test('are these calls, beside those that somebody adds', () => {
    expect(listFixtures(CALLS)).toEqual(expect.arrayContaining(SHIPPED_CALLS));
  });

  test.each(SHIPPED_CALLS)('%s loads, with paths that do not depend on where we are', (name) => {
    const { phone, model, ...fixture } = loadFixture(join(CALLS, name));
    expect(fixture.name).toBe(name);
    const sounds = [...phone.script.map(({ say }) => say), ...model.turns.map(({ sound }) => sound)];
    const wavs = sounds.flatMap((sound) => (sound && 'wav' in sound ? [sound.wav] : []));
    expect(wavs.length).toBeGreaterThan(0);
    expect(wavs.every(isAbsolute)).toBe(true);
  });

  test.each(SHIPPED_CALLS)('%s has a provider without whims, and a good line', (name) => {
    const { habits, faults } = loadFixture(join(CALLS, name)).phone;
    expect(habits).toMatchObject({ brokenStream: { leadsTo: 'action', afterMs: 0 }, stop: true, voiceTwice: false });
    expect(faults).toEqual([]);
  });

  test.each(SHIPPED_CALLS)('%s expects of the agent only what its model says', (name) => {
    const { model, expect: expected } = loadFixture(join(CALLS, name));
    const said = model.turns.map(({ says }) => says ?? '');
    const beginnings = said.flatMap((text) => [...text].map((_, at) => text.slice(0, at)));
    for (const line of expected.lines.filter(({ speaker }) => speaker === 'agent')) {
      if (line.text !== undefined) expect(said).toContain(line.text);
      else expect(line.cut && beginnings.some((text) => matchesHeard(line.heard ?? '', text))).toBe(true);
    }
  });

  const speaking = SHIPPED_CALLS.filter((name) =>
    loadFixture(join(CALLS, name)).phone.script.some(({ say }) => say !== undefined),
  );
  test.each(speaking)('%s: the model hears what the caller says as one turn, not as several', (name) => {
    // The shorter of the silences after which a turn is over: that of an agent's defaults.
    const SILENCE_MS = 600;
    for (const { say } of loadFixture(join(CALLS, name)).phone.script) {
      // A beep is no speech.
      if (say === undefined || 'toneHz' in say) continue;
      const detector = createSpeechDetector();
      detector.restart(SILENCE_MS);
      const edges: string[] = [];
      const quiet = new Uint8Array(16_000).fill(0xff);
      const line = Buffer.concat([quiet, loadSound(say), quiet]);
      detector.push(upsampler8to16().push(g711('ulaw').decode(line)), (edge) => edges.push(edge));
      expect(edges).toEqual(['started', 'ended']);
    }
  });

  test('the apology is 8 kHz, about six seconds, at about −20 dBov', () => {
    const { rateHz, samples } = readWav(readFileSync(join(ROOT, 'sounds/apology.wav')));
    expect(rateHz).toBe(8000);
    expect(samples.length / 8000).toBeGreaterThan(4);
    expect(rmsDbov(samples)).toBeCloseTo(-20, 0);
  });
});

describe('what is refused', () => {
  const good = parse(readFileSync(join(CALLS, 'digits/call.yaml'), 'utf8'));
  const silent = { ...good, model: { turns: [] } };

  function complaintOf(content: string): string {
    const folder = mkdtempSync(join(scratch, 'call-'));
    writeFileSync(join(folder, 'call.yaml'), content);
    try {
      loadFixture(folder);
      return 'none';
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'CONFIG_INVALID') throw error;
      return error.message;
    }
  }

  test('a call like ours without recordings is taken', () => {
    expect(complaintOf(stringify(silent))).toBe('none');
  });

  test.each([
    ['an unknown key', { ...silent, surprise: 1 }, /call\.yaml:\d+ surprise: Unrecognized key: "surprise"/],
    ['no title', { ...silent, title: undefined }, /call\.yaml:\d+ title/],
    [
      'another who neither answers nor does not',
      { ...silent, phone: { ...good.phone, others: [{ number: '+15550166' }] } },
      /call\.yaml:\d+ phone\.others\[0\]\.script: goes with whoever answers, and nobody else/,
    ],
    [
      'another who does what nobody does',
      { ...silent, phone: { ...good.phone, others: [{ number: '+15550166', does: 'buzy' }] } },
      /call\.yaml:\d+ phone\.others\[0\]\.does/,
    ],
    [
      'another whose recording is missing',
      { ...silent, phone: { ...good.phone, others: [{ number: '+15550166', script: [{ say: 'none.wav' }] }] } },
      /no such file: .*none\.wav/,
    ],
    ['a number that is none', { ...silent, phone: { ...good.phone, to: 'reception' } }, /call\.yaml:\d+ phone\.to/],
    [
      'a step with two verbs',
      { ...silent, phone: { ...good.phone, script: [{ wait: 1, press: '1' }] } },
      /call\.yaml:\d+ phone\.script\[0\]/,
    ],
    [
      'a habit that no provider has',
      { ...silent, phone: { ...good.phone, habits: { brokenStream: { leadsTo: 'voicemail' } } } },
      /call\.yaml:\d+ phone\.habits\.brokenStream\.leadsTo/,
    ],
    [
      'a fault without its time',
      { ...silent, phone: { ...good.phone, faults: [{ fault: 'gap', lengthMs: 100 }] } },
      /call\.yaml:\d+ phone\.faults\[0\]\.atMs/,
    ],
    [
      'an outcome that there is not',
      { ...silent, expect: { outcome: 'fine', lines: [] } },
      /call\.yaml:\d+ expect\.outcome/,
    ],
    [
      'a line without words',
      { ...silent, expect: { outcome: 'failed', lines: [{ speaker: 'agent' }] } },
      /a text, a heard, or both/,
    ],
    [
      'a pattern that is none',
      { ...silent, expect: { outcome: 'failed', lines: [{ speaker: 'agent', heard: '/(/' }] } },
      /not a regular expression/,
    ],
    ['an unknown turn', { ...silent, model: { turns: [{ on: 'sneeze' }] } }, /call\.yaml:\d+ model\.turns\[0\]\.on/],
    ['recordings that are not there', good, /no such file: .*agent-greeting\.wav[\s\S]*agent-customer\.wav/],
  ])('%s', (_what, call, complaint) => {
    expect(complaintOf(stringify(call))).toMatch(complaint);
  });

  test('is told in the order of its lines, and a number without quotes with the remedy', () => {
    const lines = ['title: 5', 'description: d', 'phone:', '  from: "+15550100"', '  to: +15550199', '  script: []'];
    const complaint = complaintOf([...lines, 'model: { turns: [] }', 'expect: { outcome: failed }'].join('\n'));
    expect(complaint.split('\n').slice(1)).toEqual([
      '✖ call.yaml:1 title: Invalid input: expected string, received number',
      '✖ call.yaml:5 phone.to: a phone number must stand in quotes, such as "+15550100"',
      expect.stringMatching(/^✖ call\.yaml:6 phone\.script: /),
      expect.stringMatching(/^✖ call\.yaml:8 expect\.lines: /),
    ]);
  });

  test('YAML that is none', () => {
    expect(complaintOf('title: [')).toMatch(/this is no fixture call: .*call\.yaml\n✖/);
  });

  test('a folder that is not there', () => {
    expect(() => loadFixture(join(scratch, 'nowhere'))).toThrow(/cannot be read/);
  });

  test('a directory that is not there has no fixtures', () => {
    expect(listFixtures(join(scratch, 'nowhere'))).toEqual([]);
  });
});

describe('sounds', () => {
  const jfk = join(ROOT, 'fixtures/audio/jfk-8k.wav');

  test('a recording can be cut', () => {
    const whole = loadSound({ wav: jfk });
    expect(whole).toHaveLength(88_000);
    expect(loadSound({ wav: jfk, fromMs: 1_000, toMs: 1_500 })).toEqual(whole.subarray(8_000, 12_000));
  });

  test('a recording at 24 kHz is brought to 8 kHz', () => {
    const wav = join(ROOT, 'fixtures/audio/agent-greeting.wav');
    const { samples } = readWav(readFileSync(wav));
    expect(loadSound({ wav }).length).toBeGreaterThanOrEqual(Math.ceil(samples.length / 3));
  });

  test('another rate is refused by the name of the file', () => {
    const wav = join(ROOT, 'fixtures/audio/jfk-16k.wav');
    expect(() => loadSound({ wav })).toThrow(/jfk-16k\.wav: 8000 or 24000 Hz is wanted, not 16000/);
  });
});

test.each([
  ['nine', 'from nine in the', true],
  ['ten', 'from nine in the', false],
  ['/^from .* the$/', 'from nine in the', true],
  ['/^nine/', 'from nine in the', false],
])('heard %s of "%s" is %s', (heard, said, matches) => {
  expect(matchesHeard(heard, said)).toBe(matches);
});
