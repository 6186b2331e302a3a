import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Failure } from '../../../src/lib/index.ts';
import {
  type AfterwardsFor,
  AT_FIRST,
  type Attempt,
  createProcessor,
  type Redaction,
  recordFile,
  type Step,
  writeRecord,
  writeText,
  writeVtt,
} from '../../../src/postprocess/index.ts';
import type { CallRecord, Line } from '../../../src/transcript/index.ts';
import { callRecordSchema } from '../../../src/transcript/index.ts';
import { record } from '../transcript/given.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callbridge-steps-'));
});
afterEach(() => rm(folder, { recursive: true }));

const everything: AfterwardsFor = () => ({ formats: ['json', 'text', 'vtt'] });
const line = (line: Partial<Line>): Line => ({
  speaker: 'agent',
  kind: 'speech',
  text: '',
  heardText: '',
  cut: false,
  startMs: 0,
  endMs: 0,
  ...line,
});
const call: CallRecord = {
  ...record(),
  durationMs: 3_725_000,
  lines: [
    line({ text: 'How can I help?', heardText: 'How can I help?', startMs: 100, endMs: 1_600 }),
    line({
      speaker: 'caller',
      text: 'Fish & <chips> -->',
      heardText: 'Fish & <chips> -->',
      startMs: 2_000,
      endMs: 3_500,
    }),
    line({ text: 'We have one two three', heardText: 'We have', cut: true, startMs: 4_000, endMs: 4_600 }),
    line({ text: 'never heard', heardText: '', cut: true, startMs: 4_700, endMs: 4_700 }),
    line({ speaker: 'caller', kind: 'digits', text: '42', heardText: '42', startMs: 3_661_001, endMs: 3_661_001 }),
  ],
};
const written = (ending: string) => readFile(recordFile(folder, call, ending), 'utf8');

