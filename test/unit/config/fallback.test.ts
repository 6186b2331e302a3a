/** What an operator writes under `fallback` and `notice`: what becomes of it, and what they are told when it is wrong. */
import { describe, expect, test } from 'vitest';
import { tone, writeWav } from '../../../src/audio/index.ts';
import { inspectConfig } from '../../../src/config/index.ts';
import { AGENT, asLine, DEVELOPER, givenFiles, problemsOf } from './given.ts';

const WAV = writeWav(tone({ hz: 440, lengthMs: 100, dbov: -20 }, 8000), 8_000);

const inspect = (yaml: string, files: Record<string, string | Uint8Array> = {}) => {
  const cwd = givenFiles({ 'config/agents/sales.yaml': AGENT + yaml, ...files });
  return { cwd, ...inspectConfig({ env: DEVELOPER, cwd }) };
};

describe('a fallback', () => {
  test.each([
    ['{}', {}],
    ['{ say: " Call again later. " }', { say: 'Call again later.' }],
    [
      '{ say: Leider nicht., voice: Polly.Vicki-Neural, language: de-DE }',
      { say: 'Leider nicht.', voice: 'Polly.Vicki-Neural', language: 'de-DE' },
    ],
    ['{ transfer: { to: "+15550142" } }', { transfer: { to: '+15550142', timeoutSeconds: 20 } }],
    [
      '{ transfer: { to: "sip:desk@example.com;transport=tls", timeoutSeconds: 120, callerId: "+15550100" } }',
      { transfer: { to: 'sip:desk@example.com;transport=tls', timeoutSeconds: 120, callerId: '+15550100' } },
    ],
    ['{ voicemail: {} }', { voicemail: { prompt: 'Please leave a message after the tone.', maxSeconds: 120 } }],
    [
      '{ say: Sorry., voicemail: { prompt: Speak., maxSeconds: 3600 } }',
      { say: 'Sorry.', voicemail: { prompt: 'Speak.', maxSeconds: 3_600 } },
    ],
  ])('of %s is understood', (yaml, fallback) => {
    const { problems, agents } = inspect(`fallback: ${yaml}\n`);
    expect(problems.map(asLine)).toEqual([]);
    expect(agents[0]?.fallback).toEqual(fallback);
  });

  test('that plays a recording knows where it lies, under the name of its agent', () => {
    const { cwd, problems, agents } = inspect('fallback: { play: goodbye.wav, voicemail: {} }\n', {
      'config/sounds/goodbye.wav': WAV,
    });
    expect(problems.map(asLine)).toEqual([]);
    expect(agents[0]?.fallback).toEqual({
      recording: { name: 'sales', path: `${cwd}/config/sounds/goodbye.wav` },
      voicemail: { prompt: 'Please leave a message after the tone.', maxSeconds: 120 },
    });
  });

  test.each([
    ['', 'fallback: must be a map of keys and values, not empty'],
    ['Sorry.', 'fallback: must be a map of keys and values, not "Sorry."'],
    ['{ sai: a }', 'fallback.sai: is not a known key; did you mean "say"?'],
    ['{ say: " " }', 'fallback.say: must not be empty'],
    ['{ say: 5 }', 'fallback.say: must be text, not 5'],
    [`{ say: ${'x'.repeat(4_097)} }`, 'fallback.say: must have at most 4096 characters'],
    ['{ say: a, play: b.wav }', 'fallback.play: stands beside say: leave one of them out'],
    ['{ play: ../b.wav }', 'fallback.play: must be the name of a WAV file in config/sounds, such as goodbye.wav'],
    ['{ play: b.mp3 }', 'fallback.play: must be the name of a WAV file in config/sounds, such as goodbye.wav'],
    ['{ say: a, voice: Polly Amy }', 'fallback.voice: must be the name of a Twilio voice, such as Polly.Joanna-Neural'],
    ['{ say: a, language: en }', 'fallback.language: must be a language with its region, such as en-US'],
    ['{ transfer: {} }', 'fallback.transfer.to: is missing: text is expected'],
    [
      '{ transfer: { to: +15550142 } }',
      'fallback.transfer.to: a phone number must stand in quotes, such as "+15551230100"',
    ],
    [
      '{ transfer: { to: "tel:+15550142" } }',
      'fallback.transfer.to: must be a phone number such as "+15551230100" or a SIP address such as "sip:desk@example.com"',
    ],
    ['{ transfer: { to: "+15550142", timeoutSeconds: 4 } }', 'fallback.transfer.timeoutSeconds: must be at least 5'],
    ['{ transfer: { to: "+15550142", timeoutSeconds: 121 } }', 'fallback.transfer.timeoutSeconds: must be at most 120'],
    [
      '{ transfer: { to: "+15550142", timeoutSeconds: 7.5 } }',
      'fallback.transfer.timeoutSeconds: must be a whole number, not 7.5',
    ],
    [
      '{ transfer: { to: "+15550142", callerId: +15550100 } }',
      'fallback.transfer.callerId: a phone number must stand in quotes, such as "+15551230100"',
    ],
    [
      '{ transfer: { to: "+15550142", callerId: "sip:a@b" } }',
      'fallback.transfer.callerId: must be a phone number such as "+15551230100"',
    ],
    [
      '{ transfer: { to: "+15550142" }, voicemail: {} }',
      'fallback.voicemail: stands beside transfer: leave one of them out',
    ],
    ['{ voicemail: true }', 'fallback.voicemail: must be a map of keys and values, not true'],
    ['{ voicemail: { prompt: "" } }', 'fallback.voicemail.prompt: must not be empty'],
    ['{ voicemail: { maxSeconds: 4 } }', 'fallback.voicemail.maxSeconds: must be at least 5'],
    ['{ voicemail: { maxSeconds: 3601 } }', 'fallback.voicemail.maxSeconds: must be at most 3600'],
  ])('of %s is refused', (yaml, complaint) => {
    expect(problemsOf(`fallback: ${yaml}\n`)).toEqual([`config/agents/sales.yaml:3 ${complaint}`]);
  });
});

