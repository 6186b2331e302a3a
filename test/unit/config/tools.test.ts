/** The tools of an agent's file: what is taken, what is refused, and with which words. */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { inspectConfig, loadWorkerConfig } from '../../../src/config/index.ts';
import { AGENT, asLine, DEVELOPER, givenFiles } from './given.ts';

const HOSTS = 'toolHosts: [api.example.com, { host: "localhost:8090", private: true }]\n';
const TOOL = `
kind: http
name: find_table
description: Looks for a free table.
url: https://api.example.com/tables
`;

/** An agent with one tool, which is in order but for `more`. */
const inspect = (more: string, { hosts = HOSTS, env = {}, agent = '' } = {}) => {
  const lines = [...TOOL.trim().split('\n'), ...more.split('\n')];
  // What comes later counts.
  const keys = new Map(lines.filter(Boolean).map((line) => [/^\w+/.exec(line)?.[0] ?? line, line]));
  const tool = [...keys.values()].map((line) => `    ${line}`).join('\n');
  const yaml = `${AGENT}${agent}${hosts}tools:\n  -\n${tool}\n`;
  const cwd = givenFiles({ 'config/agents/sales.yaml': yaml });
  return inspectConfig({ env: { ...DEVELOPER, ...env }, cwd });
};
const problems = (...args: Parameters<typeof inspect>) => inspect(...args).problems.map(asLine);

test('a tool is its kind, its name, what it is for, and a URL', () => {
  const { agents, problems } = inspect('');
  expect(problems).toEqual([]);
  expect(agents[0]?.toolSpecs).toEqual([
    {
      kind: 'http',
      name: 'find_table',
      description: 'Looks for a free table.',
      deadlineMs: 10_000,
      method: 'GET',
      url: ['https://api.example.com/tables'],
      query: {},
      headers: {},
      allowsPrivate: false,
    },
  ]);
});

test('templates are taken apart, and secrets are put in where they belong', () => {
  const { agents, problems } = inspect(
    `
parameters: { type: object, properties: { day: { type: string }, guests: { type: integer } } }
behavior: nonBlocking
scheduling: silent
method: POST
url: "http://localhost:8090/{{env.TENANT}}/days/{{args.day}}?by={{ caller.number }}"
headers: { authorization: "Bearer {{env.TABLES_KEY}}" }
query: { call: "{{call.id}}" }
body: { guests: "{{args.guests}}", note: "for {{args.guests}}", tags: [1, true, null] }
businessKey: "{{args.day}}"
idempotencyHeader: Idempotency-Key`,
    { env: { TENANT: 't1', TABLES_KEY: 'k{{args.day}}' } },
  );
  expect(problems).toEqual([]);
  expect(agents[0]?.toolSpecs[0]).toMatchObject({
    behavior: 'NON_BLOCKING',
    scheduling: 'SILENT',
    url: ['http://localhost:8090/t1/days/', { path: ['args', 'day'] }, '?by=', { path: ['caller', 'number'] }],
    // What a secret looks like is nobody's business.
    headers: { authorization: ['Bearer k{{args.day}}'] },
    query: { call: [{ path: ['call', 'id'] }] },
    body: {
      kind: 'map',
      entries: [
        ['guests', { kind: 'text', template: [{ path: ['args', 'guests'] }] }],
        ['note', { kind: 'text', template: ['for ', { path: ['args', 'guests'] }] }],
        [
          'tags',
          {
            kind: 'list',
            items: [
              { kind: 'plain', value: 1 },
              { kind: 'plain', value: true },
              { kind: 'plain', value: null },
            ],
          },
        ],
      ],
    },
    businessKey: [{ path: ['args', 'day'] }],
    allowsPrivate: true,
  });
});

test('a secret that no header can hold is told without saying it', () => {
  const told = problems('headers: { x: "{{env.KEY}}" }', { env: { KEY: 's3cret\n' } });
  expect(told[0]).toContain('tools[0].headers.x: KEY holds a line end or other than ASCII characters: copy it again');
  expect(told.join()).not.toContain('s3cret');
});

