/** Scenarios in files, and the lines in which people follow a session. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tone, writeWav } from '../../../src/audio/index.ts';
import { describeSessionEvent, readScenario } from '../../../src/simulator/index.ts';
import { SimulatorBench } from './bench.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenario-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(text: string): string {
  const path = join(folder, 'scenario.yaml');
  writeFileSync(path, text);
  return path;
}

test('a recording is looked for beside the file, and spoken', () => {
  const sound = tone({ hz: 440, lengthMs: 700, dbov: -20 }, 24_000);
  writeFileSync(join(folder, 'hello.wav'), writeWav(sound, 24_000));
  const scenario = readScenario(write('turns:\n  - on: greeting\n    says: Hello.\n    sound: { wav: hello.wav }\n'));
  const bench = new SimulatorBench(scenario);
  const client = bench.open();
  client.sendText('Greet the caller.');
  bench.clock.tick(5_000);
  expect(client.soundMs).toBe(700);
});

test('a recording that cannot be spoken is refused by name, before anyone listens', () => {
  writeFileSync(join(folder, 'hello.wav'), writeWav(new Int16Array(80), 8_000));
  const slow = write('turns:\n  - on: greeting\n    sound: { wav: hello.wav }\n');
  expect(() => readScenario(slow)).toThrow('hello.wav has 8000 Hz; the model speaks at 24000 Hz');
  const missing = write('fallbackTurn: { sound: { wav: none.wav } }\n');
  expect(() => readScenario(missing)).toThrow('none.wav');
});

test('what is wrong is told with the file and the place', () => {
  const path = write('turns:\n  - on: shout\n');
  expect(() => readScenario(path)).toThrow(path);
  expect(() => readScenario(path)).toThrow('turns[0].on');
  expect(() => readScenario(join(folder, 'none.yaml'))).toThrow('none.yaml');
  expect(() => readScenario(write('turns: ['))).toThrow('scenario.yaml');
});

test('a session can be followed in words', () => {
  const lines: string[] = [];
  const bench = new SimulatorBench(
    { turns: [{ on: 'greeting', says: 'Hello.', calls: [{ name: 'f' }, { name: 'g' }] }] },
    { watch: (event) => lines.push(describeSessionEvent(event)) },
  );
  const client = bench.open({ tools: [{ functionDeclarations: [{ name: 'f' }] }] });
  client.sendText('Greet the caller.');
  bench.clock.tick(5_000);
  client.send({ toolResponse: { functionResponses: [{ id: 'x', response: { status: 'ok' } }] } });
  client.close();
  expect(lines).toEqual([
    'opened: models/gemini-3.8-live',
    '← text: Greet the caller.',
    '  not called, because setup does not declare it: g',
    '→ Hello.',
    expect.stringMatching(/^→ calls f\(\{\}\) as call_\d{6}$/),
    '→ turn complete',
    '← x answered too late: {"status":"ok"}',
    'closed: 1000',
  ]);
});
