/** A call that is ended over HTTP by another process than the one that carries it. Real processes. */
import { expect, test, vi } from 'vitest';
import { onTheirOwn, recordsIn } from '../support/replicas.ts';
import { overRedis } from '../support/two-replicas.ts';

/** A call of some seconds, and processes that start; on a busy machine several times that. */
const LONG = 90_000;
const KEY = 'an-api-key-of-the-tests';

test('says in its record that it was ended so', { timeout: LONG }, async () => {
  const run = onTheirOwn(
    { turns: [{ on: 'greeting', says: 'Good morning.' }] },
    async (replicas) => {
      const { first, second, records } = await overRedis(replicas, { CALLBRIDGE_API_KEY: KEY });
      const ask = (method: string, path: string): Promise<Response> =>
        fetch(second.origin + path, { method, headers: { authorization: `Bearer ${KEY}` } });
      const calling = replicas.call({
        script: [{ waitForHangUp: true, withinMs: 60_000 }],
      });
      const id = await vi.waitFor(
        async () => {
          const { calls } = (await (await ask('GET', '/calls')).json()) as { calls: { id: string }[] };
          expect(calls).toHaveLength(1);
          return calls[0]!.id;
        },
        { timeout: 30_000 },
      );
      expect((await ask('DELETE', `/calls/${id}`)).status).toBe(204);
      const call = await calling;
      expect([call.callSid, call.end.how, call.scriptFailure]).toEqual([id, 'serviceHungUp', undefined]);
      await vi.waitFor(
        () => expect(recordsIn(records)).toMatchObject([{ callId: id, outcome: { kind: 'completed', by: 'api' } }]),
        { timeout: 15_000 },
      );
      // Twilio is asked once: by the process that was asked itself.
      expect(replicas.twilio.requests).toHaveLength(1);
      expect(first.process.child.exitCode).toBeNull();
    },
    { patient: true },
  );
  await run();
});
