/** A call that one process has placed, and that nobody answers: another one is told, and makes its record. Real processes. */
import { expect, test, vi } from 'vitest';
import { nobody } from '../../src/simulator/index.ts';
import { onTheirOwn, recordsIn } from '../support/replicas.ts';
import { overRedis } from '../support/two-replicas.ts';
import { startReceiver } from '../unit/postprocess/receiver-given.ts';

/** A call that is busy for some seconds, and processes that start; on a busy machine several times that. */
const LONG = 90_000;
const CALLED = '+15550177';
const KEY = 'an-api-key-of-the-tests';

test('the process that placed a call is killed while it rings: its record and its event come, once', {
  timeout: LONG,
}, async () => {
  const { url, deliveries } = await startReceiver();
  // Goes on in the part of the file with which it ends.
  const agent = `  webhook: { url: "${url}", secretEnv: HOOK }\n`;
  const run = onTheirOwn(
    { turns: [] },
    async (replicas) => {
      const { first, second, records } = await overRedis(replicas, {
        CALLBRIDGE_API_KEY: KEY,
        OUTBOUND_ALLOWED: '+1555',
        TWILIO_FROM: '+15550199',
        HOOK: `whsec_${Buffer.alloc(32).toString('base64')}`,
      });
      const ordered = { variables: { name: 'Ada' }, greeting: 'Hello.', voice: 'Puck', language: 'de-DE' };
      const placed = await fetch(`${first.origin}/calls`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify({ agent: 'reception', to: CALLED, ...ordered }),
      });
      const { id } = (await placed.json()) as { id: string };
      expect(placed.status).toBe(201);
      replicas.route(second);
      first.process.child.kill('SIGKILL');
      await first.process.exited();
      await vi.waitFor(() => expect(deliveries).not.toEqual([]), { timeout: 30_000 });
      expect(deliveries.map((delivery) => delivery.id)).toEqual([`call_ended_${id}`]);
      const outcome = { kind: 'unanswered', end: 'busy' };
      expect(recordsIn(records)).toMatchObject([
        { callId: id, agent: 'reception', to: CALLED, voice: 'Puck', outbound: ordered, outcome },
      ]);
      const known = await fetch(`${second.origin}/calls/${id}`, { headers: { authorization: `Bearer ${KEY}` } });
      expect(await known.json()).toMatchObject({ state: 'ended', end: 'busy' });
    },
    { agent, callees: { [CALLED]: nobody('busy', 4_000) } },
  );
  await run();
});
