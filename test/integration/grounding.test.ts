/** An agent that may search with Google: what its answers rest on reaches the call's record. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadFixture } from '../../src/simulator/index.ts';
import { replay } from '../support/replay.ts';

test('what was searched for an answer, and where it was found, is in the record', async () => {
  const fixture = loadFixture(join(import.meta.dirname, '../../fixtures/calls/question'));
  const found = { queries: ['Kennedy inaugural address'], sources: [{ title: 'archives.gov', uri: 'https://a.gov/' }] };
  const { record, live } = await replay(fixture, {
    files: {
      'agents/reception.yaml': 'default: true\ninstruction: Be kind.\ngreeting: Greet.\ngoogleSearch: true\n',
    },
    model: {
      ...fixture.model,
      turns: fixture.model.turns.map((turn) => (turn.on === 'speech' ? { ...turn, grounding: found } : turn)),
    },
  });
  expect(live.sessions[0]?.eventsOf('opened')[0]?.setup.tools).toEqual([{ googleSearch: {} }]);
  expect(record.grounding).toMatchObject([found]);
  const [, , answer] = record.lines;
  expect(record.grounding?.[0]?.atMs).toBeGreaterThan(answer!.startMs);
});
