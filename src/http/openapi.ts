/** The routes for calls as an OpenAPI 3.1 document, made of the schemas by which requests are judged. */
import { z } from 'zod';
import { apiError, callList, callView, placeCall } from './api-schemas.ts';

const JSON_TYPE = 'application/json';

export function openApi(): Readonly<Record<string, unknown>> {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Callbridge',
      version: '1',
      description: 'Calls that an agent places. Twilio’s webhooks are no part of this.',
    },
    servers: [{ url: '/' }],
    security: [{ key: [] }],
    paths: {
      '/calls': {
        post: {
          operationId: 'placeCall',
          summary: 'Places a call',
          parameters: [
            {
              name: 'Idempotency-Key',
              in: 'header',
              description: 'A request that is sent again with the same key gets the first answer, for a day.',
              schema: { type: 'string', minLength: 1, maxLength: 255 },
            },
          ],
          requestBody: { required: true, content: { [JSON_TYPE]: { schema: schemaOf(placeCall, 'input') } } },
          responses: {
            201: {
              description: 'The provider has taken the call on.',
              headers: { Location: { schema: { type: 'string' } } },
              content: { [JSON_TYPE]: { schema: schemaOf(callView, 'output') } },
            },
            ...errors({
              400: 'The body, or the Idempotency-Key, is not as it must be.',
              401: 'The key is missing, or another one.',
              403: 'No calls are placed, or not to this number.',
              404: 'CALLBRIDGE_API_KEY is not set.',
              409: 'The Idempotency-Key came with another request, or the first one is under way.',
              422: 'The provider does not place this call.',
              429: 'Too many; Retry-After says when.',
              502: 'Nobody knows whether the call was placed.',
              503: 'Not now.',
            }),
          },
        },
        get: {
          operationId: 'listCalls',
          summary: 'Lists the calls that go on',
          responses: {
            200: {
              description: 'Outbound calls that are not over, and calls that were answered and are not over.',
              content: { [JSON_TYPE]: { schema: schemaOf(callList, 'output') } },
            },
            ...errors({ 401: 'The key is missing, or another one.', 404: 'CALLBRIDGE_API_KEY is not set.' }),
          },
        },
      },
      '/calls/{id}': {
        parameters: [
          { name: 'id', in: 'path', required: true, schema: { type: 'string', pattern: '^CA[0-9a-fA-F]{32}$' } },
        ],
        get: {
          operationId: 'getCall',
          summary: 'Tells how a call goes, or went',
          responses: {
            200: { description: 'The call.', content: { [JSON_TYPE]: { schema: schemaOf(callView, 'output') } } },
            ...errors({ 401: 'The key is missing, or another one.', 404: 'Nobody knows the call.' }),
          },
        },
        delete: {
          operationId: 'hangUp',
          summary: 'Ends a call',
          responses: {
            204: { description: 'It is over, or was.' },
            ...errors({
              401: 'The key is missing, or another one.',
              404: 'Nobody knows the call.',
              502: 'The provider did not end it.',
            }),
          },
        },
      },
    },
    components: { securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'CALLBRIDGE_API_KEY' } } },
  };
}

function errors(byStatus: Readonly<Record<number, string>>): Record<string, unknown> {
  const content = { [JSON_TYPE]: { schema: schemaOf(apiError, 'output') } };
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, description]) => [status, { description, content }]),
  );
}

/** OpenAPI 3.1 takes JSON Schema 2020-12 as it is. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12', reused: 'inline' });
  return rest;
}
