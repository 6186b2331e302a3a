import { expect, test } from 'vitest';
import { endpoint, generateEndpoint } from '../../../src/live/endpoint.ts';

const DEVELOPER_PATH = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
const VERTEX_PATH = '/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent';

const developer = (baseUrl?: string) => endpoint({ kind: 'developer', apiKey: 'AIza-secret', baseUrl }).url;
const vertex = (location: string, baseUrl?: string) =>
  endpoint({ kind: 'vertex', project: 'acme', location, baseUrl }).url;

test('the Developer API is dialled at v1beta, without the key', () => {
  expect(developer()).toBe(`wss://generativelanguage.googleapis.com${DEVELOPER_PATH}`);
});

test.each([
  ['us-central1', 'us-central1-aiplatform.googleapis.com'],
  ['europe-west4', 'europe-west4-aiplatform.googleapis.com'],
  ['global', 'aiplatform.googleapis.com'],
  ['us', 'aiplatform.us.rep.googleapis.com'],
  ['eu', 'aiplatform.eu.rep.googleapis.com'],
])('Vertex in %s is dialled at %s', (location, host) => {
  expect(vertex(location)).toBe(`wss://${host}${VERTEX_PATH}`);
});

test.each([
  ['http://127.0.0.1:8090', 'ws://127.0.0.1:8090'],
  ['http://127.0.0.1:8090/', 'ws://127.0.0.1:8090'],
  ['https://proxy.example/gemini//', 'wss://proxy.example/gemini'],
  ['ws://sim:1', 'ws://sim:1'],
  ['wss://sim:1/', 'wss://sim:1'],
])('the base %s leads to %s', (base, expected) => {
  expect(developer(base)).toBe(expected + DEVELOPER_PATH);
  expect(vertex('us-central1', base)).toBe(expected + VERTEX_PATH);
});

test.each(['127.0.0.1:8090', 'ftp://x', '', 'https://x/?key=1'])('the base "%s" is refused', (base) => {
  expect(() => developer(base)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});

test('a text is asked for at the same places, by https', () => {
  const vertex = (location: string) => generateEndpoint({ kind: 'vertex', project: 'acme', location }, 'flash');
  expect(generateEndpoint({ kind: 'developer', apiKey: 'AIza-secret' }, 'flash')).toBe(
    'https://generativelanguage.googleapis.com/v1beta/models/flash:generateContent',
  );
  expect(vertex('eu')).toBe(
    'https://aiplatform.eu.rep.googleapis.com/v1beta1/projects/acme/locations/eu/publishers/google/models/flash:generateContent',
  );
  expect(vertex('global')).toContain('https://aiplatform.googleapis.com/');
  const proxy = { kind: 'developer', apiKey: 'key', baseUrl: 'wss://proxy.example/gemini/' } as const;
  expect(generateEndpoint(proxy, 'flash')).toBe('https://proxy.example/gemini/v1beta/models/flash:generateContent');
});
