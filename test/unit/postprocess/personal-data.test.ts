/** Names and postal addresses that a text model finds, against the simulated one over HTTP. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../src/lib/index.ts';
import {
  type AskModel,
  AT_FIRST,
  EVENT_TYPES,
  findPersonalData,
  type Redaction,
  redactRecord,
} from '../../../src/postprocess/index.ts';
import { type LiveSimulatorServer, startLiveSimulator, type TextFault } from '../../../src/simulator/index.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import { type CallRecord, type Line, NO_USAGE } from '../../../src/transcript/index.ts';
import { record } from '../transcript/given.ts';
import { Job, joined, SECRET } from './analysis-given.ts';
import { startReceiver } from './receiver-given.ts';

const REDACT: Redaction = {
  what: ['caller'],
  names: [],
  files: false,
  find: { what: ['names', 'postalAddresses'], model: 'gemini-3.8-flash' },
};
const line = (text: string, more: Partial<Line> = {}): Line => ({
  ...record().lines[1]!,
  text,
  heardText: text,
  ...more,
});
const INTRODUCED: CallRecord = {
  ...record(),
  lines: [line('My name is Ana Lima and I live at 5 Rose Lane.'), line('Bye, Ana Lima.', { speaker: 'agent' })],
  toolCalls: [
    { id: '1', name: 'book', args: { who: 'ANA LIMA' }, calledAtMs: 1, answer: { to: '5 Rose Lane' }, answeredAtMs: 2 },
  ],
  messages: [{ atMs: 1, text: 'Call back.', name: 'Ana Lima' }],
  callStart: { askedBy: 'front', variables: { customer: 'Ana Lima' } },
};

let folder: string;
let model: LiveSimulatorServer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callbridge-personal-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function given(faults: TextFault[] = [], redact: Redaction = REDACT, call = INTRODUCED) {
  model = await startLiveSimulator({ clock: systemClock, textFaults: faults });
  const { url, deliveries } = await startReceiver();
  const webhook = { url, secret: SECRET, events: EVENT_TYPES };
  const { process } = joined(folder, model.url, { analysis: undefined, redact, webhook });
  const job = new Job(process, call);
  const files = () => readdir(join(folder, 'records/2026-01-01')).catch(() => []);
  const attempt = (failedAttempts?: number): Promise<void> => job.attempt(failedAttempts);
  return { attempt, deliveries, doneSteps: job.doneSteps, files, [Symbol.asyncDispose]: () => model.close() };
}

test('are blacked out wherever they stand, as listed names are, and what finding them cost is told', async () => {
  await using job = await given();
  await job.attempt();
  const [{ body } = { body: '' }, ...others] = job.deliveries;
  expect(others).toEqual([]);
  const { data } = JSON.parse(body);
  expect(data).toMatchObject({
    lines: [{ text: 'My name is [name] and I live at [address].' }, { text: 'Bye, [name].' }],
    toolCalls: [{ args: { who: '[name]' }, answer: { to: '[address]' } }],
    messages: [{ name: '[name]' }],
    callStart: { variables: { customer: '[name]' } },
    redacted: ['caller', 'names', 'postalAddresses'],
    cost: { steps: { personalData: expect.any(Number) } },
  });
  expect(data.cost.steps.personalData).toBeGreaterThan(0);
  expect(body).not.toMatch(/lima|rose/i);
  // The files keep them, as the agent has it.
  expect(await readFile(join(folder, 'records/2026-01-01/CA1.json'), 'utf8')).toContain('Ana Lima');
});

test('hold back all that they are to be blacked out in, while the model is away', async () => {
  await using job = await given(['unavailable', 'quota'], { ...REDACT, files: true });
  for (const failedAttempts of [0, 20]) {
    await expect(job.attempt(failedAttempts)).rejects.toMatchObject({ code: 'ANALYSIS_UNAVAILABLE', retryable: true });
    expect([...job.deliveries, ...(await job.files()), ...job.doneSteps]).toEqual([]);
  }
  await job.attempt(21);
  expect(job.deliveries).toHaveLength(1);
  expect(await readFile(join(folder, 'records/2026-01-01/CA1.txt'), 'utf8')).toContain('Bye, [name].');
});

test('do not hold back files that keep them', async () => {
  await using job = await given(['unavailable']);
  await expect(job.attempt()).rejects.toMatchObject({ code: 'ANALYSIS_UNAVAILABLE' });
  expect(await job.files()).toEqual(['CA1.json', 'CA1.txt']);
  expect(job.deliveries).toEqual([]);
});

test.for([
  ['safety', 'ANALYSIS_REFUSED', 1],
  ['breaksSchema', 'ANALYSIS_USELESS', 3],
] as const)('let nothing leave when the answer is of no use: %s', async ([fault, code, times]) => {
  await using job = await given(Array(times).fill(fault), { ...REDACT, files: true });
  await expect(job.attempt()).rejects.toMatchObject({ code, retryable: false });
  expect([...job.deliveries, ...(await job.files())]).toEqual([]);
});

test('cost what all answers cost, also those of attempts that failed, and of a job that was given up', async () => {
  const costAfter = async (faults: TextFault[], ...codes: string[]): Promise<number> => {
    await using job = await given(faults);
    for (const code of codes) await expect(job.attempt()).rejects.toMatchObject({ code });
    await job.attempt();
    return JSON.parse(job.deliveries[0]!.body).data.cost.steps.personalData;
  };
  const once = await costAfter([]);
  const useless = (await costAfter(['breaksSchema'])) - once;
  expect(useless).toBeGreaterThan(0);
  expect(await costAfter(['breaksSchema', 'unavailable'], 'ANALYSIS_UNAVAILABLE')).toBeCloseTo(once + useless, 6);
  const givenUp = await costAfter(Array(3).fill('breaksSchema'), 'ANALYSIS_USELESS');
  expect(givenUp).toBeCloseTo(once + useless * 3, 6);
});

test('let nothing leave of a job that did not look for them, because its agent did not want it then', async () => {
  await using job = await given();
  job.doneSteps.push('personalData');
  await expect(job.attempt()).rejects.toMatchObject({ code: 'STEP_FAILED' });
  expect(job.deliveries).toEqual([]);
});

test('are not asked about where nothing was said, nor for an agent that does not want it', async () => {
  for (const [redact, call] of [
    [REDACT, { ...INTRODUCED, lines: [] }],
    [{ ...REDACT, find: undefined }, INTRODUCED],
  ] satisfies [Redaction, CallRecord][]) {
    await using job = await given([], redact, call);
    await job.attempt();
    expect(model.textRequests).toEqual([]);
    expect(job.deliveries).toHaveLength(1);
    expect(JSON.parse(job.deliveries[0]!.body).data).not.toHaveProperty('cost.steps.personalData');
  }
});

/** What the step keeps of an answer, and what it asked. */
async function found(answer: Record<string, string[]>, ...lines: Line[]) {
  const asked: string[] = [];
  const ask: AskModel = ({ text }) => {
    asked.push(text);
    return Promise.resolve({ content: { kind: 'json', value: answer }, usage: NO_USAGE });
  };
  const tools = { clock: systemClock, logger: createLogger({ level: 'silent' }), metrics: createMetrics() };
  const step = findPersonalData({ afterwardsFor: () => ({ formats: [], redact: REDACT }), ask, ...tools });
  const call = { ...record(), lines };
  const { result } = (await step.run(call, AT_FIRST)) as { result: Record<string, string[]> };
  return { result, text: asked.join(), redacted: redactRecord(call, { ...REDACT, found: result }).lines };
}

