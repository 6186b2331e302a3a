/** What was made of a call while it rang outlives the process that asked: whoever takes the call up knows, and asks nobody. Real processes. */
import { expect, test, vi } from 'vitest';
import type { CallScript, ScenarioInput } from '../../src/simulator/index.ts';
import { onTheirOwn, type Replicas, recordsIn } from '../support/replicas.ts';
import { START_SECRET, startReceiver } from '../support/start-receiver.ts';
import { onOneDisk, overRedis } from '../support/two-replicas.ts';

const model: ScenarioInput = { turns: [{ on: 'greeting', says: 'Good morning.' }] };
const script: CallScript = [
  { hear: 'agent', withinMs: 20_000 },
  { hearSilence: { ms: 700 }, withinMs: 20_000 },
  // A line is finished a second after it was heard.
  { wait: 1_200, withinMs: 1_000 },
  { wait: 8_000, withinMs: 1_000 },
  { hangUp: true, withinMs: 1_000 },
];
/** A real call of some fifteen seconds, and processes that start; on a busy machine twice that. */
const LONG = 90_000;

test.each([
  ['on one disk', onOneDisk],
  ['over Redis', overRedis],
] as const)(
  '%s: voice, language and variables are those that were given before',
  async (_where, open) => {
    const receiver = await startReceiver({ variables: { name: 'Ada' }, voice: 'Puck', language: 'de-DE' });
    const agent = `\ncallStart: { url: "${receiver.url}", secretEnv: START_SECRET }\n`;
    const run = async (replicas: Replicas): Promise<void> => {
      const { first, second, records } = await open(replicas, { START_SECRET });
      let greeted = (): void => undefined;
      const hearing = new Promise<void>((resolve) => {
        greeted = resolve;
      });
      const calling = replicas.call({
        script,
        habits: { brokenStream: { leadsTo: 'action', afterMs: 200 }, refusedStream: 'broken' },
        onEvent: (event) => {
          if (event.type === 'stepBegan' && event.step === 'waits 8000 ms') greeted();
        },
      });
      await hearing;
      replicas.route(second);
      first.process.child.kill('SIGKILL');
      await first.process.exited();
      const call = await calling;
      expect(call.end.how).toBe('callerHungUp');
      const record = await vi.waitFor(
        () => {
          const [only, ...others] = recordsIn(records);
          expect([only?.callId, others]).toEqual([call.callSid, []]);
          return only!;
        },
        { timeout: 15_000 },
      );
      const codes = record.events.map(({ code }) => code);
      expect(codes, second.process.output()).toContain('TAKEN_UP');
      const callStart = { askedBy: 'reception', variables: { name: 'Ada' }, voice: 'Puck', language: 'de-DE' };
      expect(record).toMatchObject({ voice: 'Puck', callStart });
      const setups = replicas.live.sessions.flatMap((session) => session.eventsOf('opened'));
      expect(setups.length).toBeGreaterThan(1);
      for (const setup of setups) expect(JSON.stringify(setup)).toMatch(/Puck.*de-DE|de-DE.*Puck/);
      expect(receiver.asked).toHaveLength(1);
    };
    await onTheirOwn(model, run, { patient: true, agent })();
  },
  LONG,
);
