/** The small things on which everything stands: deadlines, back-off, failures, sockets. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  asFailure,
  backoffMs,
  FAILURES,
  Failure,
  type MessageSocket,
  systemClock,
  withDeadline,
  wrapWebSocket,
} from '../../../src/lib/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { MemorySocket } from '../../support/memory-socket.ts';

describe('a deadline', () => {
  test('lets work through that is done in time, and leaves no timer', async () => {
    const clock = new ManualClock();
    await expect(withDeadline(clock, 100, Promise.resolve(7), () => new Error('late'))).resolves.toBe(7);
    expect(clock.armed).toBe(0);
  });

  test('rejects with its own failure when the work takes longer', async () => {
    const clock = new ManualClock();
    const late = withDeadline(clock, 100, new Promise(() => undefined), () => new Failure('LIVE_AUTH', 'too slow'));
    const outcome = expect(late).rejects.toMatchObject({ code: 'LIVE_AUTH' });
    await clock.advance(100);
    await outcome;
  });

  test('is not missed because this process stood still while the answer came', async () => {
    const answer = once(spawn('true'), 'exit');
    const inTime = withDeadline(systemClock, 400, answer, () => new Error('late'));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    await expect(inTime).resolves.toEqual([0, null]);
  });

  test('passes on what the work fails with', async () => {
    const clock = new ManualClock();
    const failing = withDeadline(clock, 100, Promise.reject(new Error('broken')), () => new Error('late'));
    await expect(failing).rejects.toThrow('broken');
    expect(clock.armed).toBe(0);
  });
});

test('a back-off grows by its factor, is capped, and is spread by its jitter', () => {
  const backoff = { firstMs: 1_000, factor: 2, maxMs: 5_000, jitter: 0.2 };
  expect([1, 2, 3, 4, 9].map((attempt) => backoffMs(backoff, attempt, 0.5))).toEqual([
    1_000, 2_000, 4_000, 5_000, 5_000,
  ]);
  expect(backoffMs(backoff, 1, 0)).toBe(800);
  expect(backoffMs(backoff, 1, 1)).toBe(1_200);
});

describe('failures', () => {
  test('know whose fault they are and whether trying again can help', () => {
    const failure = new Failure('LIVE_QUOTA', 'too many sessions');
    expect([failure.fault, failure.retryable]).toEqual(['model', true]);
  });

  test('keep their code when they are wrapped again, and foreign errors become their cause', () => {
    const failure = new Failure('LIVE_QUOTA', 'too many sessions');
    expect(asFailure(failure, 'LIVE_LOST')).toBe(failure);
    const foreign = new Error('ECONNRESET');
    expect(asFailure(foreign, 'LIVE_LOST')).toMatchObject({ code: 'LIVE_LOST', cause: foreign });
  });

  test('are all explained in docs/errors.md, with fault and remedy, and no others are', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/errors.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| (\w+) \| (yes|no) \|(?: [^|]+ \|){2,3}$/gm)];
    const explained = Object.fromEntries(
      rows.map(([, code, fault, retryable]) => [code, { fault, retryable: retryable === 'yes' }]),
    );
    expect(explained).toEqual(FAILURES);
  });

  test('are all there because something fails with them', () => {
    const folder = join(import.meta.dirname, '../../../src');
    const code = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.endsWith('errors.ts') && !path.startsWith('simulator'))
      .map((path) => readFileSync(join(folder, path), 'utf8'))
      .join('\n');
    expect(Object.keys(FAILURES).filter((name) => !code.includes(`'${name}'`))).toEqual([]);
  });
});

describe('a socket', () => {
  function connected(): { near: MessageSocket; far: MemorySocket; log: unknown[]; clock: ManualClock } {
    const clock = new ManualClock();
    const [a, far] = MemorySocket.pair(clock);
    const log: unknown[] = [];
    const near = wrapWebSocket(a, {
      message: (text, binary) => log.push({ text, binary }),
      pong: () => log.push('pong'),
      closed: (code, reason) => log.push({ code, reason }),
    });
    return { near, far, log, clock };
  }

  test('gives text as text, whether its frame was text or binary', () => {
    const { far, log, clock } = connected();
    far.send('{"a":1}');
    far.binary = true;
    clock.tick(0);
    far.send('{"ä":2}');
    clock.tick(0);
    expect(log).toEqual([
      { text: '{"a":1}', binary: true },
      { text: '{"ä":2}', binary: true },
    ]);
  });

  test('joins a message that came in pieces', () => {
    const { log } = connected();
    const clock = new ManualClock();
    const [a] = MemorySocket.pair(clock);
    wrapWebSocket(a, { message: (text) => log.push(text), closed: () => undefined });
    const bytes = Buffer.from('grüße');
    a.emitIfOpen('message', [bytes.subarray(0, 3), bytes.subarray(3)], false);
    expect(log).toEqual(['grüße']);
  });

  test('tells its closing once, whatever follows', () => {
    const { near, far, log, clock } = connected();
    far.close(1001, 'going');
    clock.tick(0);
    near.close(1000, '');
    near.terminate();
    near.send('late');
    clock.tick(0);
    expect(log).toEqual([{ code: 1001, reason: 'going' }]);
    expect(far.sent).toEqual([]);
  });

  test('closes with codes and reasons that may be sent', () => {
    for (const [code, sent] of [
      [1000, 1000],
      [1006, 1011],
      [4001, 4001],
    ] as const) {
      const { near, far, clock } = connected();
      let seen: [number, string] | undefined;
      far.on('close', (c: number, reason: Buffer) => {
        seen = [c, reason.toString()];
      });
      near.close(code, 'é'.repeat(100));
      clock.tick(0);
      expect(seen?.[0]).toBe(sent);
      expect(Buffer.byteLength(seen?.[1] ?? '')).toBeLessThanOrEqual(123);
      expect(seen?.[1]).toMatch(/^é+$/);
    }
  });

  test('ignores what comes after it was closed, and pongs count', () => {
    const { near, log, clock } = connected();
    near.ping();
    clock.tick(0);
    expect(log).toEqual(['pong']);
  });
});