describe('the files of a call', () => {
  test('lie by day and call, and the record comes back whole', async () => {
    await writeRecord({ folder, afterwardsFor: everything }).run(call, AT_FIRST);
    expect(await readdir(folder, { recursive: true })).toEqual(['2026-01-01', join('2026-01-01', 'CA1.json')]);
    expect(callRecordSchema.parse(JSON.parse(await written('json')))).toEqual(call);
  });

  test('as text read as a dialogue', async () => {
    await writeText({ folder, afterwardsFor: everything }).run(call, AT_FIRST);
    expect(await written('txt')).toBe(
      [
        'Call      CA1 (inbound, +15550001 to +15550002)',
        'Agent     reception (gemini-3.8-live, Aoede)',
        'Started   2026-01-01T00:00:00.000Z',
        'Lasted    1:02:05',
        'Outcome   completed',
        '',
        '0:00  Agent   How can I help?',
        '0:02  Caller  Fish & <chips> -->',
        '0:04  Agent   We have [cut off]',
        '0:04  Agent   [cut off]',
        '1:01:01  Caller  (keys pressed: 42)',
        '',
      ].join('\n'),
    );
  });

  test.each([
    ['noAnswer', 'nobody answered'],
    ['busy', 'nobody answered: busy'],
    ['failed', 'nobody answered: the number cannot be reached'],
    ['canceled', 'nobody answered: taken back while it rang'],
  ] as const)('as text say of a call that ended %s: %s', async (end, said) => {
    const outcome = { kind: 'unanswered', end } as const;
    await writeText({ folder, afterwardsFor: everything }).run({ ...call, lines: [], outcome }, AT_FIRST);
    expect(await written('txt')).toContain(`Outcome   ${said}\n`);
  });

  test('as text say which messages were taken, and from whom', async () => {
    const messages = [
      { atMs: 4_100, text: 'Call me\nback.', name: 'Ann', number: '555 0100' },
      { atMs: 9_000, text: 'It is fine.' },
    ];
    await writeText({ folder, afterwardsFor: everything }).run({ ...call, messages }, AT_FIRST);
    expect((await written('txt')).split('\n').slice(-4)).toEqual([
      '',
      '0:04  Message  Call me back. (Ann, 555 0100)',
      '0:09  Message  It is fine.',
      '',
    ]);
  });

  test('as text say what was searched for, and where it was found', async () => {
    const page = (title: string) => ({ title, uri: 'https://example.com/' });
    const grounding = [
      {
        atMs: 4_100,
        queries: ['opening\nhours', 'Mario'],
        sources: [page('example.com'), page('example.com'), page('')],
      },
      { atMs: 9_000, queries: ['weather'], sources: [] },
    ];
    await writeText({ folder, afterwardsFor: everything }).run({ ...call, grounding }, AT_FIRST);
    expect((await written('txt')).split('\n').slice(-5)).toEqual([
      '1:01:01  Caller  (keys pressed: 42)',
      '',
      '0:04  Search  opening hours; Mario (example.com, https://example.com/)',
      '0:09  Search  weather',
      '',
    ]);
  });

  test('as WebVTT hold what was heard, and who said it', async () => {
    await writeVtt({ folder, afterwardsFor: everything }).run(call, AT_FIRST);
    expect(await written('vtt')).toBe(
      [
        'WEBVTT',
        '',
        '00:00:00.100 --> 00:00:01.600',
        '<v Agent>How can I help?',
        '',
        '00:00:02.000 --> 00:00:03.500',
        '<v Caller>Fish &amp; &lt;chips&gt; --&gt;',
        '',
        '00:00:04.000 --> 00:00:04.600',
        '<v.cut Agent>We have …',
        '',
        '01:01:01.001 --> 01:01:01.501',
        '<v Caller>(keys pressed: 42)',
        '',
      ].join('\n'),
    );
  });

  test('are those that the agent wants; of an agent that is gone, the record', async () => {
    const textOnly: AfterwardsFor = (agent) => (agent === 'reception' ? { formats: ['text'] } : undefined);
    const steps = [writeRecord, writeText, writeVtt].map((step) => step({ folder, afterwardsFor: textOnly }));
    for (const step of steps) await step.run(call, AT_FIRST);
    for (const step of steps) await step.run({ ...call, callId: 'CA2', agent: 'gone' }, AT_FIRST);
    expect((await readdir(join(folder, '2026-01-01'))).sort()).toEqual(['CA1.txt', 'CA2.json']);
  });

  test('hold what was said, unless the agent wants files blacked out as well', async () => {
    for (const files of [false, true]) {
      const redact: Redaction = { what: ['caller'], names: ['chips'], files };
      const step = writeRecord({ folder, afterwardsFor: () => ({ formats: ['json'], redact }) });
      await step.run(call, AT_FIRST);
      const kept = await written('json');
      expect(kept.includes(call.from)).toBe(!files);
      expect(kept.includes('chips')).toBe(!files);
    }
  });

  test('are replaced whole when a step runs again, also after a half-written one', async () => {
    const step = writeRecord({ folder, afterwardsFor: everything });
    await step.run({ ...call, lines: [] }, AT_FIRST);
    await writeFile(`${recordFile(folder, call, 'json')}.tmp`, '{"half');
    await step.run(call, AT_FIRST);
    expect(await readdir(join(folder, '2026-01-01'))).toEqual(['CA1.json']);
    expect(JSON.parse(await written('json')).lines).toHaveLength(5);
  });
});

