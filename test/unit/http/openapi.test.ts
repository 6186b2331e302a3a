/** The document is one, and says what the routes do; that their answers fit it is seen by all tests that ask them. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { type Document, judgesOf } from '../../support/documented-answers.ts';
import { startService } from './service.ts';

async function served(): Promise<{ response: Response; document: Document }> {
  const service = await startService();
  const response = await service.get('/openapi.json');
  return { response, document: (await response.json()) as Document };
}

test('is served to anybody, as OpenAPI 3.1 whose references lead somewhere', async () => {
  const { response, document } = await served();
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  expect(document.openapi).toMatch(/^3\.1\./);
  expect(Object.keys(document.paths)).toEqual(['/calls', '/calls/{id}']);
  expect(await new Validator().validate({ ...document })).toEqual({ valid: true });
});

test('judges a body as the route does', async () => {
  const { document } = await served();
  const fits = judgesOf(document)('#/paths/~1calls/post/requestBody/content/application~1json/schema');
  const variables = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, nth) => [`v${nth}`, '']));
  expect(fits({ agent: 'sales', to: '+15550177', variables: { name: 'Ada' } })).toBe(true);
  expect(fits({ to: '+15550177', greeting: 'Hello.', voice: 'Puck', language: 'de-DE' })).toBe(true);
  expect(fits({ to: '+15550177', variables: variables(20) })).toBe(true);
  expect(fits({ to: '+15550177', variables: variables(21) })).toBe(false);
  expect(fits({ to: '+15550177', voice: 'no such voice' })).toBe(false);
  expect(fits({ agent: 'sales', to: '15550177' })).toBe(false);
  expect(fits({ agent: 'sales', to: '+15550177', more: 1 })).toBe(false);
});
