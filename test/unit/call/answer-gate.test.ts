/** Who has answered is waited for, and what comes of it. */
import { expect, test } from 'vitest';
import { AnswerGate } from '../../../src/call/answer-gate.ts';
import { createLogger } from '../../../src/telemetry/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const FACTS = {
  callId: 'CA1',
  provider: 'twilio',
  agent: 'sales',
  model: 'm',
  voice: 'v',
  direction: 'outbound',
  from: '+15550100',
  to: '+15550177',
  sipHeaders: {},
  outbound: { variables: {} },
} as const;

interface Given {
  readonly machine?: 'hangUp' | 'leaveMessage';
  readonly message?: string;
  /** How long before, in another process. */
  readonly answeredBeforeMs?: number;
}

function given({ machine = 'hangUp', message, answeredBeforeMs }: Given = {}) {
  const clock = new ManualClock();
  const did: string[] = [];
  const agent = { sounding: false, lastWordMs: Number.NEGATIVE_INFINITY, climbing: false };
  let who: string | undefined;
  const gate = new AnswerGate({
    agent: { outbound: { machine }, message },
    deps: {
      clock,
      facts: FACTS,
      logger: createLogger({ level: 'silent' }),
      collector: { event: (_at: number, code: string, detail: string) => void did.push(`${code} ${detail}`) } as never,
      whoAnswered: async () => who,
    },
    agentSide: {
      answeredMs: answeredBeforeMs === undefined ? undefined : clock.nowMs() - answeredBeforeMs,
      get playout() {
        return { sounding: agent.sounding, idle: true, leftMs: 0 };
      },
      get watchdog() {
        return { climbing: agent.climbing } as never;
      },
      hadTheLastWord: (sinceMs = 0) => agent.lastWordMs >= sinceMs,
      hush: () => void did.push('interrupted'),
      leaveMessage: (text) => void did.push(text),
    },
    release: () => void did.push('released'),
    forget: () => void did.push('forgot'),
    hangUp: () => void did.push('hung up'),
  });
  const run = async (lengthMs: number): Promise<void> => {
    for (let passedMs = 0; passedMs < lengthMs; passedMs += 100) {
      gate.tick();
      await clock.advance(100);
    }
  };
  return {
    gate,
    did,
    agent,
    clock,
    run,
    told: (word: string) => {
      who = word;
    },
  };
}

test.each(['human', 'unknown', 'something new'])('%s is a person, who is heard with what they said', async (word) => {
  const { gate, did, run, told } = given();
  await run(2_000);
  expect([gate.narrowed('forward'), gate.narrowed('drop'), gate.isOpen]).toEqual(['hold', 'drop', false]);
  told(word);
  await run(1_000);
  expect(did).toEqual(['released']);
  expect([gate.narrowed('forward'), gate.isOpen]).toEqual(['forward', true]);
});

test('a hello before the greeting and during it is forgotten', async () => {
  const { did, agent, run, told } = given();
  agent.sounding = true;
  await run(100);
  agent.sounding = false;
  told('human');
  await run(1_000);
  expect(did).toEqual(['forgot', 'released']);
});

test('nobody says: whoever it is, is heard after 35 s', async () => {
  const { did, run } = given();
  await run(34_900);
  expect(did).toEqual([]);
  await run(300);
  expect(did).toEqual(['released']);
});

test('whoever was heard for long in another process is heard at once in the next, though nobody says who it is', async () => {
  const { did, run } = given({ answeredBeforeMs: 60_000 });
  await run(1_000);
  expect(did).toEqual(['released']);
});

test('a machine that is known is one in the next process as well', async () => {
  const { did, run, told } = given({ answeredBeforeMs: 60_000 });
  told('machine_start');
  await run(1_000);
  expect(did).toEqual(['MACHINE_ANSWERED machine_start', 'interrupted', 'hung up']);
});

test.each([
  ['machine_start', {}],
  ['machine_end_beep', { machine: 'hangUp' as const }],
  ['fax', { machine: 'leaveMessage' as const, message: 'Call back.' }],
])('%s is hung up on, once, and heard by nobody', async (word, agent) => {
  const { gate, did, run, told } = given(agent);
  told(word);
  await run(2_000);
  expect(did).toEqual([`MACHINE_ANSWERED ${word}`, 'interrupted', 'hung up']);
  expect(gate.narrowed('hold')).toBe('drop');
});

test.each(['machine_end_beep', 'machine_end_silence', 'machine_end_other'])(
  '%s hears the message to its end',
  async (word) => {
    const { did, agent, clock, run, told } = given({ machine: 'leaveMessage', message: 'Call back.' });
    told(word);
    await run(3_000);
    expect(did).toEqual([
      `MACHINE_ANSWERED ${word}`,
      'interrupted',
      expect.stringMatching(/^\[A machine.*Call back\.$/),
    ]);
    // The agent was nudged: the message is yet to come.
    agent.climbing = true;
    agent.lastWordMs = clock.nowMs();
    await run(1_000);
    expect(did).toHaveLength(3);
    agent.climbing = false;
    await run(1_000);
    expect(did.slice(3)).toEqual(['hung up']);
  },
);
