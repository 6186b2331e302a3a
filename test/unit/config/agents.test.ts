import { describe, expect, test } from 'vitest';
import { inspectConfig } from '../../../src/config/index.ts';
import { AGENT, asLine, DEVELOPER, givenFiles, problemsOf, VERTEX } from './given.ts';

/** With one model of the user's own. */
const CATALOGUE = `
models:
  my-model: { state: current, apis: [developer], contextTokens: 8000, features: { codeExecution: true } }
voices: { Mine: Odd }
languages: { developer: [en], vertex: [en-US] }
`;

const inspectAgents = (files: Record<string, string>, env = DEVELOPER) => {
  const paths = Object.entries(files).map(([name, yaml]) => [`config/agents/${name}`, yaml] as const);
  return inspectConfig({ env, cwd: givenFiles(Object.fromEntries(paths)) });
};

test('an agent is an instruction; everything else has a default that suits a telephone', () => {
  const [agent] = inspectAgents({ 'sales.yaml': AGENT }).agents;
  expect(agent).toEqual({
    name: 'sales',
    answers: [],
    isDefault: true,
    live: {
      model: 'gemini-3.8-live',
      features: expect.objectContaining({ functionCalling: true, codeExecution: false }),
      voice: 'Aoede',
      instruction: 'Be kind.',
      turnTaking: {
        detection: 'model',
        bargeIn: true,
        startSensitivity: 'high',
        endSensitivity: 'low',
        prefixPaddingMs: 100,
        silenceMs: 600,
        coverage: 'activity',
      },
      transcription: { caller: true, agent: true, languages: [], vocabulary: [] },
      compression: {},
      sampling: {},
      googleSearch: false,
      codeExecution: false,
    },
    toolSpecs: [],
    alternatives: [],
    echoFactor: 0.25,
    outbound: { ringMs: 30_000 },
    limits: { callMs: 1_800_000, silenceMs: 120_000, heldAudioMs: 5_000 },
    patience: {
      answerMs: 4_000,
      stallMs: 3_000,
      nudgeMs: 4_000,
      resumeMs: 4_000,
      afreshMs: 4_000,
      oneMoment: { afterMs: 4_000 },
    },
    idle: { askAfterMs: 12_000, times: 2 },
    afterwards: { formats: ['json', 'text', 'vtt'] },
  });
});

test('all that an agent can say is understood', () => {
  const yaml = `
answers: ["+15551230100", "sip:Desk@Example.com:5060"]
model: models/gemini-3.8-live
voice: Kore
language: en-US
instruction: Be brief.
greeting: Say hello.
turnTaking: { detection: local, bargeIn: false, startSensitivity: low, endSensitivity: high, prefixPaddingMs: 20, silenceMs: 500, coverage: allInput, protect: [greeting, announcements], echoGuard: true, backchannelMs: 700 }
transcription: { caller: false, agent: false, languages: [en-US], vocabulary: [Callbridge] }
compression: { triggerTokens: 20000, targetTokens: 10000 }
sampling: { temperature: 0.5, topP: 0.9, topK: 40, maxOutputTokens: 1000, seed: 7, presencePenalty: 0.1, frequencyPenalty: -0.1 }
googleSearch: true
toolHosts: [api.example.com]
tools:
  - { kind: http, name: look, description: Looks., behavior: blocking, url: "https://api.example.com/v1" }
limits: { callMinutes: 1.5, silenceSeconds: 30, heldAudioMs: 2000 }
patience: { answerMs: 8000, stallMs: 5000, nudgeMs: 3000, resumeMs: 6000, afreshMs: 7000, oneMoment: { afterMs: 2500 } }
idle: { askAfterSeconds: 7.5, times: 3 }
afterwards: { formats: [json], redact: { what: [cards, phones], names: [Ana], files: true }, webhook: { url: "https://crm.example.com/calls", secretEnv: SALES_SECRET } }
`;
  const SALES_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const { agents, problems } = inspectAgents({ 'sales.yaml': yaml }, { ...DEVELOPER, SALES_SECRET });
  expect(problems).toEqual([]);
  expect(agents[0]).toMatchObject({
    answers: ['+15551230100', 'sip:Desk@example.com'],
    isDefault: false,
    greeting: 'Say hello.',
    live: {
      model: 'gemini-3.8-live',
      voice: 'Kore',
      language: 'en-US',
      turnTaking: { detection: 'local', bargeIn: false, silenceMs: 500 },
      compression: { triggerTokens: 20_000, targetTokens: 10_000 },
      sampling: { seed: 7 },
      googleSearch: true,
    },
    toolSpecs: [{ kind: 'http', name: 'look', behavior: 'BLOCKING', url: ['https://api.example.com/v1'] }],
    limits: { callMs: 90_000, silenceMs: 30_000, heldAudioMs: 2_000 },
    patience: {
      answerMs: 8_000,
      stallMs: 5_000,
      nudgeMs: 3_000,
      resumeMs: 6_000,
      afreshMs: 7_000,
      oneMoment: { afterMs: 2_500 },
    },
    idle: { askAfterMs: 7_500, times: 3 },
    guard: { protect: ['greeting', 'announcements'], echoGuard: true, backchannelMs: 700 },
    echoFactor: 0.25,
    afterwards: {
      formats: ['json'],
      redact: { what: ['cards', 'phones'], names: ['Ana'], files: true },
      webhook: {
        url: 'https://crm.example.com/calls',
        secret: SALES_SECRET,
        events: ['call.ended', 'call.analyzed'],
      },
    },
  });
});

