/** Places for what is known of a call, in what an agent is told. */
import { expect, test } from 'vitest';
import { inspectConfig } from '../../../src/config/index.ts';
import { AGENT, DEVELOPER, givenFiles, problemsOf } from './given.ts';

const wordingOf = (yaml: string) =>
  inspectConfig({ env: DEVELOPER, cwd: givenFiles({ 'config/agents/sales.yaml': yaml }) }).agents[0]?.wording;

test('an agent whose file has no such place stands as it is', () => {
  expect(wordingOf(`${AGENT}greeting: Hello.\n`)).toBeUndefined();
});

test('greeting and instruction are taken apart', () => {
  const yaml = 'default: true\ninstruction: "You speak with {{ vars.name }}."\ngreeting: "Hi, {{sip.X-Name}}!"\n';
  expect(wordingOf(yaml)).toEqual({
    instruction: ['You speak with ', { path: ['vars', 'name'] }, '.'],
    greeting: ['Hi, ', { path: ['sip', 'X-Name'] }, '!'],
  });
});

test('all that is known of a call is known', () => {
  const names = ['caller.number', 'called.number', 'call.id', 'call.to', 'call.agent', 'call.direction'];
  expect(problemsOf(`greeting: "${names.map((name) => `{{${name}}}`).join('')}"\n`)).toEqual([]);
});

test.each([
  ['{{caller.name}}', '{{caller.name}} is not known; known are call.id, call.agent, call.direction, call.to,'],
  ['{{args.day}}', '{{args.day}} is not known; known are call.id,'],
  ['{{env.GEMINI_API_KEY}}', '{{env.GEMINI_API_KEY}} has no place here'],
  ['{{vars}}', '{{vars}} is not known'],
  ['{{vars.__proto__}}', '{{vars.__proto__}} is not known'],
  ['{{vars.a.b}}', '{{vars.a.b}} is not known'],
  ['Hello {{', 'has a "{{" or "}}" without its other half: a variable is written {{caller.number}}'],
])('%s is told of at start', (text, problem) => {
  const [told, ...more] = problemsOf(`greeting: "${text}"\n`);
  expect(told).toMatch(/^config\/agents\/sales\.yaml:3 greeting: /);
  expect(told).toContain(problem);
  expect(more).toEqual([]);
});

test('the message for a machine that the agent notices is taken apart as well, and judged by the same names', () => {
  const tools = (message: string) => `tools: [{ kind: endCall }, { kind: voicemailDetected, message: "${message}" }]\n`;
  const cwd = givenFiles({ 'config/agents/sales.yaml': `${AGENT}${tools('For {{vars.name}}.')}` });
  const [agent] = inspectConfig({ env: DEVELOPER, cwd }).agents;
  expect(agent?.toolSpecs[1]).toMatchObject({ message: ['For ', { path: ['vars', 'name'] }, '.'] });
  expect(problemsOf(tools('For {{caller.keys}}.'))).toEqual([
    expect.stringMatching(/sales\.yaml:3 tools\[1\]\.message: {{caller\.keys}} is not known; known are call\.id,/),
  ]);
});

const TRANSFER = 'to: "+15550177", description: Sells.';

test.each([
  ['notice: { say: "Hello {{x}}." }', 'notice.say'],
  ['fallback: { say: "{{x}}" }', 'fallback.say'],
  ['fallback: { voicemail: { prompt: "{{x}}" } }', 'fallback.voicemail.prompt'],
  ['tools: [{ kind: endCall, description: "{{x}}" }]', 'tools[0].description'],
  [
    `tools: [{ kind: transferCall, destinations: { desk: { ${TRANSFER}, warm: true, prompt: "{{x}}" } } }]`,
    'tools[0].destinations.desk.prompt',
  ],
  [
    'mcpServers: { crm: { command: crm } }\ntools: [{ kind: mcp, name: f, server: crm, meanwhile: "{{x}}" }]',
    'tools[0].meanwhile',
  ],
  [
    `toolHosts: [a.example]\ntools: [{ kind: http, name: f, description: d, url: "https://a.example/{{args.day}}",
  parameters: { type: object, properties: { day: { type: string, description: "{{x}}" } } } }]`,
    'tools[0].parameters.properties.day.description',
  ],
  ['mcpServers: { crm: { command: crm, args: ["{{x}}"] } }', 'mcpServers.crm.args[0]'],
  ['afterwards: { verdict: { goals: ["{{x}}"] } }', 'afterwards.verdict.goals[0]'],
  ['afterwards: { summary: { instruction: "{{x}}" } }', 'afterwards.summary.instruction'],
])('what takes no variables has none: %s', (yaml, place) => {
  const told = problemsOf(`${yaml}\n`, { ...DEVELOPER, TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}` });
  expect(told).toEqual([expect.stringContaining(` ${place}: has "{{", and no variable has a place here`)]);
});
