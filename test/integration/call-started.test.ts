/** A receiver that wants to know when a call begins is told so once, whichever process has the call. Real processes. */
import { expect, test, vi } from 'vitest';
import type { CallScript } from '../../src/simulator/index.ts';
import { onTheirOwn, recordsIn } from '../support/replicas.ts';
import { onOneDisk } from '../support/two-replicas.ts';
import { startReceiver } from '../unit/postprocess/receiver-given.ts';

/** A real call of some ten seconds, and processes that start; on a busy machine several times that. */
const LONG = 90_000;
const HEAR = { hear: 'agent', withinMs: 20_000 } as const;
const QUIET = { hearSilence: { ms: 700 }, withinMs: 20_000 };
const WAIT = 'waits 6000 ms';
const script: CallScript = [
  ...[HEAR, QUIET, { wait: 1_200, withinMs: 1_000 }, { wait: 6_000, withinMs: 1_000 }],
  { hangUp: true, withinMs: 1_000 },
];

test('call.started comes once, before call.ended, and not again from the process that takes the call up', {
  timeout: LONG,
}, async () => {
  const { url, deliveries } = await startReceiver();
  const told = () =>
    deliveries.map(({ id, body }) => ({ id, ...(JSON.parse(body) as { type: string; data: object }) }));
  // Goes on in the part of the file with which it ends.
  const webhook = `{ url: "${url}", secretEnv: HOOK, events: [call.started, call.ended] }`;
  const agent = `  webhook: ${webhook}\npatience: false\n`;
  const model = { turns: [{ on: 'greeting' as const, says: 'Good morning.' }] };
  const run = onTheirOwn(
    model,
    async (replicas) => {
      const HOOK = `whsec_${Buffer.alloc(32).toString('base64')}`;
      const { first, second, records } = await onOneDisk(replicas, { HOOK });
      let waits = (): void => undefined;
      const waiting = new Promise<void>((resolve) => {
        waits = resolve;
      });
      const call = replicas.call({
        script,
        habits: { brokenStream: { leadsTo: 'action', afterMs: 200 } },
        onEvent: (event) => {
          if (event.type === 'stepBegan' && event.step === WAIT) waits();
        },
      });
      await waiting;
      expect(told().map(({ type }) => type)).toEqual(['call.started']);
      replicas.route(second);
      first.process.child.kill('SIGKILL');
      await first.process.exited();
      const { callSid, scriptFailure } = await call;
      expect(scriptFailure).toBeUndefined();
      await vi.waitFor(() => expect(told().map(({ type }) => type)).toContain('call.ended'), { timeout: 20_000 });
      const [started, ...later] = told();
      expect(started).toMatchObject({
        id: `call_started_${callSid}`,
        data: { version: 1, callId: callSid, agent: 'reception', direction: 'inbound', from: '+15550100' },
      });
      expect(later.map(({ type }) => type)).toEqual(['call.ended']);
      expect(recordsIn(records)[0]?.events.map(({ code }) => code)).toContain('TAKEN_UP');
    },
    { agent },
  );
  await run();
});