test('a worker, which answers no calls, needs neither secrets nor files of tools', () => {
  const tools = `tools:
  - { kind: function, name: f, file: nowhere.mjs }
  - { kind: http, name: g, description: d, url: "https://api.example.com/{{env.NONE}}" }
`;
  const cwd = givenFiles({ 'config/agents/sales.yaml': AGENT + HOSTS + tools });
  expect(inspectConfig({ env: DEVELOPER, cwd }).problems.map(asLine)).toEqual([
    expect.stringContaining('tools[0].file: there is no config/tools/nowhere.mjs'),
    expect.stringContaining('tools[1].url: NONE is not set'),
  ]);
  const { agents } = loadWorkerConfig({ env: { REDIS_URL: 'redis://localhost:6379' }, cwd });
  expect(agents.map(({ toolSpecs }) => toolSpecs)).toEqual([[]]);
});

test('a tool says which others it undoes', () => {
  const toolOf = (name: string, more: string) =>
    `  - { kind: http, name: ${name}, description: d, url: "https://api.example.com/"${more} }\n`;
  const yaml = `${AGENT}${HOSTS}tools:\n${toolOf('cancel', ', undoes: [book]')}${toolOf('book', '')}`;
  const { agents, problems } = inspectConfig({ env: DEVELOPER, cwd: givenFiles({ 'config/agents/sales.yaml': yaml }) });
  expect(problems).toEqual([]);
  expect(agents[0]?.toolSpecs).toMatchObject([{ name: 'cancel', undoes: ['book'] }, { name: 'book' }]);
});

test('a server of the Model Context Protocol has its secrets, and its tools have it', () => {
  const yaml = `${AGENT}
mcpServers:
  crm: { url: "https://crm.example.com/mcp", headers: { authorization: "Bearer {{env.CRM_KEY}}" } }
  notes: { command: node, args: [notes.mjs], env: { KEY: "{{env.CRM_KEY}}" } }
tools:
  - { kind: mcp, name: find, server: crm }
  - { kind: mcp, name: note, server: notes, deadlineMs: 3000, sideEffect: true }
`;
  const cwd = givenFiles({ 'config/agents/sales.yaml': yaml });
  const { agents, problems } = inspectConfig({ env: { ...DEVELOPER, CRM_KEY: 'k' }, cwd });
  expect(problems).toEqual([]);
  expect(agents[0]?.toolSpecs).toEqual([
    {
      kind: 'mcp',
      name: 'find',
      deadlineMs: 10_000,
      server: {
        name: 'crm',
        place: 'config/agents/sales.yaml:5 mcpServers.crm',
        how: { url: 'https://crm.example.com/mcp', headers: { authorization: 'Bearer k' } },
      },
    },
    {
      kind: 'mcp',
      name: 'note',
      deadlineMs: 3_000,
      sideEffect: true,
      server: {
        name: 'notes',
        place: 'config/agents/sales.yaml:6 mcpServers.notes',
        how: { command: 'node', args: ['notes.mjs'], env: { KEY: 'k' } },
      },
    },
  ]);
});

