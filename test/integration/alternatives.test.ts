/** A call whose session goes on by another route: its record tells which model spoke from when on, and with which voice. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { asText } from '../../src/postprocess/steps/write-text.ts';
import { loadFixture, type ScenarioInput } from '../../src/simulator/index.ts';
import { type Replay, replay } from '../support/replay.ts';

const question = loadFixture(join(import.meta.dirname, '../../fixtures/calls/question'));
const OWN = { model: 'gemini-3.8-live', voice: 'Aoede' };
const OTHER = { model: 'gemini-3.8-live-extended-thinking', voice: 'Kore' };
const AT_MS = 7_005;

const called = (faults: ScenarioInput['faults']): Promise<Replay> =>
  replay(question, {
    files: {
      'agents/reception.yaml': [
        'default: true',
        `model: ${OWN.model}`,
        `voice: ${OWN.voice}`,
        'instruction: Be kind.',
        'greeting: Greet.',
        `alternatives: [{ model: ${OTHER.model}, voice: ${OTHER.voice} }]`,
      ].join('\n'),
    },
    model: { ...question.model, faults },
  });

test('a call that goes on with an alternative tells since when', async () => {
  const reason = 'Operation is not implemented, or supported, or enabled.';
  const { record, live, metrics } = await called([{ kind: 'close', atMs: AT_MS, code: 1008, reason, times: 1 }]);
  expect(live.sessions.at(-1)?.eventsOf('opened')[0]?.setup.model).toContain(OTHER.model);
  expect(record).toMatchObject(OWN);
  expect(record.alternatives).toMatchObject([OTHER]);
  const back = record.events.find(({ code }) => code === 'LIVE_BACK');
  expect(record.alternatives?.[0]?.atMs).toBe(back?.atMs);
  expect(asText(record)).toMatch(/^Agent {5}reception \(gemini-3\.8-live, Aoede; from 0:0\d \S+-thinking, Kore\)$/m);
  // What is counted is counted of the model that it was.
  expect(await metrics.text()).toMatch(/callbridge_tokens_total\{[^}]*model="gemini-3\.8-live-extended-thinking"/);
});

test('a call that could not even begin with its own model names the other from before the first word on', async () => {
  const { record } = await called([{ kind: 'refusal', code: 1008, reason: 'models/x is not found', times: 1 }]);
  expect(record.alternatives).toMatchObject([OTHER]);
  expect(record.alternatives?.[0]?.atMs).toBeLessThan(record.lines[0]!.startMs);
});

test('a call that is resumed on its own route has no word of alternatives', async () => {
  const { record } = await called([{ kind: 'close', atMs: AT_MS, code: 1001, reason: '', times: 1 }]);
  expect(record.events.map(({ code }) => code)).toContain('LIVE_BACK');
  expect(record).not.toHaveProperty('alternatives');
});
