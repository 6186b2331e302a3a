/** Calls that somebody has had ended over HTTP: known before the provider is asked, and not when it does not end them. */
import { expect, test } from 'vitest';
import { RequestedEnds } from '../../../src/call/index.ts';
import { createLocalNotes } from '../../../src/cluster/index.ts';
import { Failure } from '../../../src/lib/index.ts';
import type { CallControl } from '../../../src/telephony/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';

function given(hangUp: (known: Promise<'api' | undefined>) => ReturnType<CallControl['hangUp']>) {
  const clock = new ManualClock();
  const control: CallControl = {
    hangUp: (callId) => hangUp(requested.by(callId)),
    redirect: async () => 'done',
  };
  const requested: RequestedEnds = new RequestedEnds({ notes: createLocalNotes(clock), control });
  return { clock, requested };
}

test('is known when the provider is asked, and for a minute after', async () => {
  const known: unknown[] = [];
  const { clock, requested } = given(async (by) => {
    known.push(await by);
    return 'done';
  });
  expect(await requested.by('CA1')).toBeUndefined();
  await requested.hangUp('CA1');
  expect(known).toEqual(['api']);
  expect([await requested.by('CA1'), await requested.by('CA2')]).toEqual(['api', undefined]);
  clock.tick(60_001);
  expect(await requested.by('CA1')).toBeUndefined();
});

test('is forgotten when the provider does not end the call, and can be asked for again', async () => {
  let tries = 0;
  const { requested } = given(async () => {
    if (++tries === 1) throw new Failure('PROVIDER_REST', 'no');
    return 'over';
  });
  await expect(requested.hangUp('CA1')).rejects.toMatchObject({ code: 'PROVIDER_REST' });
  expect(await requested.by('CA1')).toBeUndefined();
  await requested.hangUp('CA1');
  expect(await requested.by('CA1')).toBe('api');
});

test('is refused where there is nobody to ask', async () => {
  const requested = new RequestedEnds({ notes: createLocalNotes(new ManualClock()), control: undefined });
  await expect(requested.hangUp('CA1')).rejects.toMatchObject({ code: 'OUTBOUND_OFF' });
  expect(await requested.by('CA1')).toBeUndefined();
});