describe('a tool that cannot work is told at start, with its place', () => {
  const DAY = 'parameters: { type: object, properties: { day: { type: string } } }\n';

  test.each([
    ['kind: magic', 'kind: must be one of "http", "function", "mcp", "endCall", "transferCall", "takeMessage"'],
    ['name: find table', 'name: must begin with a letter or _'],
    ['deadlineMs: 90000', 'deadlineMs: must be at most 50000'],
    ['method: FETCH', 'method: must be one of "GET"'],
    ['parameters: { type: string }', 'parameters: must be a JSON Schema with type: object'],
    ['parameters: { type: object, propertys: {} }', 'parameters: is no JSON Schema: unknown keyword: "propertys"'],
    ['parameters: { type: object, properties: { day: { type: text } } }', 'parameters: is no JSON Schema: '],
    ['body: { a: 1 }', 'body: GET has none'],
    ['behavior: blocking\nscheduling: silent', 'scheduling: stands beside behavior: blocking'],
    ['url: /tables', 'url: must begin with scheme and host as they are'],
    ['url: ftp://api.example.com/', 'url: must begin with scheme and host as they are'],
    ['url: "https://{{args.day}}.example.com/"', 'url: must begin with scheme and host as they are'],
    ['url: "https://api.example.com{{args.day}}"', 'url: must begin with scheme and host as they are'],
    ['url: "https://me:secret@api.example.com/"', 'url: must not hold a user name or password'],
    ['url: "https://api.example.com/#top"', 'url: must not have a part behind #'],
    ['url: https://other.example.com/', 'url: leads to other.example.com, which is not among toolHosts: add it there'],
    [
      'url: https://api.example.com:8443/',
      'url: leads to api.example.com:8443, which is not among toolHosts: give it its port there',
    ],
    ['url: "https://api.example.com@other.example.com/"', 'url: must not hold a user name'],
    ['query: { day: "{{args.dya}}" }', 'query.day: {{args.dya}} is not among the parameters, which are day'],
    [
      'query: { day: "{{caller.name}}" }',
      'query.day: {{caller.name}} is not known; known are args.<parameter>, call.id',
    ],
    ['query: { key: "{{env.KEY}}" }', 'query.key: {{env.KEY}} has no place here: secrets go into headers or the url'],
    ['headers: { x: "{{env.KEY}}" }', 'headers.x: KEY is not set: {{env.KEY}} takes it from the environment'],
    ['query: { day: "{{args.day" }', 'query.day: has a "{{" or "}}" without its other half'],
    ['headers: { "bad name": x }', 'headers.bad name: '],
    ['undoes: [book_table]', 'undoes[0]: "book_table" is no other tool of this agent'],
    ['undoes: [find_table]', 'undoes[0]: "find_table" is no other tool of this agent'],
    ['method: POST\nbody: { day: {{args.day}} }', 'body.day: a variable must stand in quotes, such as "{{args.day}}"'],
  ])('%s', (more, complaint) => {
    const [first] = problems(DAY + more);
    expect(first).toMatch(/^config\/agents\/sales\.yaml:\d+ tools\[0\]\./);
    expect(first).toContain(`tools[0].${complaint}`);
  });

  test('a variable without quotes, wherever it stands, beside what else is wrong, and without a word from Node', async () => {
    const warned = vi.spyOn(process, 'emitWarning');
    onTestFinished(() => warned.mockRestore());
    const told = problems(`${DAY}query: { day: {{args.day}}, to: [{{args.day}}] }
headers: { x: {{env.KEY}} }
url: {{env.URL}}/tables`);
    const place = 'config/agents/sales.yaml:';
    expect(told).toEqual([
      `${place}9 tools[0].url: a variable must stand in quotes, such as "{{env.URL}}"`,
      `${place}11 tools[0].query.day: a variable must stand in quotes, such as "{{args.day}}"`,
      `${place}11 tools[0].query.to[0]: a variable must stand in quotes, such as "{{args.day}}"`,
      `${place}12 tools[0].headers.x: a variable must stand in quotes, such as "{{env.KEY}}"`,
    ]);
    const judged = problems(`${DAY}query: { day: {{args.dya}} }`);
    expect(judged).toEqual([
      expect.stringContaining('tools[0].query.day: a variable must stand in quotes'),
      expect.stringContaining('tools[0].query.day: {{args.dya}} is not among the parameters, which are day'),
    ]);
    const others = problems('', { agent: '[a]: b\ngreting: Hi.\n' });
    expect(others).toEqual([
      `${place}1: has a key that is a list or a map: it must be text`,
      expect.stringContaining(`${place}4 greting: is not a known key`),
    ]);
    expect(warned).not.toHaveBeenCalled();
  });

  test.each(['localhost', '127.0.0.1', '[::1]', '10.0.0.1', 'db.internal'])(
    'an address that is private: %s',
    (host) => {
      const told = problems(`url: "https://${host}/"`, { hosts: `toolHosts: ["${host}"]\n` });
      expect(told[0]).toContain(`tools[0].url: leads into a private network: to allow that, write { host: "${host}"`);
      const allowed = `toolHosts: [{ host: "${host}", private: true }]\n`;
      expect(problems(`url: "https://${host}/"`, { hosts: allowed })).toEqual([]);
    },
  );

  test.each([
    ['behavior: blocking', 'behavior: gemini-3.8-live-extended-thinking does not take blocking; it takes nonBlocking'],
    ['scheduling: silent', 'scheduling: gemini-3.8-live-extended-thinking does not take it: leave it out'],
  ])('what the model does not take: %s', (more, complaint) => {
    const told = problems(more, { agent: 'model: gemini-3.8-live-extended-thinking\n' });
    expect(told[0]).toContain(`tools[0].${complaint}`);
  });

  test.each([
    ['kind: function\nname: f\nfile: ../x.mjs', 'file: must be the name of a file in config/tools'],
    ['kind: function\nname: f\nfile: x.mjs', 'file: there is no config/tools/x.mjs'],
    ['kind: voicemailDetected\nmessage: Call us back.', 'message: needs a tool of kind endCall beside it'],
    ['kind: mcp\nname: f\nserver: crn', 'server: "crn" is not among mcpServers: there are crm'],
  ])('of another kind: %s', (tool, complaint) => {
    const lines = tool.split('\n').map((line) => `    ${line}`);
    const yaml = `${AGENT}mcpServers: { crm: { command: crm } }\ntools:\n  -\n${lines.join('\n')}\n`;
    const told = inspectConfig({ env: DEVELOPER, cwd: givenFiles({ 'config/agents/sales.yaml': yaml }) });
    expect(told.problems.map(asLine)[0]).toContain(`tools[0].${complaint}`);
  });

  test.each([
    ['{ kitchen: { to: "+15551230100" } }', 'destinations.kitchen.description: is missing'],
    [
      '{ kitchen: { to: +15551230100, description: d } }',
      'destinations.kitchen.to: a phone number must stand in quotes',
    ],
    [
      '{ Kitchen: { to: "+15551230100", description: d } }',
      'destinations.Kitchen: must be a name of lower-case letters',
    ],
    [
      '{ a: { to: "+15551230100", description: d, timeoutSeconds: 90 } }',
      'destinations.a.timeoutSeconds: must be at most 45',
    ],
    [
      '{ a: { to: "+15551230100", description: d, refer: true } }',
      'destinations.a.refer: needs a SIP address under to',
    ],
    ['{ a: { to: "+15551230100", description: d, accept: key } }', 'destinations.a.accept: goes with warm: true only'],
    [
      '{ a: { to: "sip:a@b.example", description: d, warm: true, refer: true } }',
      'destinations.a.refer: does not go with warm',
    ],
    [
      '{ a: { to: "+15551230100", description: d, warm: true, holdMusic: "http://a.example/b.mp3" } }',
      'destinations.a.holdMusic: must be an https URL',
    ],
    ['{ a: { to: "+15551230100", description: d, warm: true } }', 'destinations.a.warm: needs TWILIO_ACCOUNT_SID'],
    ['{}', 'destinations: must name somebody'],
    [
      '{ us: { to: "+15550123", description: d } }',
      'destinations.us.to: is answered by sales: the call would come back here',
    ],
  ])('a transfer to nobody: %s', (destinations, complaint) => {
    const yaml = `answers: ["+15550123"]\ninstruction: Be kind.\ntools: [{ kind: transferCall, destinations: ${destinations} }]\n`;
    const told = inspectConfig({ env: DEVELOPER, cwd: givenFiles({ 'config/agents/sales.yaml': yaml }) });
    expect(told.problems.map(asLine)[0]).toContain(`tools[0].${complaint}`);
  });

  test.each([
    ['{ url: "ftp://a.example" }', 'mcpServers.crm.url: must be an http or https URL'],
    [
      '{ url: "https://a.example", command: x }',
      'mcpServers.crm: must have either url, and headers, or command, args and env',
    ],
    ['{ url: "https://a.example", headers: { x: "{{env.NONE}}" } }', 'mcpServers.crm.headers.x: NONE is not set'],
    ['{ command: crm, env: { X: "{{call.id}}" } }', 'mcpServers.crm.env.X: only {{env.NAME}} has a place here'],
  ])('a server that cannot be: %s', (server, complaint) => {
    const yaml = `${AGENT}mcpServers: { crm: ${server} }\n`;
    const told = inspectConfig({ env: DEVELOPER, cwd: givenFiles({ 'config/agents/sales.yaml': yaml }) });
    expect(told.problems.map(asLine)[0]).toContain(complaint);
  });

  test('two of one name', () => {
    const one = '{ kind: http, name: f, description: d, url: "https://api.example.com/" }';
    const yaml = `${AGENT}${HOSTS}tools: [${one}, ${one}]\n`;
    const told = inspectConfig({ env: DEVELOPER, cwd: givenFiles({ 'config/agents/sales.yaml': yaml }) });
    expect(told.problems.map(asLine)[0]).toContain(
      'tools[1].name: "f" is there twice: give each tool a name of its own',
    );
  });

  test('but an http URL is only warned of', () => {
    const { problems, warnings } = inspect('url: http://api.example.com/');
    expect(problems).toEqual([]);
    expect(warnings.map(asLine)[0]).toContain('tools[0].url: is an http URL to another network');
  });
});
