/** A call that is over at the provider, while it is being asked who has had it ended: what else would end it then comes too late. */
import { afterEach, expect, test } from 'vitest';
import { Toolbox } from '../../../src/tools/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { type OneCall, placeOneCall } from '../../support/one-call.ts';

const CALLER_GONE = { kind: 'callerGone' };
const TOOLS = {
  transfer_call: {
    kind: 'transferCall',
    name: 'transfer_call',
    description: 'Puts the caller through.',
    destinations: { desk: { to: '+15550177', description: 'People.', timeoutSeconds: 15 } },
  },
  end_call: { kind: 'endCall', name: 'end_call', description: 'Ends the call.' },
} as const;

let clock: ManualClock;
let placed: OneCall;
/** It is known who has had the call ended. */
let known: (by: 'api' | undefined) => void;
afterEach(async () => {
  placed.close();
  await clock.advance(5_000);
  expect(clock.armed).toBe(0);
});

/** The agent says its last words from about a second on, for two, and calls the tool. */
async function callIn(name: keyof typeof TOOLS | 'none'): Promise<OneCall> {
  clock = new ManualClock();
  const asked = new Promise<'api' | undefined>((resolve) => {
    known = resolve;
  });
  const tools = name === 'none' ? [] : [await new Toolbox({ clock }).open(TOOLS[name])];
  placed = placeOneCall({
    clock,
    model: {
      turns: [
        {
          on: 'greeting',
          says: 'One moment, then.',
          sound: { toneHz: 440, lengthMs: 2_000 },
          ...(name !== 'none' && { calls: [{ name, args: name === 'end_call' ? {} : { to: 'desk' } }] }),
        },
        { on: 'toolResult' },
      ],
      fallbackTurn: {},
    },
    agent: { patience: undefined, tools },
    endedBy: () => asked,
  });
  await clock.advance(2_500);
  return placed;
}

test.each<[string, Parameters<typeof callIn>[0], (one: OneCall) => void]>([
  ['its agent has its caller put through', 'transfer_call', () => undefined],
  ['its agent ends it', 'end_call', () => undefined],
  ['its process lets it go', 'none', ({ call }) => call.handOver()],
  ['its time is up', 'none', ({ call }) => call.hangUp('timeLimit')],
])('is gone with its caller, though %s meanwhile', async (_what, tool, meanwhile) => {
  const one = await callIn(tool);
  const { call, handlers } = one;
  const { phase } = call;
  expect(phase).toBe(tool === 'none' ? 'talking' : 'farewell');
  // By the stream, and by the status callback.
  handlers.ended('stopped');
  const told = call.callerGone();
  meanwhile(one);
  await clock.advance(1_900);
  expect(call.phase).toBe(phase);
  known(undefined);
  await told;
  expect(call.outcome).toEqual(CALLER_GONE);
});

test('was ended over HTTP, though its last words were heard out meanwhile', async () => {
  const { call } = await callIn('transfer_call');
  const told = call.callerGone();
  await clock.advance(1_900);
  known('api');
  await told;
  expect(call.outcome).toEqual({ kind: 'completed', by: 'api' });
});

test('does not hold up a process that cannot wait, and ends once', async () => {
  const { call, entries } = await callIn('none');
  const told = call.callerGone();
  call.abandon('SHUTDOWN');
  expect(call.outcome).toMatchObject({ kind: 'failed', code: 'SHUTDOWN' });
  known(undefined);
  await told;
  expect(entries.filter(({ type }) => type === 'ended')).toHaveLength(1);
});

test('that another process has is let go at once', async () => {
  const { call } = await callIn('none');
  const told = call.callerGone();
  call.taken();
  expect(call.phase).toBe('released');
  known(undefined);
  await told;
  expect([call.phase, call.outcome]).toEqual(['released', undefined]);
});
