/** What an operator writes under `patience.oneMoment`, and what they are told when it is wrong. */
import { describe, expect, test } from 'vitest';
import wavefile from 'wavefile';
import { tone, writeWav } from '../../../src/audio/index.ts';
import { inspectConfig } from '../../../src/config/index.ts';
import { AGENT, asLine, DEVELOPER, givenFiles, problemsOf } from './given.ts';

const inspect = (oneMoment: string, wav?: Uint8Array) => {
  const cwd = givenFiles({
    'config/agents/sales.yaml': `${AGENT}patience: { oneMoment: ${oneMoment} }\n`,
    ...(wav && { 'config/sounds/moment.wav': wav }),
  });
  return { cwd, ...inspectConfig({ env: DEVELOPER, cwd }) };
};
const wavOf = (lengthMs: number, rateHz = 8_000): Uint8Array =>
  writeWav(new Int16Array((lengthMs * rateHz) / 1_000), rateHz);
const inForm = (channels: number, bitDepth: string): Uint8Array => {
  const file = new wavefile.WaveFile();
  const samples = new Int16Array(tone({ hz: 440, lengthMs: 100, dbov: -20 }, 8000));
  file.fromScratch(channels, 8_000, '16', channels === 1 ? samples : [samples, samples]);
  if (bitDepth === '8m') file.toMuLaw();
  else if (bitDepth !== '16') file.toBitDepth(bitDepth);
  return file.toBuffer();
};

describe('a caller who waits is asked for a moment', () => {
  test.each([
    ['{}', { afterMs: 4_000, recordingPath: undefined }],
    ['{ afterMs: 1000 }', { afterMs: 1_000, recordingPath: undefined }],
    ['false', undefined],
  ])('as %s says', (yaml, oneMoment) => {
    const { agents, problems } = inspect(yaml);
    expect(problems.map(asLine)).toEqual([]);
    expect(agents[0]?.patience?.oneMoment).toEqual(oneMoment);
  });

  test.each([
    ['of five seconds', wavOf(5_000)],
    ['in μ-law', inForm(1, '8m')],
  ])('by a recording %s', (_, wav) => {
    const { cwd, agents, problems } = inspect('{ play: moment.wav }', wav);
    expect(problems.map(asLine)).toEqual([]);
    expect(agents[0]?.patience?.oneMoment).toEqual({
      afterMs: 4_000,
      recordingPath: `${cwd}/config/sounds/moment.wav`,
    });
  });
});

test.each([
  ['true', 'patience.oneMoment: must be false, or a map of afterMs and play'],
  ['{ afterMs: 999 }', 'patience.oneMoment.afterMs: must be at least 1000'],
  ['{ afterMs: 60001 }', 'patience.oneMoment.afterMs: must be at most 60000'],
  ['{ afterMs: 4.5 }', 'patience.oneMoment.afterMs: must be a whole number, not 4.5'],
  ['{ say: One moment. }', 'patience.oneMoment.say: is not a known key'],
  ['{ play: ../m.wav }', 'patience.oneMoment.play: must be the name of a WAV file in config/sounds'],
  ['{ play: nowhere.wav }', 'patience.oneMoment.play: config/sounds/nowhere.wav cannot be read (ENOENT'],
])('%s is refused', (yaml, complaint) => {
  const [problem, ...others] = problemsOf(`patience: { oneMoment: ${yaml} }\n`);
  expect(others).toEqual([]);
  expect(problem).toContain(`config/agents/sales.yaml:3 ${complaint}`);
});

const OTHER_FORM =
  'must be 16-bit PCM, μ-law or A-law with 8000 samples a second, in one channel, to be heard on the stream';

test.each<[string, Uint8Array, string]>([
  ['longer than five seconds', wavOf(5_100), 'must last at most 5 s, not 6 s'],
  ['at 24 kHz', wavOf(500, 24_000), OTHER_FORM],
  ['in stereo', inForm(2, '16'), OTHER_FORM],
  ['of 24 bits', inForm(1, '24'), OTHER_FORM],
  ['of nothing', wavOf(0), 'holds no sound'],
  ['that is none', Buffer.from('ID3 an mp3'), 'is no WAV file'],
])('a recording %s is refused: the stream is all that there is to play it', (_, wav, complaint) => {
  expect(inspect('{ play: moment.wav }', wav).problems.map(asLine)).toEqual([
    `config/agents/sales.yaml:3 patience.oneMoment.play: config/sounds/moment.wav ${complaint}`,
  ]);
});
