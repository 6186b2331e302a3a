import { describe, expect, test } from 'vitest';
import { judgeClose } from '../../../src/live/closes.ts';
import { afterEnd, beginPlan, dialNext, keepHandle, type ResumePlan } from '../../../src/live/resumption.ts';

const broke = judgeClose(1006, '');
const deadHandle = judgeClose(1008, 'Requested entity was not found.');
const WELL_MS = 60_000;

/** The plan after a stable session with the handle `h` broke. */
const broken = () => afterEnd(beginPlan('h'), { verdict: broke, readyForMs: WELL_MS, withHandle: true });
/** Dials as the plan says, and fails before it is ready. */
const failed = (plan: ResumePlan, verdict = broke) =>
  afterEnd(dialNext(plan, 0.5).plan, { verdict, readyForMs: undefined, withHandle: plan.handle !== undefined });

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
    expect(afterEnd(dialled, { verdict: broke, readyForMs: 9_999, withHandle: false }).next).toBe('never');
    const healed = afterEnd(dialled, { verdict: broke, readyForMs: 10_000, withHandle: false });
    expect(dialNext(healed, 0.5).delayMs).toBe(1_500);
  });

  test('leaving in good order needs none', () => {
    const plan = afterEnd(beginPlan('h'), { verdict: undefined, readyForMs: WELL_MS, withHandle: true });
    expect(dialNext(plan, 0.5).delayMs).toBe(0);
    expect(plan.handle).toBe('h');
  });

  test('leaving over and over comes to an end', () => {
    let plan = beginPlan('h');
    let dials = 0;
    while (plan.next !== 'never' && dials < 100) {
      plan = afterEnd(dialNext(plan, 0.5).plan, { verdict: undefined, readyForMs: 5, withHandle: true });
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
    expect(afterEnd(dialled, { verdict: broke, readyForMs: 5_000, withHandle: false }).handle).toBe('new');
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

test('a fatal verdict ends the plan', () => {
  expect(failed(broken(), judgeClose(1007, 'API key not valid.')).next).toBe('never');
});

test('a second rejected argument ends the plan, even long after the first', () => {
  const rejected = judgeClose(1007, 'Request contains an invalid argument.');
  const ending = { verdict: rejected, readyForMs: WELL_MS, withHandle: true };
  const once = afterEnd(beginPlan('h'), ending);
  expect(once).toMatchObject({ next: 'now', handle: undefined });
  expect(afterEnd(keepHandle(once, 'h2', true), ending).next).toBe('never');
});
