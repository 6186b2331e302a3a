import { describe, expect, test } from 'vitest';
import { Failure } from '../../../src/lib/index.ts';
import { judgeClose, judgeFailure, judgeRefusal } from '../../../src/live/closes.ts';
import {
  afterEnd,
  afterGone,
  beginPlan,
  dialNext,
  forgetHandle,
  keepHandle,
  type ResumePlan,
} from '../../../src/live/resumption.ts';

const broke = judgeClose(1006, '');
const deadHandle = judgeClose(1008, 'Requested entity was not found.');
const WELL_MS = 60_000;
const ENDED = { verdict: undefined, readyForMs: WELL_MS, withHandle: false, others: false };

/** The plan after a stable session with the handle `h` broke. */
const broken = () =>
  afterGone(afterEnd(beginPlan('h'), { verdict: broke, readyForMs: WELL_MS, withHandle: true, others: false }), true);
/** Dials as the plan says, and fails before it is ready. */
const failed = (plan: ResumePlan, verdict = broke, others = false) =>
  afterEnd(dialNext(plan, 0.5).plan, { verdict, readyForMs: undefined, withHandle: plan.handle !== undefined, others });

describe('the waits', () => {
  test('are 1.5, 3 and 6 s, and there is no fourth', () => {
    const waitsMs: number[] = [];
    let plan = broken();
    while (plan.next !== 'never') {
      waitsMs.push(dialNext(plan, 0.5).delayMs);
      plan = failed(plan);
    }
    expect(waitsMs).toEqual([1_500, 3_000, 6_000]);
  });

  test('are spread by a fifth, but never below the second that the service needs', () => {
    expect(dialNext(broken(), 0).delayMs).toBe(1_200);
    expect(dialNext(broken(), 0.999_999).delayMs).toBe(1_800);
  });

  test('begin anew once the session was well for ten seconds, not before', () => {
    const tired = failed(failed(broken()));
    const dialled = dialNext(tired, 0.5).plan;
    expect(afterEnd(dialled, { verdict: broke, readyForMs: 9_999, withHandle: false, others: false }).next).toBe(
      'never',
    );
    const healed = afterEnd(keepHandle(dialled, 'h2', true), {
      verdict: broke,
      readyForMs: 10_000,
      withHandle: false,
      others: false,
    });
    expect(dialNext(afterGone(healed, true), 0.5).delayMs).toBe(1_500);
  });

  test('leaving in good order needs none', () => {
    const plan = afterEnd(beginPlan('h'), { verdict: undefined, readyForMs: WELL_MS, withHandle: true, others: false });
    expect(dialNext(plan, 0.5).delayMs).toBe(0);
    expect(plan.handle).toBe('h');
  });

  test('leaving over and over comes to an end', () => {
    let plan = beginPlan('h');
    let dials = 0;
    while (plan.next !== 'never' && dials < 100) {
      plan = afterEnd(dialNext(plan, 0.5).plan, { verdict: undefined, readyForMs: 5, withHandle: true, others: false });
      dials += 1;
    }
    expect(dials).toBe(6);
  });
});

describe('the handle', () => {
  test('is the newest good one', () => {
    let plan = keepHandle(beginPlan(undefined), 'a', true);
    plan = keepHandle(plan, 'b', true);
    plan = keepHandle(plan, '', false);
    plan = keepHandle(plan, 'c', false);
    plan = keepHandle(plan, '', true);
    expect(plan.handle).toBe('b');
  });

  test('is given up after it failed twice', () => {
    expect(failed(broken()).handle).toBe('h');
    expect(failed(failed(broken())).handle).toBeUndefined();
  });

  test('is not blamed for tries without one', () => {
    const twice = failed(failed(beginPlan(undefined)));
    const dialled = keepHandle(dialNext(twice, 0.5).plan, 'new', true);
    expect(afterEnd(dialled, { verdict: broke, readyForMs: 5_000, withHandle: false, others: false }).handle).toBe(
      'new',
    );
  });

  test('is given up at once when the service does not know it, without a wait', () => {
    const plan = failed(broken(), deadHandle);
    expect(plan.handle).toBeUndefined();
    expect(dialNext(plan, 0.5).delayMs).toBe(0);
  });

  test('cannot be blamed where there was none: the next try waits', () => {
    const plan = failed(beginPlan(undefined), deadHandle);
    expect(dialNext(plan, 0.5).delayMs).toBe(1_500);
  });
});

