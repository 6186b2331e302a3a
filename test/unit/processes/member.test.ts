/** A worker's own side, with a primary that only takes notes. */
import { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type Channel, Member } from '../../../src/processes/member.ts';
import type { FromPrimary, FromWorker } from '../../../src/processes/messages.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { UPGRADE } from './given.ts';

function givenMember() {
  const clock = new ManualClock();
  const said: FromWorker[] = [];
  const failing = { error: undefined as Error | undefined };
  let heard: (message: unknown, socket: Socket | undefined) => void = () => undefined;
  let lost: () => void = () => undefined;
  let open = true;
  const channel: Channel = {
    get open() {
      return open;
    },
    send: (message, _socket, done) => {
      said.push(message);
      done?.(failing.error ?? null);
    },
    listen: (onMessage, onLost) => {
      heard = onMessage;
      lost = onLost;
    },
    close: () => {
      open = false;
    },
  };
  const member = new Member({ channel, clock });
  const taken: Socket[] = [];
  return {
    member,
    clock,
    said,
    taken,
    hears: (message: FromPrimary, socket?: Socket) => heard(message, socket),
    losesPrimary: () => {
      open = false;
      lost();
    },
    serve: (metrics = createMetrics()) =>
      member.serve(
        { take: (_upgrade, socket) => void taken.push(socket), metrics: metrics.snapshot },
        createLogger({ level: 'silent' }),
      ),
  };
}

describe('a worker', () => {
  test('asks which one it is, and says when it serves', async () => {
    const { member, said, hears, serve } = givenMember();
    expect(said).toEqual([{ type: 'hello' }]);
    hears({ type: 'place', number: 2, modelUrl: 'http://127.0.0.1:1' });
    expect(await member.placed).toMatchObject({ number: 2, modelUrl: 'http://127.0.0.1:1' });
    serve();
    expect(said.at(-1)).toEqual({ type: 'serving' });
  });

  test('is told to stop, by the primary or by its end', async () => {
    const told = givenMember();
    told.hears({ type: 'stop', signal: 'SIGTERM' });
    expect(await told.member.told).toBe('SIGTERM');
    const orphan = givenMember();
    orphan.losesPrimary();
    expect(await orphan.member.told).toBe('the primary is gone');
  });

  test('hears that the primary is gone, also when it was told to stop before', async () => {
    const { member, hears, losesPrimary } = givenMember();
    hears({ type: 'stop', signal: 'SIGTERM' });
    losesPrimary();
    await member.alone;
    expect(await member.told).toBe('SIGTERM');
  });

  test('takes a stream, and says so', () => {
    const { clock, said, taken, hears, serve } = givenMember();
    serve();
    const socket = new Socket();
    hears({ type: 'take', id: 3, sentMs: clock.wallMs(), upgrade: UPGRADE }, socket);
    expect([taken, said.at(-1)]).toEqual([[socket], { type: 'taken', id: 3 }]);
  });

  test('cuts a stream that waited for too long, and does not mind one whose peer has gone', () => {
    const { clock, taken, hears, serve } = givenMember();
    serve();
    const sentMs = clock.wallMs();
    clock.tick(3_000);
    const late = new Socket();
    hears({ type: 'take', id: 3, sentMs, upgrade: UPGRADE }, late);
    hears({ type: 'take', id: 4, sentMs: clock.wallMs(), upgrade: UPGRADE });
    expect([taken, late.destroyed]).toEqual([[], true]);
  });

  test('gives a stream away and lets go of what is left of it; without a primary it keeps it', () => {
    const { member, said, losesPrimary } = givenMember();
    const socket = new Socket();
    expect(member.passOn(2, UPGRADE, socket)).toBe(true);
    expect([said.at(-1), socket.destroyed]).toEqual([{ type: 'passOn', to: 2, upgrade: UPGRADE }, true]);
    losesPrimary();
    const kept = new Socket();
    expect([member.passOn(2, UPGRADE, kept), kept.destroyed]).toEqual([false, false]);
  });

  test('tells its metrics when it is asked', async () => {
    const { clock, said, hears, serve } = givenMember();
    const metrics = createMetrics();
    metrics.bargeIns.inc(2);
    serve(metrics);
    hears({ type: 'metricsWanted', id: 8 });
    await clock.advance(0);
    expect(said.at(-1)).toMatchObject({ type: 'metrics', id: 8 });
    expect(JSON.stringify(said.at(-1))).toContain('callbridge_barge_ins_total');
  });

  test('gets the metrics of all, or none when the primary has none or does not answer', async () => {
    const { member, clock, said, hears } = givenMember();
    const asked = (): number => {
      const last = said.at(-1);
      return last?.type === 'sumWanted' ? last.id : -1;
    };
    const sum = member.sum();
    hears({ type: 'sum', id: asked(), text: 'callbridge_x 1\n' });
    expect(await sum).toBe('callbridge_x 1\n');
    const none = member.sum();
    hears({ type: 'sum', id: asked() });
    await expect(none).rejects.toThrow('did not come in time');
    const late = expect(member.sum()).rejects.toThrow('did not come in time');
    await clock.advance(4_000);
    await late;
    expect(clock.armed).toBe(0);
  });
});
