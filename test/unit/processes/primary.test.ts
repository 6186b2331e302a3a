/** The process that starts the others, with workers that only take notes. */
import { describe, expect, test } from 'vitest';
import { createMetrics } from '../../../src/telemetry/index.ts';
import { aSocket, givenPrimary, givenServing, type NotedWorker, UPGRADE } from './given.ts';

const typesOf = ({ told }: NotedWorker): string[] => told.map(({ type }) => type);
const numberOf = ({ told }: NotedWorker): number | undefined =>
  told.flatMap((m) => (m.type === 'place' ? [m.number] : []))[0];

describe('a primary', () => {
  test('starts one worker, and the others when it serves', () => {
    const { primary, workers } = givenPrimary(3);
    primary.start();
    expect(workers).toHaveLength(1);
    workers[0]!.serves();
    expect(workers).toHaveLength(3);
    for (const worker of workers.slice(1)) worker.serves();
    expect(workers.map(numberOf)).toEqual([1, 2, 3]);
  });

  test('ends with the exit code of a first worker that cannot start', async () => {
    const { primary, workers, clock } = givenPrimary(2);
    primary.start();
    workers[0]!.exits(2);
    expect(await primary.ended).toBe(2);
    await clock.advance(60_000);
    expect(workers).toHaveLength(1);
    expect(clock.armed).toBe(0);
  });

  test('brings back one that dies, under its number, later each time', async () => {
    const { workers, clock, log } = givenServing(2);
    workers[1]!.exits(null, 'SIGKILL');
    expect(log()).toContain('"process":2,"pid":1001,"code":null,"signal":"SIGKILL","msg":"a process died"');
    await clock.advance(249);
    expect(workers).toHaveLength(2);
    await clock.advance(1);
    workers[2]!.serves();
    expect(numberOf(workers[2]!)).toBe(2);
    workers[2]!.exits(1);
    await clock.advance(499);
    expect(workers).toHaveLength(3);
    await clock.advance(1);
    expect(workers).toHaveLength(4);
    // One that served for a minute did not die of its start.
    workers[3]!.serves();
    await clock.advance(60_000);
    workers[3]!.exits(1);
    await clock.advance(250);
    expect(workers).toHaveLength(5);
  });

  test('goes on as long as one serves, however often another fails to start', async () => {
    const { primary, workers, clock } = givenServing(2);
    for (let deaths = 0; deaths < 20; deaths++) {
      workers.at(-1)!.exits(1);
      await clock.advance(10_000);
    }
    expect(workers).toHaveLength(22);
    expect(typesOf(workers[0]!)).not.toContain('stop');
    let ended = false;
    void primary.ended.then(() => {
      ended = true;
    });
    await clock.advance(0);
    expect(ended).toBe(false);
  });

  test('ends when none serves and none comes to serve any more, with the exit code of the last', async () => {
    const { primary, workers, clock } = givenServing(1);
    workers[0]!.exits(1);
    for (let starts = 1; starts <= 6; starts++) {
      await clock.advance(10_000);
      expect(workers).toHaveLength(starts + 1);
      workers.at(-1)!.exits(78);
    }
    expect(await primary.ended).toBe(78);
    expect(clock.armed).toBe(0);
  });

  test('tells all of them to stop, once, and brings none back', async () => {
    const { primary, workers, clock } = givenServing(3);
    workers[2]!.exits(1);
    primary.stop('SIGTERM', 5_000);
    primary.stop('SIGINT', 5_000);
    for (const worker of workers.slice(0, 2)) {
      expect(worker.told.filter(({ type }) => type === 'stop')).toEqual([{ type: 'stop', signal: 'SIGTERM' }]);
    }
    await clock.advance(20_000);
    expect(workers).toHaveLength(3);
    workers[0]!.exits(0);
    workers[1]!.exits(0);
    expect(await primary.ended).toBe(0);
    expect(clock.armed).toBe(0);
  });

  test('tells one that is just starting when it comes up', async () => {
    const { primary, workers } = givenPrimary(2);
    primary.start();
    primary.stop('SIGTERM', 5_000);
    expect(workers[0]!.told).toEqual([]);
    workers[0]!.serves();
    expect(typesOf(workers[0]!)).toEqual(['place', 'stop']);
    workers[0]!.exits(0);
    expect(await primary.ended).toBe(0);
    expect(workers).toHaveLength(1);
  });

  test.each([
    ['hung up calls', 1, null],
    ['was killed', null, 'SIGKILL'],
  ] as const)('ends with 1 when one of them %s', async (_, code, signal) => {
    const { primary, workers } = givenServing(2);
    primary.stop('SIGTERM', 5_000);
    workers[0]!.exits(code, signal ?? undefined);
    workers[1]!.exits(0);
    expect(await primary.ended).toBe(1);
  });

  test('kills those that do not leave', async () => {
    const { primary, workers, clock } = givenServing(2);
    primary.stop('SIGTERM', 5_000);
    workers[0]!.exits(0);
    await clock.advance(94_999);
    expect(workers[1]!.killed).toBe(false);
    await clock.advance(1);
    expect(workers[1]!.killed).toBe(true);
  });

  test('does not mind what it does not understand, and lets go of a socket that came with it', () => {
    const { workers, log } = givenServing(1);
    const socket = aSocket();
    workers[0]!.says({ type: 'nonsense' } as never, socket);
    expect(socket.destroyed).toBe(true);
    expect(log()).toContain('a process says what is not understood');
  });
});

