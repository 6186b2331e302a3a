/** What the metrics of several processes are together. */
import { expect, test } from 'vitest';
import { createMetrics, keepCounts, sumOfMetrics } from '../../../src/telemetry/index.ts';

async function two() {
  const [one, other] = [createMetrics(), createMetrics()];
  one.callsActive.set({ agent: 'reception' }, 3);
  other.callsActive.set({ agent: 'reception' }, 4);
  other.callsActive.set({ agent: 'sales' }, 1);
  one.calls.inc({ agent: 'reception', outcome: 'completed', fault: '', code: '' }, 10);
  other.calls.inc({ agent: 'reception', outcome: 'completed', fault: '', code: '' }, 5);
  one.responseSeconds.observe({ agent: 'reception' }, 1.1);
  other.responseSeconds.observe({ agent: 'reception' }, 1.3);
  for (const metrics of [one, other]) {
    metrics.queueJobs.set({ state: 'waiting' }, 7);
    metrics.callSlotsLimit.set(500);
  }
  one.loopDelaySeconds.set(0.2);
  other.loopDelaySeconds.set(0.01);
  one.overloaded.set(1);
  other.draining.set(1);
  return Promise.all([one, other].map(({ snapshot }) => snapshot()));
}

test('what is counted, and what each has, adds up; of what all see, and of what is wrong with one, the highest stands', async () => {
  const lines = (await sumOfMetrics(await two())).split('\n');
  for (const line of [
    'callbridge_calls_active{agent="reception"} 7',
    'callbridge_calls_active{agent="sales"} 1',
    'callbridge_calls_total{agent="reception",outcome="completed",fault="",code=""} 15',
    'callbridge_response_seconds_bucket{le="1.25",agent="reception"} 1',
    'callbridge_response_seconds_bucket{le="1.5",agent="reception"} 2',
    'callbridge_response_seconds_count{agent="reception"} 2',
    'callbridge_call_slots_limit 1000',
    'callbridge_queue_jobs{state="waiting"} 7',
    'callbridge_loop_delay_seconds 0.2',
    'callbridge_overloaded 1',
    'callbridge_draining 1',
  ]) {
    expect(lines).toContain(line);
  }
});

test('of processes that are gone, what they counted is kept, and nothing of how they were', async () => {
  const kept = await keepCounts(await two());
  const text = await sumOfMetrics([kept, await createMetrics().snapshot()]);
  expect(text).toContain('callbridge_calls_total{agent="reception",outcome="completed",fault="",code=""} 15\n');
  expect(text).toContain('callbridge_response_seconds_count{agent="reception"} 2\n');
  expect(text).not.toContain('callbridge_calls_active{');
  expect(text).toContain('callbridge_loop_delay_seconds 0\n');
});
