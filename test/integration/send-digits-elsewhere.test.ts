/** Keys for the other side, pressed by whichever process the provider asks, and told to the model by whichever has the call then. Real processes. */
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { CallScript, PhoneEvent, ScenarioInput } from '../../src/simulator/index.ts';
import { onTheirOwn, type Replicas, recordsIn } from '../support/replicas.ts';
import { overRedis } from '../support/two-replicas.ts';

const say = { wav: join(import.meta.dirname, '../../fixtures/audio/jfk-8k.wav'), fromMs: 5_300, toMs: 7_300 };
const KEYS = '2ww7#';
const SAID = ['Good morning.', 'For sales, press two.', 'I am through.'];
const model: ScenarioInput = {
  turns: [
    { on: 'greeting', says: SAID[0] },
    { on: 'speech', hears: SAID[1], calls: [{ name: 'send_digits', args: { digits: KEYS } }] },
    { on: 'toolResult', says: SAID[2] },
  ],
};
const HEAR = { hear: 'agent', withinMs: 30_000 } as const;
const script: CallScript = [
  HEAR,
  { hearSilence: { ms: 700 }, withinMs: 20_000 },
  { say, withinMs: 10_000 },
  HEAR,
  { hearSilence: { ms: 1_500 }, withinMs: 20_000 },
  { hangUp: true, withinMs: 1_000 },
];
const LONG = 90_000;

const pressing = (run: (replicas: Replicas) => Promise<void>) =>
  onTheirOwn(model, run, { patient: true, agent: '\ntools: [{ kind: sendDigits }]\n' });

describe.concurrent('keys that another process than the call’s is asked for are pressed once', () => {
  test.each([
    ['and the call goes on there', 'second'],
    ['and the call goes on where it was', 'first'],
  ] as const)(
    '%s',
    (_what, then) =>
      pressing(async (replicas) => {
        const all = await overRedis(replicas);
        const call = await replicas.call({
          script,
          onEvent: ({ type }: PhoneEvent) => {
            // The stream is open: what is asked from now on is asked elsewhere.
            if (type === 'streamStarted') replicas.route(all.second);
            if (type === 'keysSent') replicas.route(all[then]);
          },
        });
        expect([call.scriptFailure, call.end.how]).toEqual([undefined, 'callerHungUp']);
        const order = call.events.filter(({ type }) => type === 'streamStarted' || type === 'keysSent');
        expect(order).toMatchObject([
          { type: 'streamStarted' },
          { type: 'keysSent', keys: KEYS },
          { type: 'streamStarted' },
        ]);
        const [record] = await vi.waitFor(
          () => {
            const records = recordsIn(all.records);
            expect(records).toHaveLength(1);
            return records;
          },
          { timeout: 15_000 },
        );
        expect(record!.toolCalls).toMatchObject([{ args: { digits: KEYS }, answer: { status: 'ok' } }]);
        expect(record!.lines.map(({ text }) => text)).toEqual(SAID);
        expect(record!.outcome).toEqual({ kind: 'callerGone' });
        expect(replicas.live.sessions).toHaveLength(1);
        // Nobody looked for the caller meanwhile.
        expect(replicas.twilio.requests).toEqual([]);
      })(),
    LONG,
  );
});