describe('a stream that came to another process', () => {
  const passed = ({ told }: NotedWorker) => told.filter(({ type }) => type === 'take');

  test('goes to the process of its number, and nothing of it is left here', () => {
    const { workers, clock } = givenServing(3);
    const socket = aSocket();
    workers[0]!.says({ type: 'passOn', to: 2, upgrade: UPGRADE }, socket);
    expect(passed(workers[1]!)).toMatchObject([{ sentMs: clock.wallMs(), upgrade: UPGRADE }]);
    expect(workers[1]!.sockets).toEqual([socket]);
    expect(socket.destroyed).toBe(true);
    const id = workers[1]!.told.flatMap((message) => (message.type === 'take' ? [message.id] : []))[0]!;
    workers[1]!.says({ type: 'taken', id });
    expect(clock.armed).toBe(0);
  });

  test.each([
    ['is dead', 2],
    ['never was', 40],
  ])('goes back to where it came when that process %s', (_, to) => {
    const { workers } = givenServing(2);
    if (to === 2) workers[1]!.exits(null, 'SIGKILL');
    const socket = aSocket();
    workers[0]!.says({ type: 'passOn', to, upgrade: UPGRADE }, socket);
    expect(workers[0]!.sockets).toEqual([socket]);
  });

  test('goes back too when that process takes none of them any more', async () => {
    const { workers, clock, log } = givenServing(2);
    for (let count = 0; count < 65; count++) {
      workers[0]!.says({ type: 'passOn', to: 2, upgrade: UPGRADE }, aSocket());
    }
    expect([passed(workers[1]!).length, passed(workers[0]!).length]).toEqual([64, 1]);
    await clock.advance(3_000);
    expect(log().match(/a stream was not taken in time/g)).toHaveLength(65);
    workers[0]!.says({ type: 'passOn', to: 2, upgrade: UPGRADE }, aSocket());
    expect(passed(workers[1]!)).toHaveLength(65);
  });

  test('is forgotten when its peer is gone, or the process that had it', async () => {
    const { workers, clock } = givenServing(2);
    workers[0]!.says({ type: 'passOn', to: 2, upgrade: UPGRADE });
    expect(passed(workers[1]!)).toEqual([]);
    workers[0]!.says({ type: 'passOn', to: 2, upgrade: UPGRADE }, aSocket());
    workers[1]!.exits(null, 'SIGKILL');
    await clock.advance(250);
    expect(clock.armed).toBe(0);
  });
});

