/** What is known, over HTTP, of a call between its end and its record. */
import { expect, onTestFinished, test } from 'vitest';
import { RequestedEnds } from '../../../src/call/index.ts';
import { createCallsDoor, openOutbound } from '../../../src/cli/calls-door.ts';
import { createLocalNotes } from '../../../src/cluster/index.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import { countingIds } from '../../support/counting-ids.ts';
import { config } from '../../support/registry.ts';
import { diskDriver } from '../../support/store-processes.ts';

test('a call that has ended, and whose record waits for a side effect, is hung up on again and again', async () => {
  const driver = await diskDriver();
  onTestFinished(() => driver.stop());
  const { clock } = driver;
  const { store, begin } = await driver.start();
  const tools = { clock, ids: countingIds(), logger: createLogger({ level: 'silent' }), metrics: createMetrics() };
  const asked: string[] = [];
  const control = {
    hangUp: async (callId: string) => {
      asked.push(callId);
      return 'over' as const;
    },
    redirect: async () => 'over' as const,
  };
  const cluster = { notes: createLocalNotes(clock), store };
  const requestedEnds = new RequestedEnds({ ...cluster, control });
  const outbound = openOutbound(config, tools, cluster, requestedEnds, () => undefined);
  const registry = { notReadyBecause: [] };
  const door = createCallsDoor({ config, clock, cluster, registry, outbound, requestedEnds });
  const { transcript } = await begin('CA1');
  transcript.collector.end({ kind: 'callerGone' }, clock.nowMs());
  await store.end('CA1', '');
  expect([await door.hangUp('CA1'), await door.hangUp('CA1')]).toEqual([true, true]);
  expect(await door.hangUp('CA2')).toBe(false);
  expect(asked).toEqual(['CA1', 'CA1']);
});