describe('a processor', () => {
  const attempt = (doneSteps: string[] = []): Attempt => ({
    jobId: 'CA1',
    data: { version: 1, callId: 'CA1', record: call },
    doneSteps: [...doneSteps],
    results,
    checkpoints,
    failedAttempts: 0,
    stepDone: async (name, result) => {
      log.push(`done ${name}`);
      if (result !== undefined) results[name] = result;
    },
    keepCheckpoint: async (name, checkpoint) => {
      checkpoints[name] = checkpoint;
    },
  });
  let results: Record<string, unknown>;
  let checkpoints: Record<string, unknown>;
  let log: string[];
  const step = (name: string, fails = false, after?: string[]): Step => ({
    name,
    after,
    async run(given) {
      log.push(`${name} ${given.callId}`);
      if (fails) throw new Failure('WEBHOOK_DELIVERY', 'away');
    },
  });
  beforeEach(() => {
    log = [];
    results = {};
    checkpoints = {};
  });

  test('does one step after the other, and remembers each before the next', async () => {
    await createProcessor([step('a'), step('b')])(attempt());
    expect(log).toEqual(['a CA1', 'done a', 'b CA1', 'done b']);
  });

  test('passes over what an earlier attempt did', async () => {
    await createProcessor([step('a'), step('b')])(attempt(['a']));
    expect(log).toEqual(['b CA1', 'done b']);
  });

  test('stops at a step that fails, with its failure', async () => {
    const process = createProcessor([step('a'), step('b', true), step('c')]);
    await expect(process(attempt())).rejects.toMatchObject({ code: 'WEBHOOK_DELIVERY' });
    expect(log).toEqual(['a CA1', 'done a', 'b CA1']);
  });

  test('goes on with steps that do not wait for the one that failed, and with those that wait for them', async () => {
    const process = createProcessor([step('a', true), step('b', false, []), step('c', false, ['b']), step('d')]);
    await expect(process(attempt())).rejects.toMatchObject({ code: 'WEBHOOK_DELIVERY' });
    expect(log).toEqual(['a CA1', 'b CA1', 'done b', 'c CA1', 'done c']);
  });

  test('is to be tried again when any of its failures may pass', async () => {
    const gone: Step = { name: 'a', run: () => Promise.reject(new Failure('WEBHOOK_REFUSED', 'gone')) };
    await expect(createProcessor([gone, step('b', true, [])])(attempt())).rejects.toMatchObject({
      code: 'WEBHOOK_DELIVERY',
    });
    await expect(createProcessor([gone, step('b', false, [])])(attempt())).rejects.toMatchObject({
      code: 'WEBHOOK_REFUSED',
    });
  });

  test('keeps what a step gave, hands it to those that follow, and does not run it again', async () => {
    const paid = vi.fn(() => Promise.resolve({ words: 42 }));
    const seen: unknown[] = [];
    const steps: Step[] = [
      { name: 'paid', run: paid },
      {
        name: 'later',
        run: async (_record, progress) => {
          seen.push(progress.results);
          throw new Failure('WEBHOOK_DELIVERY', 'away');
        },
      },
    ];
    await expect(createProcessor(steps)(attempt())).rejects.toMatchObject({ code: 'WEBHOOK_DELIVERY' });
    // Killed before it could be noted that the step is done, but not before what it gave was.
    await expect(createProcessor(steps)(attempt([]))).rejects.toMatchObject({ code: 'WEBHOOK_DELIVERY' });
    expect(paid).toHaveBeenCalledTimes(1);
    expect(seen).toEqual([{ paid: { words: 42 } }, { paid: { words: 42 } }]);
  });

  test('hands a step what it kept when it failed, and to no other', async () => {
    const seen: unknown[] = [];
    const counting = (name: string): Step => ({
      name,
      after: [],
      run: async (_record, { checkpoint, keep }) => {
        seen.push([name, checkpoint]);
        await keep(`${name} again`);
        if (seen.length <= 2) throw new Failure('ANALYSIS_UNAVAILABLE', 'away');
      },
    });
    const process = createProcessor([counting('a'), counting('b')]);
    await expect(process(attempt())).rejects.toMatchObject({ code: 'ANALYSIS_UNAVAILABLE' });
    await process(attempt());
    expect(seen).toEqual([
      ['a', undefined],
      ['b', undefined],
      ['a', 'a again'],
      ['b', 'b again'],
    ]);
  });

  test.for([{}, { version: 2, callId: 'CA1', record: call }, { version: 1, callId: 'CA1', record: {} }, null])(
    'refuses a job of another form: %o',
    async (data) => {
      await expect(createProcessor([step('a')])({ ...attempt(), data })).rejects.toMatchObject({
        code: 'RECORD_INVALID',
      });
      expect(log).toEqual([]);
    },
  );
});
