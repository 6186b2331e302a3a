/** One report tells all: what is wrong in an agent's file hides nothing else that is. */
import { describe, expect, test } from 'vitest';
import { inspectConfig } from '../../../src/config/index.ts';
import { AGENT, asLine, DEVELOPER, givenFiles, problemsOf } from './given.ts';

const FILE = 'config/agents/sales.yaml';

describe('a file that breaks the schema', () => {
  test('is judged by the catalogue all the same', () => {
    expect(
      problemsOf(
        'model: gemini-2.0-flash-live-001\nvoice: aode\nlanguage: xx\nsuprise: 1\ntranscription: { languages: [klingon] }',
      ),
    ).toEqual([
      expect.stringMatching(`^${FILE}:3 model: gemini-2.0-flash-live-001 was shut down on 2025-12-09`),
      expect.stringMatching(`^${FILE}:4 voice: "aode" is not a voice; the nearest are Aoede`),
      expect.stringMatching(`^${FILE}:5 language: "xx" is not a known language`),
      expect.stringMatching(`^${FILE}:6 suprise: is not a known key`),
      expect.stringMatching(`^${FILE}:7 transcription.languages\\[0\\]: "klingon" is not a known language`),
    ]);
  });

  test('is judged by what its model can do, also without an instruction', () => {
    const cwd = givenFiles({ [FILE]: 'default: true\ncodeExecution: true\n' });
    const { problems, agents } = inspectConfig({ env: DEVELOPER, cwd });
    expect(problems.map(asLine)).toEqual([
      `${FILE} instruction: is missing: text is expected`,
      expect.stringMatching(`^${FILE}:2 codeExecution: gemini-3.8-live does not take codeExecution`),
    ]);
    expect(agents).toEqual([]);
  });

  test('is told nothing of the default of a key that is wrong or misspelt', () => {
    // Its default model takes no thinking; the model that it means may.
    expect(problemsOf('modle: gemini-3.8-live-extended-thinking\nthinking: { level: low }')).toHaveLength(1);
    expect(problemsOf('model: 5\nthinking: { level: low }')).toHaveLength(1);
    expect(problemsOf('thinking: { level: hihg }')).toHaveLength(1);
    const noDefaults = givenFiles({
      'config/models.yaml': 'models: {}\nvoices: { Mine: Odd }\nlanguages: { developer: [en], vertex: [en-US] }\n',
      [FILE]: `${AGENT}modle: mine\nvoise: Mine\n`,
    });
    expect(inspectConfig({ env: DEVELOPER, cwd: noDefaults }).problems).toHaveLength(2);
    for (const answers of ['answers: [+15551230100]', 'anwsers: ["+15551230100"]', 'answers: 5']) {
      const cwd = givenFiles({ [FILE]: `instruction: Be kind.\n${answers}\n` });
      expect(inspectConfig({ env: DEVELOPER, cwd }).problems, answers).toHaveLength(1);
    }
  });

  test('is compared with the others, each number at its place', () => {
    const cwd = givenFiles({
      'config/agents/desk.yaml': `${AGENT}answers: ["+15551230100"]\n`,
      [FILE]: 'instruction: Be kind.\nanswers:\n  - +15551230101\n  - "+15551230100"\n',
    });
    expect(inspectConfig({ env: DEVELOPER, cwd }).problems.map(asLine)).toEqual([
      expect.stringMatching(`^${FILE}:3 answers\\[0\\]: a phone number must stand in quotes`),
      `${FILE}:4 answers[1]: +15551230100 is answered by desk already: remove it from one of them`,
    ]);
  });

  test.each([
    ['- a\n- b\n', 'must be a map of keys and values, not a list'],
    ['hello\n', 'must be a map of keys and values, not "hello"'],
    ['', 'must be a map of keys and values, not empty'],
  ])('and is no map at all, %j, is refused once', (yaml, complaint) => {
    const cwd = givenFiles({ [FILE]: yaml });
    expect(inspectConfig({ env: DEVELOPER, cwd }).problems.map(asLine)).toEqual([`${FILE}: ${complaint}`]);
  });
});

test('what is wrong in one file is told in the order of its lines, also where the files are judged against each other', () => {
  const cwd = givenFiles({
    'config/agents/desk.yaml': `${AGENT}voice: aode\nanswers: ["+15551230100"]\n`,
    [FILE]: `answers: ["+15551230100"]\nvoice: aode\n`,
  });
  const { PUBLIC_URL: _, ...env } = DEVELOPER;
  expect(inspectConfig({ env, cwd }).problems.map(asLine)).toEqual([
    expect.stringMatching(/^PUBLIC_URL: /),
    expect.stringMatching(`^${FILE} instruction: is missing`),
    expect.stringMatching(`^${FILE}:1 answers\\[0\\]: \\+15551230100 is answered by desk already`),
    expect.stringMatching(`^${FILE}:2 voice: `),
    expect.stringMatching(/^config\/agents\/desk\.yaml:3 voice: /),
  ]);
});

describe('an alias', () => {
  test.each([
    ['that names no anchor', 'greeting: *smile*', '3: *smile* names no anchor above it'],
    ['that stands above its anchor', 'voice: *v\nlanguage: &v en', '3: *v names no anchor above it'],
    ['inside its own anchor', 'tools: &f [*f]', '3: *f contains itself'],
  ])('%s is refused at its line, and quotes are advised', (_, yaml, complaint) => {
    const [problem, ...others] = problemsOf(yaml);
    expect(others).toEqual([]);
    expect(problem).toContain(`${FILE}:${complaint}; text beginning with * must stand in quotes: "*`);
  });

  test('to a part of the file is followed', () => {
    expect(problemsOf('language: &tongue en\ntranscription: { languages: [*tongue] }')).toEqual([]);
  });

  test('that unfolds beyond all proportion is refused', () => {
    const levels = ['b', 'c', 'd', 'e'].map((name, index) => {
      const below = 'abcd'[index];
      return `${name}: &${name} [${Array(10).fill(`*${below}`).join(', ')}]`;
    });
    expect(problemsOf(`a: &a [1, 1]\n${levels.join('\n')}`)).toEqual([
      `${FILE}: repeats its parts by aliases too often: write them out`,
    ]);
  });
});