describe('the first try after a session that was well', () => {
  const closed = (code: number, reason: string, handle: string | undefined = 'h') =>
    afterEnd(beginPlan(handle), {
      verdict: judgeClose(code, reason),
      readyForMs: WELL_MS,
      withHandle: false,
      others: false,
    });

  test.each([
    [1000, ''],
    [1001, ''],
    [1008, 'The operation was aborted.'],
    [1011, 'Deadline expired before operation could complete.'],
    [1011, 'Internal error encountered.'],
    [1011, 'The service is currently unavailable.'],
  ])('comes at once, with the handle, after the close %i "%s"', (code, reason) => {
    expect(afterGone(closed(code, reason), false)).toMatchObject({ next: 'now', handle: 'h' });
  });

  test('waits after a socket that was not closed, for the sake of the handle alone', () => {
    expect(afterGone(closed(1006, ''), true)).toMatchObject({ next: 'later', waits: 1 });
    expect(afterGone(afterEnd(beginPlan(undefined), { ...ENDED, verdict: broke }), true).next).toBe('now');
    expect(forgetHandle(afterGone(closed(1006, ''), true)).next).toBe('now');
  });

  test('waits when it is the second break within ten seconds', () => {
    const once = dialNext(closed(1011, 'Internal error encountered.'), 0.5).plan;
    expect(afterEnd(once, { ...ENDED, verdict: judgeClose(1001, ''), readyForMs: 500 }).next).toBe('later');
  });
});

test('a handle that is refused twice leaves nothing to wait for: the next session begins at once', () => {
  const refused = judgeClose(1011, 'Internal error encountered.');
  const twice = failed(failed(broken(), refused), refused);
  expect(twice).toMatchObject({ next: 'now', handle: undefined });
  // An overloaded service is left alone for a while.
  expect(failed(failed(broken(), judgeRefusal(503)), judgeRefusal(503)).next).toBe('later');
});

describe('what took too long', () => {
  const slow = judgeFailure(new Failure('LIVE_SETUP_TIMEOUT', ''));
  test('is tried again without a wait, a bounded number of times', () => {
    let plan = beginPlan(undefined);
    let dials = 0;
    for (; plan.next !== 'never' && dials < 10; dials += 1) {
      expect(dialNext(plan, 0.5).delayMs).toBe(0);
      plan = failed(plan, slow);
    }
    expect(dials).toBe(4);
  });

  test('is not tried again where there is another route', () => {
    expect(failed(beginPlan('h'), slow, true).next).toBe('never');
  });
});

describe('with another route at hand', () => {
  const overloaded = judgeRefusal(503);
  test('a session that does not begin waits once', () => {
    const once = failed(beginPlan(undefined), overloaded, true);
    expect(once.next).toBe('later');
    expect(failed(once, overloaded, true).next).toBe('never');
  });

  test('a session that can be resumed waits twice', () => {
    const once = failed(broken(), overloaded, true);
    expect(once).toMatchObject({ next: 'later', waits: 2, handle: 'h' });
    expect(failed(once, overloaded, true).next).toBe('never');
  });

  test('what this model does not do is left to another at once; without one, it is tried afresh, once', () => {
    const verdict = judgeClose(1008, 'Operation is not implemented, or supported, or enabled.');
    expect(afterEnd(beginPlan('h'), { ...ENDED, verdict, others: true }).next).toBe('never');
    const alone = afterEnd(beginPlan('h'), { ...ENDED, verdict });
    expect(alone).toMatchObject({ next: 'now', handle: undefined });
    expect(afterEnd(keepHandle(alone, 'h2', true), { ...ENDED, verdict }).next).toBe('never');
  });
});

test('a fatal verdict ends the plan', () => {
  expect(failed(broken(), judgeClose(1007, 'API key not valid.')).next).toBe('never');
});

test('a second rejected argument ends the plan, even long after the first', () => {
  const rejected = judgeClose(1007, 'Request contains an invalid argument.');
  const ending = { verdict: rejected, readyForMs: WELL_MS, withHandle: true, others: false };
  const once = afterEnd(beginPlan('h'), ending);
  expect(once).toMatchObject({ next: 'now', handle: undefined });
  expect(afterEnd(keepHandle(once, 'h2', true), ending).next).toBe('never');
});