describe('a recording', () => {
  test('that is not there is told of at start, with where it was looked for', () => {
    const [problem, ...others] = problemsOf('fallback: { play: nowhere.wav }\n');
    expect(others).toEqual([]);
    expect(problem).toMatch(
      /^config\/agents\/sales\.yaml:3 fallback\.play: config\/sounds\/nowhere\.wav cannot be read \(ENOENT/,
    );
  });

  test('that is none is told of at start', () => {
    const { problems } = inspect('fallback: { play: goodbye.wav }\n', { 'config/sounds/goodbye.wav': 'ID3 an mp3' });
    expect(problems.map(asLine)).toEqual([
      'config/agents/sales.yaml:3 fallback.play: config/sounds/goodbye.wav is no WAV file',
    ]);
  });

  test('of an agent that is called as the recording of the service is refused', () => {
    const cwd = givenFiles({
      'config/agents/apology.yaml': `${AGENT}fallback: { play: goodbye.wav }\n`,
      'config/sounds/goodbye.wav': WAV,
    });
    expect(inspectConfig({ env: DEVELOPER, cwd }).problems.map(asLine)).toEqual([
      'config/agents/apology.yaml:3 fallback.play: an agent of the name "apology" can have no recording',
    ]);
  });
});

describe('a transfer', () => {
  test.each([
    ['its own number', 'answers: ["+15550142"]\nfallback: { transfer: { to: "+15550142" } }\n', 'sales'],
    [
      'its own SIP address in another form',
      'answers: ["sip:desk@example.com"]\nfallback: { transfer: { to: "sip:desk@EXAMPLE.com:5061" } }\n',
      'sales',
    ],
  ])('to %s is refused: it would never end', (_, yaml, owner) => {
    expect(problemsOf(yaml)).toEqual([
      `config/agents/sales.yaml:4 fallback.transfer.to: is answered by ${owner}: the call would come back here`,
    ]);
  });

  test("to another agent's number is refused as well", () => {
    const { problems } = inspect('fallback: { transfer: { to: "+15550142" } }\n', {
      'config/agents/desk.yaml': 'instruction: Be brief.\nanswers: ["+15550142"]\n',
    });
    expect(problems.map(asLine)).toEqual([
      'config/agents/sales.yaml:3 fallback.transfer.to: is answered by desk: the call would come back here',
    ]);
  });
});

describe('a notice', () => {
  test('is said, or played from a file that is there', () => {
    const said = inspect('notice: { say: " Hello. ", language: en-GB }\n');
    expect(said.agents[0]?.notice).toEqual({ say: 'Hello.', language: 'en-GB', lengthMs: 600 });
    const { cwd, problems, agents } = inspect('notice: { play: n.wav }\n', { 'config/sounds/n.wav': WAV });
    expect(problems.map(asLine)).toEqual([]);
    const recording = { name: 'sales.notice', path: `${cwd}/config/sounds/n.wav` };
    expect(agents[0]?.notice).toEqual({ recording, lengthMs: 60_000 });
  });

  test('is thought to be said slowly: figures, and characters that are syllables, take three times as long', () => {
    const lengthOf = (say: string) => inspect(`notice: { say: "${say}" }\n`).agents[0]?.notice?.lengthMs;
    expect(lengthOf('x'.repeat(1_200))).toBe(120_000);
    expect(lengthOf('録音しています')).toBe(2_334);
    expect(lengthOf('911')).toBe(1_000);
  });

  test.each([
    ['{}', 'notice: must have either say or play'],
    ['{ say: Hello., play: n.wav }', 'notice: must have either say or play'],
    ['{ play: n.wav }', 'notice.play: config/sounds/n.wav '],
    ['{ play: ../n.wav }', 'notice.play: must be the name of a WAV file'],
    [`{ say: ${'x'.repeat(1_201)} }`, 'notice.say: must have at most 1200 characters'],
  ])('of %s is told at start', (yaml, complaint) => {
    expect(inspect(`notice: ${yaml}\n`).problems.map(asLine)[0]).toContain(complaint);
  });
});