describe('what the file says', () => {
  test.each([
    ['an unknown key', 'voise: Kore', '3 voise: is not a known key; did you mean "voice"?'],
    [
      'an unknown key further in',
      'turnTaking:\n  bargin: true',
      '4 turnTaking.bargin: is not a known key; did you mean "bargeIn"?',
    ],
    [
      'an unknown key in a list',
      'tools:\n  - { kind: http, name: f, description: d, url: "https://a.example", parameter: {} }',
      '4 tools[0].parameter: is not a known key; did you mean "parameters"?',
    ],
    [
      'an unknown key in an alternative',
      'compression: { trigger: 9000 }',
      '3 compression.trigger: is not a known key; known are triggerTokens, targetTokens',
    ],
    ['a wrong type', 'googleSearch: "yes"', '3 googleSearch: must be true or false, not "yes"'],
    [
      'a wrong choice',
      'turnTaking: { coverage: activty }',
      '3 turnTaking.coverage: must be one of "activity", "allInput", "activityAndVideo", not "activty"; did you mean "activity"?',
    ],
    ['too little', 'limits: { callMinutes: 0 }', '3 limits.callMinutes: must be at least 1'],
    ['too impatient', 'patience: { answerMs: 500 }', '3 patience.answerMs: must be at least 1000'],
    [
      'an echo louder than the voice',
      'turnTaking: { echoGuard: { factor: 2 } }',
      '3 turnTaking.echoGuard.factor: must be at most 1',
    ],
    ['hurried', 'idle: { askAfterSeconds: 2 }', '3 idle.askAfterSeconds: must be at least 5'],
    ['too much', 'limits: { callMinutes: 241 }', '3 limits.callMinutes: must be at most 240'],
    [
      'a number without quotes',
      'answers: [+15551230100]',
      '3 answers[0]: a phone number must stand in quotes, such as "+15551230100"',
    ],
    ['a number that is no list', 'answers: +15551230100', '3 answers: must be a list: ["+15551230100"]'],
    ['an address that is no list', 'answers: sip:a@b.example', '3 answers: must be a list: ["sip:a@b.example"]'],
    ['something else that is no list', 'answers: {}', '3 answers: must be a list, not a map'],
    [
      'a wrong type in an alternative',
      'compression: { triggerTokens: many }',
      '3 compression.triggerTokens: must be a number, not "many"',
    ],
    [
      'neither a window nor false',
      'compression: 5',
      '3 compression: must be false, or a map of triggerTokens and targetTokens',
    ],
    ['a key that stands twice', 'voice: Kore\nvoice: Puck', '4: Map keys must be unique, in "voice: Puck"'],
  ])('%s is refused at its line', (_, yaml, complaint) => {
    expect(problemsOf(yaml)).toEqual([`config/agents/sales.yaml:${complaint}`]);
  });

  test('an agent without an instruction is refused', () => {
    const { problems } = inspectAgents({ 'sales.yaml': 'default: true\n' });
    expect(problems.map(asLine)).toEqual(['config/agents/sales.yaml instruction: is missing: text is expected']);
  });

  test('the watch over an agent that says nothing can be switched off', () => {
    const { agents, problems } = inspectAgents({ 'sales.yaml': `${AGENT}patience: false\n` });
    expect(problems).toEqual([]);
    expect(agents[0]?.patience).toBeUndefined();
  });

  test('compression can be switched off', () => {
    const { agents } = inspectAgents({ 'sales.yaml': `${AGENT}compression: false\n` });
    expect(agents[0]?.live.compression).toBeUndefined();
  });

  test('a file that is not YAML is refused at the place where it breaks', () => {
    expect(problemsOf('voice: [')[0]).toMatch(/^config\/agents\/sales\.yaml:\d+: Flow sequence/);
  });

  const MISPLACED =
    'look at the indentation here and in the next line: keys of one map begin in one column, text below a key further right';
  test.each([
    [
      'greeting: |\nYou are kind.\nAnd short.\nlanguage: en',
      `4: Implicit keys need to be on a single line, in "You are kind.": ${MISPLACED}`,
    ],
    [
      'limits:\n  callMinutes: 5\n   silenceSeconds: 20\nidle:\n  times: 1\n   askAfterSeconds: 5',
      `4: Nested mappings are not allowed in compact mappings, in "callMinutes: 5": ${MISPLACED}`,
    ],
    [
      'tools:\n  - kind: endCall\n   name: leave\n  - kind: endCall',
      `5: Sequence item without - indicator, in "name: leave": ${MISPLACED}`,
    ],
    [
      'tools:\n   - kind: endCall\n    name: leave\n  - kind: endCall',
      `5: Sequence item without - indicator, in "name: leave": ${MISPLACED}`,
    ],
    [
      'greeting: Hello: who is it?',
      '3: Nested mappings are not allowed in compact mappings, in "greeting: Hello: who is it?": text with ": " in it must stand in quotes',
    ],
  ])('of %j the first fault alone is told, with its line and a hint', (yaml, complaint) => {
    expect(problemsOf(yaml)).toEqual([`config/agents/sales.yaml:${complaint}`]);
  });

  test('names of files are lower case and end in .yaml', () => {
    const { problems } = inspectAgents({ 'Sales Desk.yml': AGENT });
    expect(problems.map(asLine)).toEqual([expect.stringContaining('config/agents/Sales Desk.yml: must be named by')]);
  });
});

