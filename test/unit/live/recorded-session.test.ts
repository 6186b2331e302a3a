import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Dial } from '../../../src/live/socket.ts';
import { audioContent, LiveBench } from './live-bench.ts';

interface Line {
  readonly socket: number;
  /** Since that socket was dialled. */
  readonly atMs: number;
  readonly opens?: true;
  readonly message?: object;
  readonly audioBytes?: number;
  readonly cut?: true;
  readonly closes?: { readonly code: number; readonly reason: string };
}

const FIXTURE = new URL('../../../fixtures/live/r0.jsonl', import.meta.url);

test('the measured session R0: two answers, with a broken connection and a refused resume between them', async () => {
  const lines = readFileSync(FIXTURE, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  const bench = new LiveBench();
  /** Serves the lines of the recorded socket whose turn it is. */
  const replay: Dial = (target, handlers) => {
    const own = lines.filter(({ socket }) => socket === bench.sockets.length + 1);
    bench.answers.push({ opensAfterMs: own.find(({ opens }) => opens)?.atMs ?? 0 });
    const cancel = bench.dial(target, handlers);
    const end = bench.socket;
    for (const { atMs, message, audioBytes, cut, closes } of own) {
      bench.clock.after(atMs, () => {
        if (message) end.theirs?.send(JSON.stringify(message));
        if (audioBytes) end.theirs?.send(JSON.stringify(audioContent(new Uint8Array(audioBytes))));
        if (closes) end.theirs?.close(closes.code, closes.reason);
        if (cut) end.theirs?.terminate();
      });
    }
    return cancel;
  };
  bench.open({ dial: replay });
  const heardAt = new Map<string, number[]>();
  for (const name of ['ready', 'audio', 'lost', 'turnCompleted']) {
    heardAt.set(name, []);
    bench.during.set(name, () => {
      heardAt.get(name)?.push(bench.nowMs);
      if (name === 'lost') bench.session.resume();
    });
  }
  await bench.clock.advance(40_000);
  bench.session.close();
  await bench.clock.advance(0);

  // The service refuses a resume that comes too soon; the recorded one that it refused was immediate.
  const [, second, third] = bench.sockets;
  expect(second?.dialledAtMs).toBe(11_141 + 1_500);
  expect(third?.dialledAtMs).toBe(11_141 + 1_500 + 704 + 3_000);
  expect(second?.received[0]).toMatchObject({
    setup: { sessionResumption: { handle: '0f3f8f0e-6f0a-4c8e-9b7e-1d2c3b4a5960' } },
  });
  expect(third?.received[0]).toMatchObject({
    setup: { sessionResumption: { handle: '0f3f8f0e-6f0a-4c8e-9b7e-1d2c3b4a5960' } },
  });

  expect(heardAt.get('ready')).toEqual([321, 16_345 + 578]);
  expect(heardAt.get('turnCompleted')).toEqual([6_298]);
  expect(heardAt.get('audio')?.[0]).toBe(3_106);
  expect(heardAt.get('audio')).toHaveLength(14 + 13);
  const samples = bench.heard.map(([name, chunk]) => (name === 'audio' ? (chunk as Int16Array).length : 0));
  expect(samples.reduce((sum, length) => sum + length)).toBe((153_120 + 192_002) / 2);

  const words = bench.heard.filter(([name]) => name === 'transcribed').map(([, piece]) => piece);
  expect(words).toEqual([
    { speaker: 'caller', text: 'Hi, can you hear me?' },
    { speaker: 'agent', text: 'Yes, I can hear ' },
    { speaker: 'agent', text: 'you clearly. How can' },
    { speaker: 'agent', text: ' I help you today?' },
    { speaker: 'caller', text: 'What did I ask you?' },
  ]);
  const marks = bench.heard.filter(([name]) => !['audio', 'transcribed'].includes(name));
  expect(marks).toMatchObject([
    ['ready', { how: 'new' }],
    ['handleRenewed', '0f3f8f0e-6f0a-4c8e-9b7e-1d2c3b4a5960'],
    ['voiceActivity', 'started'],
    ['voiceActivity', 'ended'],
    ['generationCompleted'],
    ['turnCompleted', { idle: true }],
    ['used', { totalTokens: 819 }],
    ['lost', { code: 'LIVE_LOST', recoverable: true }],
    ['ready', { how: 'resumed' }],
    ['handleRenewed', '7a1c9d52-2b64-4e0f-8f3d-5e6f708192a3'],
    ['voiceActivity', 'started'],
    ['voiceActivity', 'ended'],
    ['generationCompleted'],
  ]);
  expect(bench.clock.armed).toBe(0);
});
