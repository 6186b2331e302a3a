/** What goes wrong on the caller's side of a stream, fault by fault, as the service gets to see it. */
import { describe, expect, test } from 'vitest';
import type { LineFault } from '../../../src/simulator/phone/line-faults.ts';
import { type GivenLine, givenLine, loud } from './given.ts';

interface Media {
  readonly chunk: number;
  readonly sequence: number;
  readonly timestampMs: number;
  readonly atMs: number;
}

const mediaOf = (given: GivenLine): readonly Media[] =>
  given.receivedOf('media').map(({ atMs, message }) => {
    const media = message['media'] as { chunk: string; timestamp: string };
    return {
      atMs,
      chunk: Number(media.chunk),
      sequence: Number(message['sequenceNumber']),
      timestampMs: Number(media.timestamp),
    };
  });

/** The caller counts: frame n, from 0, holds the byte n. */
function whenCounting(fault: LineFault, lastsMs = 400): GivenLine {
  const given = givenLine({ faults: [fault] });
  void given.handset.say(Uint8Array.from({ length: (lastsMs / 20) * 160 }, (_, i) => Math.floor(i / 160)));
  given.clock.tick(lastsMs);
  return given;
}

const framesOf = (given: GivenLine): number[] =>
  given.receivedOf('media').map(({ message }) => {
    const { payload } = message['media'] as { payload: string };
    return Buffer.from(payload, 'base64')[0]!;
  });

/** From one message to the next, where they are not neighbours. */
function jumps(media: readonly Media[]): object[] {
  return media.slice(1).flatMap((now, i) => {
    const before = media[i]!;
    const jump = {
      chunk: now.chunk - before.chunk,
      sequence: now.sequence - before.sequence,
      timestampMs: now.timestampMs - before.timestampMs,
      atMs: now.atMs - before.atMs,
    };
    return jump.chunk === 1 && jump.sequence === 1 && jump.timestampMs === 20 && jump.atMs === 20 ? [] : [jump];
  });
}

describe('frames', () => {
  test('without faults are neighbours', () => {
    const given = whenCounting({ fault: 'gap', atMs: 10_000, lengthMs: 100 });
    expect(jumps(mediaOf(given))).toEqual([]);
    expect(framesOf(given)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  test('of a gap are lost, and the timestamps jump on', () => {
    const given = whenCounting({ fault: 'gap', atMs: 100, lengthMs: 100 });
    expect(jumps(mediaOf(given))).toEqual([{ chunk: 1, sequence: 1, timestampMs: 120, atMs: 120 }]);
    expect(framesOf(given)).toEqual([0, 1, 2, 3, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  });

  test('of a silence are lost, and the timestamps do not tell', () => {
    const given = whenCounting({ fault: 'silence', atMs: 100, lengthMs: 100 });
    expect(jumps(mediaOf(given))).toEqual([{ chunk: 1, sequence: 1, timestampMs: 20, atMs: 120 }]);
  });

  test('that are discarded leave holes in all numbers', () => {
    const given = whenCounting({ fault: 'loss', atMs: 100, lengthMs: 100 });
    expect(jumps(mediaOf(given))).toEqual([{ chunk: 6, sequence: 6, timestampMs: 120, atMs: 120 }]);
  });

  test('of a burst come late and at once, each with its own number, and none is lost', () => {
    const given = whenCounting({ fault: 'burst', atMs: 100, lengthMs: 100 });
    expect(framesOf(given)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    const media = mediaOf(given);
    expect(media.map(({ timestampMs }) => timestampMs)).toEqual(Array.from({ length: 20 }, (_, i) => 20 * i));
    expect(media.filter(({ atMs }) => atMs === 200)).toHaveLength(6);
    expect(media.filter(({ atMs }) => atMs >= 100 && atMs < 200)).toEqual([]);
  });

  test.each([
    ['backwards', 0],
    ['far ahead', 3_600_000],
  ])('can be timed %s', (_where, toMs) => {
    const media = mediaOf(whenCounting({ fault: 'timestamps', atMs: 200, toMs }));
    expect(media.find(({ atMs }) => atMs === 200)).toMatchObject({ timestampMs: toMs, chunk: 10 });
    expect(media.find(({ atMs }) => atMs === 220)).toMatchObject({ timestampMs: toMs + 20, chunk: 11 });
  });
});

describe('the connection', () => {
  test('is cut without stop: 1006 for the service, 31903 for the provider, and the caller is still there', async () => {
    const given = givenLine({ faults: [{ fault: 'cut', atMs: 100 }] });
    let closed: number | undefined;
    given.serviceSocket.on('close', (code: number) => {
      closed = code;
    });
    await given.clock.advance(200);
    expect(closed).toBe(1006);
    expect(given.receivedOf('stop')).toEqual([]);
    expect(await given.line.whenEnded).toMatchObject({ how: 'closedByService', code: 31903, closeCode: 1006 });
    expect(given.handset.end).toBeUndefined();
  });

  test('is not read from for a time, and then everything is played that came meanwhile', () => {
    const given = givenLine({ faults: [{ fault: 'slowReader', atMs: 100, lengthMs: 500 }] });
    given.clock.tick(200);
    given.play(loud(200));
    given.mark('late');
    given.clock.tick(300);
    expect(given.serviceSocket.bufferedAmount).toBeGreaterThan(1_000);
    expect(given.handset.playback.heard(200, 500).every((byte) => byte === 0xff)).toBe(true);
    given.clock.tick(500);
    expect(given.serviceSocket.bufferedAmount).toBe(0);
    expect(given.handset.playback.heard(600, 800)).toEqual(loud(200));
    expect(given.receivedOf('mark').map(({ atMs }) => atMs)).toEqual([800]);
  });

  test('that ends while it is not read leaves no timer behind', async () => {
    const given = givenLine({ faults: [{ fault: 'slowReader', atMs: 20, lengthMs: 60_000 }] });
    await given.clock.advance(100);
    given.handset.finish({ how: 'callerHungUp' });
    await given.clock.advance(0);
    expect(given.clock.armed).toBe(0);
  });

  test('is cut at the end of the call by a provider that sends no stop', async () => {
    const given = givenLine({ sendsStop: false });
    let closed: number | undefined;
    given.serviceSocket.on('close', (code: number) => {
      closed = code;
    });
    await given.clock.advance(100);
    given.handset.finish({ how: 'callerHungUp' });
    await given.clock.advance(0);
    expect(given.receivedOf('stop')).toEqual([]);
    expect(closed).toBe(1006);
    expect(given.clock.armed).toBe(0);
  });

  test('is stopped when the call goes on elsewhere, and the caller is still there', async () => {
    const given = givenLine();
    await given.clock.advance(100);
    given.line.stop();
    given.line.stop();
    await given.clock.advance(0);
    expect(given.receivedOf('stop')).toHaveLength(1);
    expect(await given.line.whenEnded).toEqual({ how: 'stopped' });
    expect(given.handset.end).toBeUndefined();
  });
});
