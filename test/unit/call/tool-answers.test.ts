/** Every call of a tool is answered once, whatever becomes of sockets, sessions and processes; and a side effect happens once. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CallRecord, recordFrom } from '../../../src/transcript/index.ts';
import type { Answered, Asked } from '../../support/asking-live.ts';
import { afterSteps, anyEnds, anyStep, type Late, type Outcome, type Step } from './tool-interleavings.ts';

const ask = (name: 'look' | 'book'): Step => ({ do: 'ask', calls: [{ name, args: { day: 'Friday' } }] });
const end: Step = { do: 'end', run: 0, how: 'ok' };
const breaks: Step = { do: 'lose', how: 'breaks', afresh: false };
const leaves: Step = { do: 'leave', takenAfterMs: 0 };
const dies: Step = { do: 'die', takenAfterMs: 0 };

/** What is known to the record only. */
const NOT_TOLD = /"status":"(aborted|cancelled)"/;

/** What an answer says, and to which session. */
const told = ({ id, session, response }: Answered): unknown => [id, session, JSON.parse(response).status];
const statuses = ({ entries }: Outcome): unknown => recordFrom(entries).toolCalls.map(statusOf);
const statusOf = ({ answer }: CallRecord['toolCalls'][number]): unknown => answer?.['status'];

/** The sessions that were told of the call in words. */
function inWords({ live }: Outcome, { id }: Asked): (number | undefined)[] {
  const isOfIt = (text: string): boolean => {
    const [, args] = /^\[Earlier you called \w+ with (\{.*?\})\./.exec(text) ?? [];
    return args?.includes(`"ref":"${id}"`) === true;
  };
  return live.texts().flatMap(({ session, text }) => (isOfIt(text) ? [session] : []));
}

describe('when another process takes the call up', () => {
  test.each([
    ['that could not be told before the call was given away', [ask('look'), breaks, end, leaves], 'ok'],
    ['that could not be told before the process died', [ask('look'), breaks, end, dies], 'ok'],
    [
      'of a call that was interrupted, given away before that could be told',
      [ask('look'), leaves, leaves],
      'interrupted',
    ],
  ])('the session that it resumes is told a result %s', async (_what, steps, status) => {
    const outcome = await afterSteps(steps);
    expect(outcome.live.answered.map(told)).toEqual([['c0', 0, status]]);
    expect(statuses(outcome)).toEqual([status]);
  });

  test('nobody is told of a call that the model has cancelled, whose side effect was under way', async () => {
    const outcome = await afterSteps([ask('book'), { do: 'cancel', which: 0 }, dies]);
    expect(outcome.live.answered).toEqual([]);
    expect(outcome.live.texts().filter(({ text }) => text.includes('you called'))).toEqual([]);
    expect(statuses(outcome)).toEqual(['interrupted']);
  });

  test('a call of a session that had begun afresh since is told in words', async () => {
    const outcome = await afterSteps([ask('look'), { ...breaks, afresh: true }, { do: 'wait', ms: 2_000 }, dies]);
    expect(outcome.live.answered).toEqual([]);
    expect(inWords(outcome, outcome.live.asked[0]!)).toEqual([1]);
  });

  test('a call that it finds has its end in the record also when the caller hangs up before there is a session', async () => {
    expect(statuses(await afterSteps([ask('look'), dies], 'atOnce'))).toEqual(['interrupted']);
  });
});

test('when the caller hangs up, a question is stopped, and a side effect runs on: what it comes to is in the record', async () => {
  const day = { day: 'Saturday' };
  const steps: Step[] = [ask('look'), ask('book'), ask('book'), { do: 'ask', calls: [{ name: 'book', args: day }] }];
  const outcome = await afterSteps(steps, 'atOnce', ['refused']);
  expect(statuses(outcome)).toEqual(['aborted', 'refused', 'refused', 'timeout']);
  expect([outcome.live.answered, outcome.armed]).toEqual([[], 0]);
});

/** Some two seconds of work, with nothing else to do. */
const LONG = 60_000;

test('whatever happens in whatever order, each call is answered once, each side effect begun once, and its result in the record', {
  timeout: LONG,
}, async () => {
  const steps = fc.array(anyStep, { maxLength: 30, size: 'max' });
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom('atLast', 'atOnce', 'atOnce'), anyEnds, async (taken, hangsUp, ends) => {
      const outcome = await afterSteps(taken, hangsUp, ends);
      const { live, entries, repeated, late, armed } = outcome;
      for (const asked of live.asked) expectTold(outcome, asked);
      expect(repeated.map(({ name, args }) => [name, args])).toEqual([]);
      const { toolCalls } = recordFrom(entries);
      expect(toolCalls.map(({ id }) => id)).toEqual(live.asked.map(({ id }) => id));
      expect(toolCalls.filter((one) => typeof statusOf(one) !== 'string')).toEqual([]);
      expect(entries.filter(({ type }) => type === 'toolAnswered')).toHaveLength(live.asked.length);
      expect(late.map(({ stopped }) => stopped)).toEqual(late.map(({ name }) => name === 'look'));
      expect(late.map(({ id }) => statusOf(toolCalls.find((one) => one.id === id)!))).toEqual(late.map(statusAfterEnd));
      expect(armed).toBe(0);
    }),
    { numRuns: 300 },
  );
});

/** What the record has of a tool that was under way when the caller hung up. */
function statusAfterEnd({ stopped, how }: Late): string {
  if (stopped) return expect.stringMatching(/^(aborted|cancelled)$/);
  if (how === 'later') return 'unavailable';
  return how === 'throws' ? 'unknown' : (how ?? 'timeout');
}

function expectTold(outcome: Outcome, asked: Asked): void {
  const { live, lasted } = outcome;
  const { id, session } = asked;
  const answers = live.answered.filter((one) => one.id === id);
  const words = inWords(outcome, asked);
  // Another session does not know the id, and is told in words, once.
  expect(
    answers.filter((one) => one.session !== session),
    `${id}: told to another session`,
  ).toEqual([]);
  expect(
    words.filter((one) => one === session),
    `${id}: told in words to the session that asked`,
  ).toEqual([]);
  expect(words.length, `${id}: how often told in words`).toBeLessThanOrEqual(1);
  // Said again on another socket, an answer is the same: the session knows the id until the first one only.
  expect(new Set(answers.map(({ socket }) => socket)).size, `${id}: on how many sockets`).toBe(answers.length);
  expect(new Set(answers.map(({ response }) => response)).size, `${id}: different answers`).toBeLessThanOrEqual(1);
  expect(
    answers.filter(({ response }) => NOT_TOLD.test(response)),
    `${id}: told in vain`,
  ).toEqual([]);
  if (asked.cancelled) expect([...answers, ...words], `${id}: told, and was cancelled`).toEqual([]);
  else if (lasted && session === live.session) expect(answers, `${id}: not answered`).not.toEqual([]);
  // What an earlier process knew, a session that begins afresh is not told: it asks again.
  else if (lasted && isSettledByLast(outcome, id)) expect([...answers, ...words], `${id}: not told`).not.toEqual([]);
}

/** Whether the last of the call's processes settled the call. */
function isSettledByLast({ entries }: Outcome, id: string): boolean {
  const settledAt = entries.findIndex((entry) => entry.type === 'toolAnswered' && entry.id === id);
  return settledAt > entries.findLastIndex(({ type }) => type === 'began');
}