describe('what the model cannot do', () => {
  test.each([
    [
      'model: gemini-2.0-flash-live-001',
      'model: gemini-2.0-flash-live-001 was shut down on 2025-12-09; use gemini-3.8-live',
    ],
    [
      'model: gemini-2.5-flash-preview-native-audio-dialog',
      'model: gemini-2.5-flash-preview-native-audio-dialog was shut down on 2025-10-20; use gemini-3.8-live',
    ],
    [
      'model: gemini-2.5-flash-exp-native-audio-thinking-dialog',
      'model: gemini-2.5-flash-exp-native-audio-thinking-dialog was shut down on 2025-10-20; use gemini-3.8-live-extended-thinking',
    ],
    [
      'model: gemini-3.5-transcribe-live',
      'model: gemini-3.5-transcribe-live is for transcription, not for dialogue; use gemini-3.8-live or',
    ],
    [
      'model: gemini-live-2.5-flash-native-audio',
      'model: gemini-live-2.5-flash-native-audio is offered on Vertex AI, not on the Developer API, which is configured; use gemini-3.8-live or',
    ],
    [
      'model: gemini-3.8-liv',
      'model: "gemini-3.8-liv" is not in models.yaml, where you can add a model of your own; the nearest are gemini-3.8-live, ',
    ],
    [
      'codeExecution: true',
      'codeExecution: gemini-3.8-live does not take codeExecution: leave it out (no current model does)',
    ],
    [
      'proactiveAudio: false',
      'proactiveAudio: gemini-3.8-live does not take proactiveAudio: leave it out (no current model does)',
    ],
    [
      'affectiveDialog: true',
      'affectiveDialog: gemini-3.8-live does not take affectiveDialog: leave it out (no current model does)',
    ],
    [
      'thinking: { level: low }',
      'thinking: gemini-3.8-live takes no setting for thinking: leave it out, or use gemini-3.8-live-extended-thinking',
    ],
    [
      'model: gemini-3.8-live-extended-thinking\nthinking: { level: minimal }',
      'thinking.level: gemini-3.8-live-extended-thinking takes one of low, medium, high, not "minimal"',
    ],
    [
      'model: gemini-3.8-live-extended-thinking\nthinking: { budgetTokens: 5 }',
      'thinking: gemini-3.8-live-extended-thinking takes only a level: one of low, medium, high',
    ],
    [
      'model: gemini-2.5-flash-native-audio-preview-09-2025\nthinking: { level: low }',
      'thinking: gemini-2.5-flash-native-audio-preview-09-2025 takes only budgetTokens',
    ],
    ['voice: aoede', 'voice: "aoede" is not a voice; the nearest are Aoede, '],
    ['language: xx', 'language: "xx" is not a known language; the nearest are '],
    ['language: english', 'language: "english" is not a known language; write its tag, such as en-US'],
    ['transcription: { languages: [en, klingon] }', 'transcription.languages[1]: "klingon" is not a known language'],
    [
      'compression: { triggerTokens: 9000, targetTokens: 9000 }',
      'compression.targetTokens: must be less than triggerTokens (9000)',
    ],
  ])('%s is refused', (yaml, complaint) => {
    const problems = problemsOf(yaml);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^config\/agents\/sales\.yaml:\d /);
    expect(problems[0]).toContain(complaint);
  });

  test('a region is taken with a language of the Developer API, and Vertex AI has a list of its own', () => {
    expect(problemsOf('language: en-GB')).toEqual([]);
    expect(problemsOf('language: en-US', VERTEX)).toEqual([]);
    expect(problemsOf('language: en-GB', VERTEX)[0]).toContain('"en-GB" is not a known language; the nearest are en-');
  });

  test("a window's trigger must lie inside the window of the model", () => {
    const cwd = givenFiles({
      'config/models.yaml': CATALOGUE,
      'config/agents/sales.yaml': `${AGENT}model: my-model\nvoice: Mine\ncompression: { triggerTokens: 8001 }\n`,
    });
    expect(inspectConfig({ env: DEVELOPER, cwd }).problems.map(asLine)).toEqual([
      'config/agents/sales.yaml:5 compression.triggerTokens: must be at most 8000, the window of my-model',
    ]);
  });

  test('a model that the user added is taken like the others', () => {
    const cwd = givenFiles({
      'config/models.yaml': CATALOGUE,
      'config/agents/sales.yaml': `${AGENT}model: my-model\nvoice: Mine\ncodeExecution: true\n`,
    });
    const { problems, agents } = inspectConfig({ env: DEVELOPER, cwd });
    expect(problems).toEqual([]);
    expect(agents[0]?.live.features).toMatchObject({ codeExecution: true, googleSearch: false, thinking: 'none' });
  });
});

