/** The complete trace that was measured on 2 October 2026 (reference R0), replayed: the same events at the same times. */
import { expect, test } from 'vitest';
import { pcm, tone } from '../../../src/audio/index.ts';
import { contentOf, SimulatorBench, soundBytesOf } from './bench.ts';

/** 1.527 s of sound of which the last 0.36 s were quiet, as the offsets of the trace tell. */
const hello = (() => {
  const samples = new Int16Array(16 * 1_527);
  samples.set(tone({ hz: 220, lengthMs: 1_100, dbov: -20 }, 16_000), 16 * 80);
  return pcm(samples, 16_000);
})();

/** 3.19 s in 14 chunks over 451 ms. */
const answer = {
  on: 'speech' as const,
  hears: 'Hi, can you hear me?',
  says: 'Yes, I can hear you clearly. How can I help you today?',
  sound: { toneHz: 440, lengthMs: 3_190 },
  chunkMs: 228,
  delivery: { speed: (13 * 228) / 451 },
};

/** 4.0 s in 13 chunks over 123 ms. */
const secondAnswer = {
  on: 'speech' as const,
  hears: 'What time is it?',
  says: 'I am afraid I cannot see a clock from here.',
  sound: { toneHz: 440, lengthMs: 4_000 },
  chunkMs: 320,
  delivery: { speed: (12 * 320) / 123 },
};

test('the trace of 2 October is reproduced', () => {
  const bench = new SimulatorBench({ turns: [answer, secondAnswer] });
  bench.clock.tick(60);
  const first = bench.connect();
  first.setUp({ sessionResumption: {} });
  bench.clock.tick(338 - 60);
  first.say(hello);
  first.saySilence(4_800);
  bench.clock.tick(11_141 - bench.nowMs);

  expect(first.story).toEqual([
    'ready',
    'handle',
    'ACTIVITY_START',
    'heard: Hi, can you hear me?',
    'ACTIVITY_END',
    'sound',
    'generationComplete',
    'turnComplete',
  ]);
  expect(first.at('ready')).toBe(321);
  expect(first.at('handle')).toBe(439);
  expect(first.at('ACTIVITY_START')).toBe(538);
  const endMs = first.at('ACTIVITY_END');
  expect(endMs).toBeGreaterThanOrEqual(2_600);
  expect(endMs).toBeLessThanOrEqual(3_105);
  expect(first.at('heard: Hi, can you hear me?')).toBe(endMs);
  expect(first.at('sound')).toBe(endMs + 1);
  expect(first.at('generationComplete')).toBeCloseTo(first.at('sound') + 480, 0);
  expect(first.at('turnComplete')).toBeCloseTo(first.at('sound') + 3_190, 0);
  expect(first.soundMs).toBe(3_190);

  const sounds = first.arrivals.filter(({ message }) => soundBytesOf(message) > 0);
  expect(sounds).toHaveLength(14);
  expect(sounds.at(-1)!.atMs - sounds[0]!.atMs).toBeCloseTo(451, 0);
  const transcript = first.arrivals.flatMap(({ message }) => contentOf(message).outputTranscription?.text ?? []);
  expect(transcript).toEqual(['Yes, I can hear ', 'you clearly. How can ', 'I help you today?']);

  first.drop();
  bench.clock.tick(119);
  const refused = bench.connect();
  refused.setUp({ sessionResumption: { handle: first.handle } });
  bench.clock.tick(600);
  expect(refused.story).toEqual([]);
  expect(refused.closed).toEqual({ code: 1011, reason: 'Internal error encountered.', atMs: 11_845 });

  bench.clock.tick(12_896 - bench.nowMs);
  const second = bench.connect();
  second.setUp({ sessionResumption: { handle: first.handle } });
  bench.clock.tick(15_428 - 12_896);
  expect(second.at('ready')).toBe(13_426);
  expect(second.at('handle')).toBe(13_427);
  expect(second.handle).not.toBe(first.handle);

  second.say(hello);
  second.saySilence(3_000);
  bench.clock.tick(4_000);
  expect(second.story.slice(2)).toEqual([
    'ACTIVITY_START',
    'heard: What time is it?',
    'ACTIVITY_END',
    'sound',
    'generationComplete',
    'turnComplete',
  ]);
  expect(second.at('generationComplete') - second.at('sound')).toBeCloseTo(152, 0);
  expect(second.at('turnComplete') - second.at('sound')).toBeCloseTo(4_000, 0);

  // The offset counts the sound of the session, not of the socket.
  const offsets = [first, second].flatMap((client) =>
    client.arrivals.flatMap(({ message }) => (message['voiceActivity'] as { audioOffset: string })?.audioOffset ?? []),
  );
  // Voice begins 80 ms into each; it is believed after 160 ms, and its end after 1.16 s of quiet.
  expect(offsets).toEqual(['0.240s', '2.340s', '6.560s', '8.660s']);
});
