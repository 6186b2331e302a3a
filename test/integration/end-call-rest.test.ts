/** The end of a call at the provider: by its REST API and by the end of the stream, whichever works. Real processes. */
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { CallScript, ScenarioInput } from '../../src/simulator/index.ts';
import { onTheirOwn, recordsIn } from '../support/replicas.ts';

const ask = {
  say: { wav: join(import.meta.dirname, '../../fixtures/audio/jfk-8k.wav'), fromMs: 5_300, toMs: 7_300 },
  withinMs: 10_000,
};
const script: CallScript = [
  { hear: 'agent', withinMs: 15_000 },
  { hearSilence: { ms: 700 }, withinMs: 20_000 },
  ask,
  { waitForHangUp: true, withinMs: 30_000 },
];
const model: ScenarioInput = {
  turns: [
    { on: 'greeting', says: 'Good morning.' },
    { on: 'speech', hears: 'That is all.', says: 'Goodbye.', calls: [{ name: 'end_call' }] },
    { on: 'toolResult' },
  ],
};
const agent = '\ntools: [{ kind: endCall }]\n';
const LONG = 60_000;

interface Given {
  readonly what: string;
  readonly troubles: readonly ({ readonly refuse: 20500 | 20503 } | { readonly cut: true })[];
  readonly tries: number;
}

const REFUSES: Given['troubles'] = [{ refuse: 20500 }, { refuse: 20503 }, { refuse: 20500 }];
const IS_CUT: Given['troubles'] = [{ cut: true }, { cut: true }, { cut: true }];

describe.concurrent('an agent that ends its call', () => {
  test.each<Given>([
    { what: 'has the provider end it', troubles: [], tries: 1 },
    { what: 'ends it by its stream where the REST API refuses', troubles: REFUSES, tries: 3 },
    { what: 'ends it by its stream where the REST API does not answer', troubles: IS_CUT, tries: 3 },
  ])(
    '$what',
    ({ troubles, tries }) =>
      onTheirOwn(
        model,
        async (replicas) => {
          const folder = replicas.folder();
          const replica = await replicas.start({ DATA_DIR: folder });
          replicas.route(replica);
          replicas.twilio.trouble(...troubles);
          const call = await replicas.call({ script });
          expect([call.scriptFailure, call.end.how]).toEqual([undefined, 'serviceHungUp']);
          const [record] = await vi.waitFor(() => {
            const records = recordsIn(folder);
            expect(records).toHaveLength(1);
            return records;
          }, 10_000);
          expect(record).toMatchObject({
            outcome: { kind: 'completed', by: 'agent' },
            lines: [{ text: 'Good morning.' }, { text: 'That is all.' }, { text: 'Goodbye.', cut: false }],
          });
          await vi.waitFor(() => expect(replicas.twilio.requests).toHaveLength(tries), 15_000);
          for (const { method, path, form } of replicas.twilio.requests) {
            expect([method, path.includes(call.callSid), form]).toEqual(['POST', true, { Status: 'completed' }]);
          }
          const metrics = await (await fetch(`${replica.origin}/metrics`)).text();
          expect(metrics).toMatch(/^callbridge_hang_ups_total\{.*result="confirmed".*\} 1$/m);
        },
        { patient: true, agent },
      )(),
    LONG,
  );
});
