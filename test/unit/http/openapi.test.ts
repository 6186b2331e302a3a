/** The document is one, and says what the routes do. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { startService } from './service.ts';

interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, { requestBody: { content: Record<string, { schema: object }> } }>>;
}

test('is served to anybody, and judges a body as the route does', async () => {
  const service = await startService();
  const response = await service.get('/openapi.json');
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  const document = (await response.json()) as Document;
  expect(document.openapi).toMatch(/^3\.1\./);
  expect(Object.keys(document.paths)).toEqual(['/calls', '/calls/{id}']);
  const { schema } = document.paths['/calls']!['post']!.requestBody.content['application/json']!;
  const judge = new Ajv2020({ strict: false }).compile(schema);
  expect(judge({ agent: 'sales', to: '+15550177', variables: { name: 'Ada' } })).toBe(true);
  expect(judge({ to: '+15550177', greeting: 'Hello.', voice: 'Puck', language: 'de-DE' })).toBe(true);
  expect(judge({ to: '+15550177', voice: 'no such voice' })).toBe(false);
  expect(judge({ agent: 'sales', to: '15550177' })).toBe(false);
  expect(judge({ agent: 'sales', to: '+15550177', more: 1 })).toBe(false);
});