describe('agents together', () => {
  test('a number has one agent, also when it is written as another form of the same address', () => {
    const { problems } = inspectAgents({
      'a.yaml': 'instruction: A.\nanswers: ["+15551230100", "sip:desk@example.com"]\n',
      'b.yaml': 'instruction: B.\nanswers: ["+15551230100", "sip:desk@EXAMPLE.com:5061"]\n',
    });
    expect(problems.map(asLine)).toEqual([
      'config/agents/b.yaml:2 answers[0]: +15551230100 is answered by a already: remove it from one of them',
      'config/agents/b.yaml:2 answers[1]: sip:desk@example.com is answered by a already: remove it from one of them',
    ]);
  });

  test('at most one agent is the default, and one that no call can reach is refused', () => {
    const { problems } = inspectAgents({ 'a.yaml': AGENT, 'b.yaml': AGENT, 'c.yaml': 'instruction: C.\n' });
    expect(problems.map(asLine)).toEqual([
      'config/agents/b.yaml:1 default: a is the default already: only one agent can be',
      expect.stringContaining('config/agents/c.yaml answers: no call can reach this agent'),
    ]);
  });
});

test('which events the webhook tells is chosen, and none is no choice', () => {
  const webhook = (events: string) =>
    `afterwards: { webhook: { url: "https://crm.example.com", secretEnv: HOOK, events: [${events}] } }`;
  const env = { ...DEVELOPER, HOOK: `whsec_${Buffer.alloc(32).toString('base64')}` };
  const cwd = givenFiles({ 'config/agents/sales.yaml': `${AGENT}${webhook('call.started, call.ended')}` });
  const [agent] = inspectConfig({ env, cwd }).agents;
  expect(agent?.afterwards.webhook?.events).toEqual(['call.started', 'call.ended']);
  expect(problemsOf(webhook(''), env)).toEqual([expect.stringContaining('afterwards.webhook.events')]);
  expect(problemsOf(webhook('call.begun'), env)).toEqual([expect.stringContaining('afterwards.webhook.events')]);
});

describe("the webhook's secret", () => {
  const webhook = 'afterwards: { webhook: { url: "https://crm.example.com", secretEnv: HOOK } }';
  test.each([
    ['not set', undefined, 'HOOK is not set'],
    ['without its prefix', Buffer.alloc(32).toString('base64'), 'HOOK is not a secret of that form'],
    ['too short', `whsec_${Buffer.alloc(23).toString('base64')}`, 'HOOK is not a secret of that form'],
    ['too long', `whsec_${Buffer.alloc(65).toString('base64')}`, 'HOOK is not a secret of that form'],
  ])('%s, is refused without being repeated', (_, HOOK, complaint) => {
    const [problem, ...others] = problemsOf(webhook, { ...DEVELOPER, HOOK });
    expect(others).toEqual([]);
    expect(problem).toContain(`config/agents/sales.yaml:3 afterwards.webhook.secretEnv: ${complaint}`);
    if (HOOK !== undefined) expect(problem).not.toContain(HOOK);
  });
});