test('count only where they occur, within bounds, and not as single letters', async () => {
  const many = Array.from({ length: 195 }, (_, index) => `Jo${index}x`);
  const long = 'x'.repeat(201);
  const { result } = await found(
    { names: ['Bob', 'Ana', 'a', '12', long, ...many], postalAddresses: ['9 Elm Road', '90210', '12'] },
    line(`Ana and a dog, 12, 90210, ${long} ${many.join(' ')}`),
  );
  expect(result['names']).toEqual(['Ana', ...many]);
  expect(result['postalAddresses']).toEqual(['90210']);
  // What is left out of a longer list would leave.
  const names = [...many, ...'abcdef'];
  await expect(found({ names, postalAddresses: [] }, line('Ana'))).rejects.toMatchObject({ code: 'ANALYSIS_USELESS' });
});

test('are found over several lines of one speaker, in what was not heard, and in scripts without spaces', async () => {
  const { redacted, text } = await found(
    { names: ['李明', 'Eva Roth'], postalAddresses: ['5 Rose Lane, [caller]'] },
    line('我叫李明。I live at 5 Rose'),
    line('Yes, Eva Roth?', { speaker: 'agent', heardText: 'Yes,', cut: true }),
    line('Lane, 555-0001 5550001.'),
  );
  expect(text).toContain('Agent: Yes, Eva Roth? [cut off]');
  expect(redacted.map((each) => each.text).join('|')).not.toMatch(/李明|Eva|Rose|Lane/);
});
