/**
 * Every way in which a Live session can break, over the whole service: the call lives, nobody is greeted twice, no line is
 * missing, and the model hears what the caller says, all of it, once.
 */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadFixture, type ScenarioInput } from '../../src/simulator/index.ts';
import { type Replay, replay } from '../support/replay.ts';

const question = loadFixture(join(import.meta.dirname, '../../fixtures/calls/question'));
/** In the middle of the caller's question; off the beat of the phone's frames. */
const AT_MS = 7_005;

const broken = (faults: ScenarioInput['faults']): Promise<Replay> =>
  replay(question, { model: { ...question.model, faults } });

/** All that the model heard, over all its sessions. */
function heard({ live }: Replay): Int16Array {
  const parts = live.sessions.map((session) => session.heard);
  const all = new Int16Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

let whole: Int16Array;
let lines: readonly string[];
beforeAll(async () => {
  const unbroken = await broken([]);
  whole = heard(unbroken);
  lines = unbroken.record.lines.map(({ speaker, text }) => `${speaker}: ${text}`);
});

const close = (code: number, reason = ''): NonNullable<ScenarioInput['faults']> => [
  { kind: 'close', atMs: AT_MS, code, reason, times: 1 },
];

describe('the call goes on', () => {
  test.each<[string, string, ScenarioInput['faults']]>([
    ['resumed', 'a close with 1000', close(1000)],
    ['resumed', 'a close with 1001', close(1001)],
    ['resumed', 'a connection that broke', [{ kind: 'drop', atMs: AT_MS, times: 1 }]],
    ['resumed', 'an aborted operation', close(1008, 'The operation was aborted.')],
    ['resumed', 'an expired deadline', close(1011, 'Deadline expired before operation could complete.')],
    ['resumed', 'an internal error', close(1011, 'Internal error encountered.')],
    ['resumed', 'an unavailable service', close(1011, 'The service is currently unavailable.')],
    ['resumed', 'an announced end', [{ kind: 'goAway', atMs: AT_MS, timeLeftMs: 50_000 }]],
    [
      'resumed',
      'HTTP 503 where it resumes',
      [...close(1001), { kind: 'httpStatus', status: 503, fromConnection: 2, times: 1 }],
    ],
    ['reseeded', 'a rejected argument', close(1007, 'Request contains an invalid argument.')],
    [
      'reseeded',
      'a feature that the model lacks',
      close(1008, 'Operation is not implemented, or supported, or enabled.'),
    ],
    ['reseeded', 'a handle that is forgotten', [...close(1001), { kind: 'forgottenHandles' }]],
  ])('%s, after %s', async (how, _what, faults) => {
    const call = await broken(faults);
    const { record, result, live } = call;
    expect(result.scriptFailure).toBeUndefined();
    expect(record.outcome.kind).toBe('callerGone');
    expect(record.events.filter(({ code }) => code === 'LIVE_BACK').map(({ detail }) => detail)).toEqual([how]);
    // Begun afresh, the simulated model takes its turns from the beginning of its script: only what is ours is compared.
    if (how === 'resumed') expect(record.lines.map(({ speaker, text }) => `${speaker}: ${text}`)).toEqual(lines);
    const orders = live.sessions.flatMap((session) => session.eventsOf('textReceived').map(({ text }) => text));
    expect(orders.filter((text) => text.includes('has just picked up'))).toHaveLength(1);
    // The question is over after eleven seconds; what comes then depends on when the answer is heard.
    const samples = Math.min(whole.length, heard(call).length, 11_000 * 16);
    expect(samples).toBeGreaterThan(9_000 * 16);
    expect(Buffer.compare(bytes(heard(call), samples), bytes(whole, samples))).toBe(0);
    expect(call.leftArmed).toBe(0);
  });
});

function bytes(sound: Int16Array, samples: number): Buffer {
  return Buffer.from(sound.slice(0, samples).buffer);
}
