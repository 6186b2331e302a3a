/** Every call of a tool is settled exactly once: by its result, a failure, a deadline, a cancellation, a lost session, a hang-up. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainText, type ToolArgs, type ToolContext } from '../../../src/tools/index.ts';
import { givenLedger, OK } from './given.ts';

const call = (id: string, name = 'look', args: Record<string, unknown> = {}) => ({ id, name, args });

describe('a call is settled', () => {
  test('with what the tool gave', async () => {
    const { ledger, clock, runs, settled } = givenLedger([{ name: 'look' }]);
    ledger.called(call('c1', 'look', { day: 'Friday' }));
    expect(runs).toMatchObject([{ args: { day: 'Friday' } }]);
    expect(settled).toEqual([]);
    runs[0]!.resolve({ ...OK, data: { free: 3 } });
    await clock.advance(0);
    expect(settled).toEqual([
      { call: call('c1', 'look', { day: 'Friday' }), result: { ...OK, data: { free: 3 } }, told: 'answer' },
    ]);
    expect(clock.armed).toBe(0);
  });

  test('at once, when the agent has no such tool', () => {
    const { ledger, outcome } = givenLedger([]);
    ledger.called(call('c1', 'rm'));
    expect(outcome()).toEqual(['c1 unknown_tool answer']);
  });

  test('at once, with what is wrong, when its arguments are', () => {
    const { ledger, runs, settled } = givenLedger([{ name: 'look', check: () => 'day is missing' }]);
    ledger.called(call('c1'));
    expect(runs).toEqual([]);
    expect(settled[0]!.result).toMatchObject({ status: 'invalid_argument', retryable: true });
    expect(settled[0]!.result.message).toContain('day is missing');
  });

  test.each([
    ['rejects', () => Promise.reject(new Error('secret'))],
    [
      'throws',
      () => {
        throw new Error('secret');
      },
    ],
  ])('without what it says, when the tool %s', async (_how, run) => {
    const { ledger, clock, settled, threw } = givenLedger([{ name: 'look', run }]);
    ledger.called(call('c1'));
    await clock.advance(0);
    expect(settled).toMatchObject([{ result: { status: 'failed', retryable: false } }]);
    expect(JSON.stringify(settled)).not.toContain('secret');
    expect(threw).toHaveLength(1);
  });

  test('with what is missing, when its business key is made of keys that the caller has yet to press', () => {
    const businessKey = (args: ToolArgs, context: ToolContext) =>
      plainText([{ path: ['caller', 'keys'] }], { ...context, args });
    const { ledger, settled, threw } = givenLedger([{ name: 'look', sideEffect: true, businessKey }]);
    ledger.takeUp(call('c0'), OK);
    ledger.called(call('c1'));
    expect(settled).toMatchObject([{ call: { id: 'c1' }, result: { status: 'invalid_argument', retryable: true } }]);
    expect(threw).toEqual([]);
  });

  test('as a failure, when its business key cannot be made', () => {
    const businessKey = () => {
      throw new Error('no key');
    };
    const { ledger, outcome, threw } = givenLedger([{ name: 'look', sideEffect: true, businessKey }]);
    ledger.called(call('c1'));
    expect(outcome()).toEqual(['c1 failed answer']);
    expect(threw).toHaveLength(1);
  });

  test.each([
    [false, true],
    [true, false],
  ])('when the deadline is over, and is stopped (side effect: %s)', async (sideEffect, retryable) => {
    const { ledger, clock, runs, settled } = givenLedger([{ name: 'look', sideEffect }]);
    ledger.called(call('c1'));
    await clock.advance(5_000);
    expect(settled).toMatchObject([{ result: { status: 'timeout', retryable }, told: 'answer' }]);
    expect(runs[0]!.signal.aborted).toBe(true);
    runs[0]!.resolve(OK);
    await clock.advance(0);
    expect(settled).toHaveLength(1);
  });

  test('once, when the same id comes twice', async () => {
    const { ledger, clock, runs, outcome } = givenLedger([{ name: 'look' }]);
    ledger.called(call('c1'));
    ledger.called(call('c1'));
    runs[0]!.resolve(OK);
    await clock.advance(0);
    expect(runs).toHaveLength(1);
    expect(outcome()).toEqual(['c1 ok answer']);
  });

  test('once each, where the service gives no ids', async () => {
    const { ledger, clock, runs, outcome } = givenLedger([{ name: 'look' }]);
    ledger.called(call(''));
    ledger.called(call(''));
    for (const run of runs) run.resolve(OK);
    await clock.advance(0);
    expect(outcome()).toEqual([' ok answer', ' ok answer']);
  });

  test.each([
    ['too long', 'x'.repeat(20_000), 'too_long'],
    ['no JSON', 12n, 'failed'],
    ['in a circle', circle(), 'failed'],
  ])('with something short, when the result is %s', async (_how, data, status) => {
    const { ledger, clock, runs, outcome } = givenLedger([{ name: 'look' }]);
    ledger.called(call('c1'));
    runs[0]!.resolve({ ...OK, data });
    await clock.advance(0);
    expect(outcome()).toEqual([`c1 ${status} answer`]);
  });
});

test('a long word that nothing was done is told as that, and cut', async () => {
  const { ledger, clock, runs, settled } = givenLedger([{ name: 'look' }]);
  ledger.called(call('c1'));
  runs[0]!.resolve({ status: 'refused', retryable: false, message: `We are full. ${'x'.repeat(20_000)}` });
  await clock.advance(0);
  expect(settled).toMatchObject([
    { result: { status: 'refused', message: expect.stringMatching(/^We are full\. x{987}$/) } },
  ]);
});

describe('the model calls too much', () => {
  test('at once: it may come again', () => {
    const { ledger, runs, settled } = givenLedger([{ name: 'look' }]);
    for (let at = 0; at < 9; at++) ledger.called(call(`c${at}`));
    expect(runs).toHaveLength(8);
    expect(settled).toMatchObject([{ call: { id: 'c8' }, result: { status: 'too_many', retryable: true } }]);
  });

  test('in all: it is told to stop', async () => {
    const { ledger, clock, runs, settled } = givenLedger([{ name: 'look' }]);
    for (let at = 0; at < 201; at++) {
      ledger.called(call(`c${at}`));
      runs.at(-1)?.resolve(OK);
      await clock.advance(0);
    }
    expect(settled.at(-2)).toMatchObject({ result: { status: 'ok' } });
    expect(settled.at(-1)).toMatchObject({ result: { status: 'too_many', retryable: false } });
  });
});

test('what another process knew of the call counts among all of them', () => {
  const { ledger, settled } = givenLedger([{ name: 'look' }]);
  for (let at = 0; at < 200; at++) ledger.takeUp(call(`c${at}`), OK);
  ledger.called(call('c200'));
  expect(settled).toMatchObject([{ call: { id: 'c200' }, result: { status: 'too_many', retryable: false } }]);
});

describe('a side effect', () => {
  const book = { name: 'book', sideEffect: true };

  test('happens once, however often and in whatever order it is asked for', async () => {
    const { ledger, clock, runs, settled, outcome } = givenLedger([book]);
    ledger.called(call('c1', 'book', { day: 'Friday', at: { hour: 7 } }));
    ledger.called(call('c2', 'book', { at: { hour: 7 }, day: 'Friday' }));
    runs[0]!.resolve(OK);
    await clock.advance(0);
    ledger.called(call('c3', 'book', { day: 'Friday', at: { hour: 7 } }));
    expect(runs).toHaveLength(1);
    expect(outcome()).toEqual(['c1 ok answer', 'c2 ok answer', 'c3 ok answer']);
    expect(settled.map(({ result }) => result['repeated'])).toEqual([undefined, true, true]);
  });

  test('is another one with other arguments, or another business key', () => {
    const { ledger, runs } = givenLedger([
      book,
      { name: 'order', sideEffect: true, businessKey: (args) => String(args['number']) },
    ]);
    ledger.called(call('c1', 'book', { day: 'Friday' }));
    ledger.called(call('c2', 'book', { day: 'Saturday' }));
    ledger.called(call('c3', 'order', { number: 1, note: 'soon' }));
    ledger.called(call('c4', 'order', { number: 1, note: 'very soon' }));
    ledger.called(call('c5', 'order', { number: 2 }));
    expect(runs.map(({ args }) => args)).toEqual([
      { day: 'Friday' },
      { day: 'Saturday' },
      { number: 1, note: 'soon' },
      { number: 2 },
    ]);
  });

  test('that counts as the same and was asked for otherwise is neither done nor told as done', async () => {
    const { ledger, clock, runs, settled } = givenLedger([
      { ...book, businessKey: ({ day }: ToolArgs) => String(day) },
      { name: 'call_taxi', sideEffect: true, businessKey: () => 'taxi' },
    ]);
    ledger.called(call('c1', 'book', { day: 'Friday', guests: 4 }));
    ledger.called(call('c2', 'book', { day: 'Friday', guests: 6 }));
    runs[0]!.resolve({ ...OK, data: { guests: 4 } });
    await clock.advance(0);
    ledger.called(call('c3', 'book', { guests: 7, day: 'Friday' }));
    ledger.called(call('c4', 'book', { guests: 4, day: 'Friday' }));
    const before = { status: 'done_before', retryable: false, repeated: true, data: { guests: 4 } };
    expect(settled.map(({ result }) => result)).toMatchObject([
      OK,
      { ...before, message: expect.stringContaining('with {"day":"Friday","guests":4}') },
      before,
      { ...OK, repeated: true },
    ]);
    ledger.called(call('c5', 'call_taxi', { at: 7 }));
    runs[1]!.resolve({ status: 'unknown', retryable: false, message: 'Nobody knows.' });
    await clock.advance(0);
    ledger.called(call('c6', 'call_taxi', { at: 8 }));
    expect(settled.at(-1)!.result).toMatchObject({
      status: 'unknown',
      message: expect.stringMatching(/with \{"at":7\}.*Nobody knows\.$/),
    });
    expect(runs).toHaveLength(2);
  });

  describe('that another tool undoes', () => {
    const tools = [book, { name: 'cancel', undoes: ['book'] }, { name: 'order', sideEffect: true }];

    test.each([
      ['is done again', OK, 2],
      ['is done again when nobody knows whether it was undone', { ...OK, status: 'timeout', retryable: true }, 2],
      ['is not, when that was refused', { ...OK, status: 'refused' }, 1],
      ['is not, when that found nothing', { ...OK, status: 'not_found' }, 1],
    ])('%s', async (_what, result, times) => {
      const { ledger, clock, runs } = givenLedger(tools);
      const done = async (name: string, as = OK): Promise<void> => {
        const before = runs.length;
        ledger.called(call(`c${clock.nowMs()}`, name));
        if (runs.length > before) runs.at(-1)!.resolve(as);
        await clock.advance(1);
      };
      await done('book');
      await done('order');
      await done('cancel', result);
      await done('book');
      await done('book');
      await done('order');
      expect(runs.filter(({ name }) => name === 'book')).toHaveLength(times);
      expect(runs.filter(({ name }) => name === 'order')).toHaveLength(1);
      expect(runs.filter(({ name }) => name === 'book').map(({ timesUndone }) => timesUndone)).toEqual(
        times === 1 ? [0] : [0, 1],
      );
    });

    test('is done again also by the process that takes the call up, as often undone', () => {
      const { ledger, runs, settled } = givenLedger(tools);
      ledger.takeUp(call('c1', 'book'), OK);
      ledger.takeUp(call('c2', 'cancel'), OK);
      ledger.called(call('c3', 'book'));
      expect(runs).toMatchObject([{ name: 'book', timesUndone: 1 }]);
      const { ledger: later, settled: told } = givenLedger(tools);
      later.takeUp(call('c1', 'book', { guests: 4 }), OK);
      later.takeUp(call('c2', 'cancel'), OK);
      later.takeUp(call('c3', 'book', { guests: 6 }), OK);
      later.called(call('c4', 'book', { guests: 6 }));
      expect(settled).toEqual([]);
      expect(told).toMatchObject([{ call: { id: 'c4' }, result: { status: 'ok', repeated: true } }]);
    });
  });

  test.each([
    ['may be tried again', { status: 'unavailable', retryable: true, message: 'Later.' }, 2],
    ['was refused, so that nothing was done', { status: 'refused', retryable: false, message: 'Full.' }, 2],
    ['nobody knows of', { status: 'failed', retryable: false, message: 'Broke.' }, 1],
  ])('that %s', async (_how, result, times) => {
    const { ledger, clock, runs } = givenLedger([book]);
    ledger.called(call('c1', 'book'));
    runs[0]!.resolve(result);
    await clock.advance(0);
    ledger.called(call('c2', 'book'));
    expect(runs).toHaveLength(times);
  });

  test('is not stopped by a cancellation, and its repetition finds it done', async () => {
    const { ledger, clock, runs, unawaited, outcome } = givenLedger([book]);
    ledger.called(call('c1', 'book'));
    ledger.cancelled(['c1']);
    expect(unawaited).toEqual(['c1 nobody']);
    expect(runs[0]!.signal.aborted).toBe(false);
    ledger.called(call('c2', 'book'));
    runs[0]!.resolve(OK);
    await clock.advance(0);
    expect(runs).toHaveLength(1);
    expect(outcome()).toEqual(['c1 ok nobody', 'c2 ok answer']);
  });
});

test('a cancelled question is stopped, and nobody is told', async () => {
  const { ledger, clock, runs, outcome } = givenLedger([{ name: 'look' }]);
  ledger.called(call('c1'));
  ledger.cancelled(['c1', 'c9']);
  expect(runs[0]!.signal.aborted).toBe(true);
  runs[0]!.reject(runs[0]!.signal.reason);
  await clock.advance(10_000);
  expect(outcome()).toEqual(['c1 cancelled nobody']);
});

test('a session that does not know the call is told its result as text', async () => {
  const { ledger, clock, runs, unawaited, outcome } = givenLedger([{ name: 'look' }]);
  ledger.called(call('c1'));
  ledger.sessionReplaced();
  ledger.sessionReplaced();
  ledger.called(call('c2'));
  for (const run of runs) run.resolve(OK);
  await clock.advance(0);
  expect(unawaited).toEqual(['c1 text']);
  expect(outcome()).toEqual(['c1 ok text', 'c2 ok answer']);
});

describe('when the caller hangs up', () => {
  const tools = [{ name: 'look' }, { name: 'book', sideEffect: true }];

  test('questions are stopped, side effects come to their end, and nobody is told', async () => {
    const { ledger, clock, runs, outcome } = givenLedger(tools);
    const idle: string[] = [];
    ledger.called(call('c1', 'look'));
    ledger.called(call('c2', 'book', { day: 'Friday' }));
    ledger.called(call('c3', 'book', { day: 'Friday' }));
    ledger.called(call('c4', 'book', { day: 'Saturday' }));
    ledger.close();
    ledger.whenIdle(() => idle.push(...outcome()));
    ledger.called(call('c5', 'look'));
    ledger.called(call('c6', 'book', { day: 'Sunday' }));
    ledger.close();
    expect(runs.map(({ signal }) => signal.aborted)).toEqual([true, false, false]);
    runs[0]!.resolve(OK);
    runs[1]!.resolve(OK);
    await clock.advance(4_999);
    expect(idle).toEqual([]);
    await clock.advance(1);
    const early = ['c1 aborted nobody', 'c5 aborted nobody', 'c6 aborted nobody'];
    expect(outcome()).toEqual([...early, 'c2 ok nobody', 'c3 ok nobody', 'c4 timeout nobody']);
    expect(idle).toEqual(outcome());
    expect(clock.armed).toBe(0);
  });

  test('and nobody can wait for a side effect, nobody knows what becomes of it', async () => {
    const { ledger, clock, runs, outcome } = givenLedger(tools);
    const idle: string[] = [];
    ledger.called(call('c1', 'book'));
    ledger.close();
    ledger.whenIdle(() => idle.push(...outcome()));
    ledger.giveUp();
    runs[0]!.resolve(OK);
    await clock.advance(10_000);
    expect(runs[0]!.signal.aborted).toBe(true);
    expect(outcome()).toEqual(['c1 interrupted nobody']);
    expect(idle).toEqual(outcome());
  });

  test('and another process has the call by then, all is left to that one', async () => {
    const { ledger, clock, runs, outcome } = givenLedger(tools);
    ledger.called(call('c1', 'book'));
    ledger.close();
    ledger.leave();
    expect(runs[0]!.signal.aborted).toBe(true);
    await clock.advance(10_000);
    expect(outcome()).toEqual([]);
    expect(clock.armed).toBe(0);
  });

  test('and nothing runs, that is known at once', () => {
    const { ledger } = givenLedger(tools);
    let idle = false;
    ledger.close();
    ledger.whenIdle(() => {
      idle = true;
    });
    expect(idle).toBe(true);
  });
});

describe('when another process takes the call up', () => {
  test('what still ran is left to that one', async () => {
    const { ledger, clock, runs, outcome } = givenLedger([{ name: 'look' }]);
    ledger.called(call('c1'));
    ledger.leave();
    expect(runs[0]!.signal.aborted).toBe(true);
    await clock.advance(10_000);
    expect(outcome()).toEqual([]);
  });

  test('which tells the model that it was interrupted, and to repeat only what does no harm', () => {
    const { ledger, settled } = givenLedger([{ name: 'look' }, { name: 'book', sideEffect: true }]);
    ledger.takeUp(call('c1', 'look'), undefined);
    ledger.takeUp(call('c2', 'book'), undefined);
    expect(settled).toMatchObject([
      { call: { id: 'c1' }, result: { status: 'interrupted', retryable: true }, told: 'answer' },
      { call: { id: 'c2' }, result: { status: 'interrupted', retryable: false }, told: 'answer' },
    ]);
  });

  test.each(['text', 'nobody'] as const)('or settles it for who was to hear of it: %s', (told) => {
    const { ledger, outcome } = givenLedger([{ name: 'look' }]);
    ledger.takeUp(call('c1'), undefined, { told });
    expect(outcome()).toEqual([`c1 interrupted ${told}`]);
  });

  test('unless the caller has hung up meanwhile: then nobody is told', () => {
    const { ledger, outcome } = givenLedger([{ name: 'look' }]);
    ledger.close();
    ledger.takeUp(call('c1'), undefined);
    expect(outcome()).toEqual(['c1 interrupted nobody']);
  });

  test('unless its other side is back here: then it says itself what came of it', () => {
    const broughtBack = (keysPressed: boolean) => ({ ...OK, status: keysPressed ? 'ok' : 'not_pressed' });
    const { ledger, outcome } = givenLedger([{ name: 'press', broughtBack }]);
    ledger.takeUp(call('c1', 'press'), { ...OK, status: 'not_now' }, { keysPressed: true });
    ledger.takeUp(call('c2', 'press'), undefined, { keysPressed: true });
    ledger.takeUp(call('c3', 'press'), undefined);
    expect(outcome()).toEqual(['c2 ok answer', 'c3 not_pressed answer']);
  });

  test('and does no side effect again that was done before', () => {
    const { ledger, runs, settled } = givenLedger([{ name: 'book', sideEffect: true }]);
    ledger.takeUp(call('c1', 'book'), OK);
    expect(settled).toEqual([]);
    ledger.called(call('c2', 'book'));
    expect(runs).toEqual([]);
    expect(settled).toMatchObject([{ call: { id: 'c2' }, result: { status: 'ok', repeated: true } }]);
  });

  test.each([
    ['by which nothing was done has none, and needs none', { ...OK, status: 'refused' }, 0],
    ['whose arguments were wrong has none, and needs none', { status: 'invalid_argument', retryable: true }, 0],
    ['that was done is told to whoever looks after the tool', OK, 1],
    ['that still ran is told as interrupted all the same', undefined, 1],
  ])('and a key cannot be made, a call %s', (_what, answer, times) => {
    const businessKey = () => {
      throw new Error('no key');
    };
    const { ledger, outcome, threw } = givenLedger([{ name: 'book', sideEffect: true, businessKey }]);
    ledger.takeUp(call('c1', 'book'), answer);
    expect(threw).toHaveLength(times);
    expect(outcome()).toEqual(answer === undefined ? ['c1 interrupted answer'] : []);
  });
});

test('whatever happens in whatever order, each call is settled exactly once', async () => {
  const id = fc.integer({ min: 0, max: 15 }).map((number) => `c${number}`);
  const name = fc.constantFrom('look', 'book', 'unknown', 'picky');
  const args = fc.record({ day: fc.constantFrom('Friday', 'Saturday') });
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('call' as const), id, name, args }) },
    fc.record({ do: fc.constant('cancel' as const), id }),
    fc.record({ do: fc.constant('resolve' as const), run: fc.nat(20), retryable: fc.boolean() }),
    fc.record({ do: fc.constant('reject' as const), run: fc.nat(20) }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 100, 2_600) }),
    fc.record({ do: fc.constant('replace' as const) }),
  );
  const tools = [{ name: 'look' }, { name: 'book', sideEffect: true }, { name: 'picky', check: () => 'no' }];
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { ledger, clock, runs, called, settled } = givenLedger(tools);
      const ids = new Set<string>();
      for (const one of steps) {
        if (one.do === 'call') ids.add(one.id);
        if (one.do === 'call') ledger.called(one);
        else if (one.do === 'cancel') ledger.cancelled([one.id]);
        else if (one.do === 'resolve') runs[one.run]?.resolve({ ...OK, retryable: one.retryable });
        else if (one.do === 'reject') runs[one.run]?.reject(new Error('broken'));
        else if (one.do === 'wait') await clock.advance(one.ms);
        else ledger.sessionReplaced();
      }
      ledger.close();
      for (const run of runs) run.resolve(OK);
      await clock.advance(10_000);
      expect(called.map((each) => each.id)).toEqual([...ids]);
      expect(settled.map((each) => each.call.id).sort()).toEqual([...ids].sort());
      expect(runs.every(({ signal }) => signal.aborted)).toBe(true);
      expect(clock.armed).toBe(0);
    }),
    { numRuns: 300 },
  );
});

function circle(): unknown {
  const round: Record<string, unknown> = {};
  round['round'] = round;
  return round;
}
