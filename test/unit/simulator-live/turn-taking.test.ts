/** Who speaks when: detection of speech, interruption, and what waits for what. */
import { describe, expect, test } from 'vitest';
import { pcm, tone } from '../../../src/audio/index.ts';
import { CHUNK_MS, greeted, SimulatorBench, sentence, story } from './bench.ts';

describe('the detection of speech', () => {
  test('the turn ends only while sound keeps coming', () => {
    const bench = new SimulatorBench(story);
    const client = bench.open();
    client.next();
    client.say(sentence);
    bench.clock.tick(30_000);
    expect(client.next()).toEqual(['ACTIVITY_START']);
    client.saySilence(1_300);
    expect(client.next()).toEqual(['heard: And so my fellow Americans', 'ACTIVITY_END', 'sound']);
  });

  test('a shorter silence is asked for in setup', () => {
    const endMs = (silenceDurationMs: number) => {
      const bench = new SimulatorBench(story);
      const client = bench.open({ realtimeInputConfig: { automaticActivityDetection: { silenceDurationMs } } });
      client.say(sentence);
      const saidMs = bench.nowMs;
      client.saySilence(3_000);
      return client.at('ACTIVITY_END') - saidMs;
    };
    expect(endMs(200)).toBeLessThanOrEqual(600);
    expect(endMs(1_600) - endMs(200)).toBeCloseTo(1_400, -2);
  });

  test('a click is no speech', () => {
    const client = new SimulatorBench(story).open();
    client.next();
    client.say(tone({ hz: 300, lengthMs: 60, dbov: -15 }, 16_000));
    client.saySilence(3_000);
    expect(client.next()).toEqual([]);
  });

  test('other rates are heard as well', () => {
    const bench = new SimulatorBench(story);
    const client = bench.open();
    const atEight = sentence.filter((_, index) => index % 2 === 0);
    for (let at = 0; at < atEight.length; at += 800)
      client.sendAudio(atEight.subarray(at, at + 800), 'audio/pcm;rate=8000');
    expect(client.next()).toContain('ACTIVITY_START');
    expect(bench.simulator.sessions[0]?.heard).toHaveLength(sentence.length);
  });

  test('the end of the audio stream does not end the turn', () => {
    const bench = new SimulatorBench(story);
    const client = bench.open();
    client.next();
    client.say(sentence);
    client.send({ realtimeInput: { audioStreamEnd: true } });
    bench.clock.tick(10_000);
    expect(client.next()).toEqual(['ACTIVITY_START']);
  });

  test('what the model heard is kept', () => {
    const bench = new SimulatorBench(story);
    bench.open().say(sentence);
    expect(bench.simulator.sessions[0]?.heard).toEqual(sentence);
  });

  test('transcripts come only when setup asks for them', () => {
    const bench = new SimulatorBench(story);
    const client = bench.open({ inputAudioTranscription: undefined, outputAudioTranscription: undefined });
    client.next();
    client.say(sentence);
    client.saySilence(5_000);
    expect(client.arrivals.filter(({ message }) => JSON.stringify(message).includes('Transcription'))).toEqual([]);
    expect(client.next()).toEqual(['ACTIVITY_START', 'ACTIVITY_END', 'sound', 'generationComplete', 'turnComplete']);
  });
});

describe('barge-in', () => {
  const interrupted = ['ACTIVITY_START', 'interrupted', 'turnComplete'];

  test('while the answer is generated, the rest of it never comes', () => {
    const { bench, client } = greeted(300);
    client.say(sentence);
    expect(client.story).toEqual(['sound', ...interrupted]);
    expect(client.at('ACTIVITY_START')).toBe(client.at('interrupted'));
    expect(client.at('turnComplete') - client.at('interrupted')).toBe(2);
    const [, ended] = bench.simulator.sessions[0]!.events.filter(({ type }) => type.startsWith('turn'));
    expect(ended).toMatchObject({ how: 'interrupted', said: expect.stringMatching(/^Good morning, .*[^.]$/) });
  });

  test('it works while the answer is only still being played', () => {
    const { client } = greeted(3_000);
    expect(client.next()).toEqual(['sound', 'generationComplete']);
    client.say(sentence);
    expect(client.next()).toEqual(interrupted);
  });

  test('speech after the turn is over interrupts nothing', () => {
    const { client } = greeted(10_000);
    expect(client.next()).toEqual(['sound', 'generationComplete', 'turnComplete']);
    client.say(sentence);
    expect(client.next()).toEqual(['ACTIVITY_START']);
  });

  test('after NO_INTERRUPTION the caller is answered when the agent has finished', () => {
    const { client } = greeted(300, { realtimeInputConfig: { activityHandling: 'NO_INTERRUPTION' } });
    client.say(sentence);
    client.saySilence(6_000);
    expect(client.next()).toEqual([
      'sound',
      'ACTIVITY_START',
      'sound',
      'generationComplete',
      'heard: And so my fellow Americans',
      'ACTIVITY_END',
      'turnComplete',
      'sound',
      'generationComplete',
      'turnComplete',
    ]);
  });

  test('text counts as activity, and is answered', () => {
    const { bench, client } = greeted(300);
    client.sendText('Stop.');
    bench.clock.tick(600);
    expect(client.next()).toEqual(['sound', 'interrupted', 'turnComplete', 'sound']);
  });

  test('a text before the first sound joins the question: the turn that had not begun comes once', () => {
    const { bench, client } = greeted(-200);
    client.sendText('And be brief.');
    bench.clock.tick(519);
    expect(client.next()).toEqual([]);
    bench.clock.tick(1);
    expect(client.next()).toEqual(['sound']);
    const begun = bench.simulator.sessions[0]!.eventsOf('turnStarted');
    expect(begun.map(({ says }) => says)).toEqual([story.turns![0]!.says]);
  });

  test('a burst of sound with speech and silence in it is answered after the interruption is over', () => {
    const { bench, client } = greeted(300);
    client.next();
    for (let at = 0; at < sentence.length; at += CHUNK_MS * 16)
      client.sendAudio(sentence.subarray(at, at + CHUNK_MS * 16));
    for (let ms = 0; ms < 1_300; ms += CHUNK_MS) client.sendAudio(pcm(new Int16Array(CHUNK_MS * 16), 16_000));
    bench.clock.tick(10);
    const heard = ['heard: And so my fellow Americans', 'ACTIVITY_END'];
    expect(client.next()).toEqual(['ACTIVITY_START', 'interrupted', ...heard, 'turnComplete', 'sound']);
  });
});