describe('the metrics of all', () => {
  const counted = async (calls: number) => {
    const metrics = createMetrics();
    metrics.callsHandedOver.inc(calls);
    metrics.callSlotsLimit.set(500);
    metrics.loopDelaySeconds.set(calls / 100);
    return metrics.snapshot();
  };
  const answer = async (worker: NotedWorker, calls: number): Promise<void> => {
    const asked = worker.told.findLast((message) => message.type === 'metricsWanted');
    worker.says({
      type: 'metrics',
      id: asked?.type === 'metricsWanted' ? asked.id : -1,
      metrics: await counted(calls),
    });
  };
  const sumTo = ({ told }: NotedWorker): string | undefined =>
    told.flatMap((message) => (message.type === 'sum' ? [message.text] : [])).at(-1);

  test('are asked of each of them, once for all who want them, and added up', async () => {
    const { workers, clock } = givenServing(2);
    workers[0]!.says({ type: 'sumWanted', id: 5 });
    workers[1]!.says({ type: 'sumWanted', id: 6 });
    expect(workers.map((worker) => typesOf(worker).filter((type) => type === 'metricsWanted').length)).toEqual([1, 1]);
    await answer(workers[0]!, 3);
    await answer(workers[1]!, 4);
    await clock.advance(0);
    for (const worker of workers) {
      expect(sumTo(worker)).toContain('callbridge_calls_handed_over_total 7\n');
      expect(sumTo(worker)).toContain('callbridge_call_slots_limit 1000\n');
      expect(sumTo(worker)).toContain('callbridge_loop_delay_seconds 0.04\n');
    }
    expect(clock.armed).toBe(0);
  });

  test('keep what one had counted that died, and not how it was', async () => {
    const { workers, clock } = givenServing(2);
    workers[0]!.says({ type: 'sumWanted', id: 1 });
    await answer(workers[0]!, 3);
    await answer(workers[1]!, 4);
    await clock.advance(0);
    workers[1]!.exits(null, 'SIGKILL');
    await clock.advance(0);
    workers[0]!.says({ type: 'sumWanted', id: 2 });
    await answer(workers[0]!, 5);
    await clock.advance(0);
    expect(sumTo(workers[0]!)).toContain('callbridge_calls_handed_over_total 9\n');
    expect(sumTo(workers[0]!)).toContain('callbridge_call_slots_limit 500\n');
  });

  test('count once what one had answered that dies while another is asked', async () => {
    const { workers, clock } = givenServing(2);
    workers[1]!.says({ type: 'sumWanted', id: 1 });
    await answer(workers[0]!, 3);
    await answer(workers[1]!, 4);
    await clock.advance(0);
    workers[1]!.says({ type: 'sumWanted', id: 2 });
    await answer(workers[0]!, 5);
    workers[0]!.exits(null, 'SIGKILL');
    await clock.advance(0);
    await answer(workers[1]!, 4);
    await clock.advance(0);
    expect(sumTo(workers[1]!)).toContain('callbridge_calls_handed_over_total 9\n');
    expect(sumTo(workers[1]!)).toContain('callbridge_call_slots_limit 500\n');
    workers[1]!.says({ type: 'sumWanted', id: 3 });
    await answer(workers[1]!, 6);
    await clock.advance(0);
    expect(sumTo(workers[1]!)).toContain('callbridge_calls_handed_over_total 11\n');
  });

  test('do not wait for one that dies when it is asked, and keep what it had told before', async () => {
    const { workers, clock } = givenServing(2);
    workers[0]!.says({ type: 'sumWanted', id: 1 });
    await answer(workers[0]!, 3);
    await answer(workers[1]!, 4);
    await clock.advance(0);
    workers[0]!.says({ type: 'sumWanted', id: 2 });
    await answer(workers[0]!, 5);
    workers[1]!.exits(null, 'SIGKILL');
    await clock.advance(0);
    expect(workers[0]!.told.at(-1)).toMatchObject({ type: 'sum', id: 2 });
    expect(sumTo(workers[0]!)).toContain('callbridge_calls_handed_over_total 9\n');
  });

  test('keep what each had counted of several that die at once', async () => {
    const { workers, clock } = givenServing(3);
    workers[0]!.says({ type: 'sumWanted', id: 1 });
    for (const [index, worker] of workers.entries()) await answer(worker, index + 1);
    await clock.advance(0);
    workers[1]!.exits(null, 'SIGKILL');
    workers[2]!.exits(null, 'SIGKILL');
    workers[0]!.says({ type: 'sumWanted', id: 2 });
    await answer(workers[0]!, 1);
    await clock.advance(0);
    expect(sumTo(workers[0]!)).toContain('callbridge_calls_handed_over_total 6\n');
  });

  test('are none while one of them does not answer', async () => {
    const { workers, clock, log } = givenServing(2);
    workers[0]!.says({ type: 'sumWanted', id: 1 });
    await answer(workers[0]!, 3);
    await clock.advance(2_000);
    expect(workers[0]!.told.at(-1)).toEqual({ type: 'sum', id: 1, text: undefined });
    expect(log()).toContain('no sum of the metrics');
    expect(clock.armed).toBe(0);
  });
});
