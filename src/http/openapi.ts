/** The routes for calls as an OpenAPI 3.1 document, made of the schemas by which requests are judged, and of the failures they answer with. */
import { z } from 'zod';
import { FAILURES, type FailureCode } from '../lib/index.ts';
import { apiError, callList, callView, placeCall } from './api-schemas.ts';
import { CALLS_DOOR_FAILURES as OF_DOOR } from './calls-door.ts';
import { statusOf } from './failures.ts';

type Json = Readonly<Record<string, unknown>>;

/** Who asks is looked at before anything else, and what nobody thought of is a defect. */
const OF_ANY = ['API_OFF', 'API_UNAUTHORIZED', 'INTERNAL'] as const;
const REFUSALS = {
  place: [...OF_ANY, ...OF_DOOR.place, 'API_RATE_LIMITED', 'API_KEY_REUSED', 'API_IN_PROGRESS'],
  list: [...OF_ANY, ...OF_DOOR.list],
  look: [...OF_ANY, ...OF_DOOR.look, 'CALL_UNKNOWN'],
  hangUp: [...OF_ANY, ...OF_DOOR.hangUp, 'CALL_UNKNOWN'],
} as const satisfies Record<keyof typeof OF_DOOR, readonly FailureCode[]>;

const WHY: Readonly<Record<(typeof REFUSALS)[keyof typeof REFUSALS][number], string>> = {
  API_OFF: 'CALLBRIDGE_API_KEY is not set.',
  API_UNAUTHORIZED: 'The key is missing, or another one.',
  API_BAD_REQUEST: 'The body, or the Idempotency-Key, is not as it must be.',
  API_RATE_LIMITED: 'Too many; Retry-After says when.',
  API_KEY_REUSED: 'The Idempotency-Key came with another request.',
  API_IN_PROGRESS: 'The first request with this Idempotency-Key has no answer yet.',
  CALL_UNKNOWN: 'Nobody knows the call.',
  OUTBOUND_OFF: 'There is no account, or nowhere to call.',
  OUTBOUND_REFUSED: 'This number may not be called.',
  SERVICE_DRAINING: 'The service stops.',
  SERVICE_FULL: 'There is no room for a call.',
  SERVICE_OVERLOADED: 'The service is late with the calls that it has.',
  PROVIDER_REFUSED: 'The provider does not place this call.',
  PROVIDER_BUSY: 'The provider did not take the call on, and may later.',
  PROVIDER_ACCOUNT: 'The provider does not let the account of the service place calls.',
  PROVIDER_REST: 'The provider did not say that it has done it; it may have.',
  INTERNAL: 'A defect of the service.',
};

export function openApi(): Json {
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
          requestBody: { required: true, content: jsonOf('PlaceCall') },
          responses: {
            201: {
              description: 'The provider has taken the call on.',
              headers: { Location: { schema: { type: 'string' } } },
              content: jsonOf('Call'),
            },
            ...refusals('place'),
          },
        },
        get: {
          operationId: 'listCalls',
          summary: 'Lists the calls that go on',
          responses: {
            200: {
              description: 'Outbound calls that are not over, and calls that were answered and are not over.',
              content: jsonOf('Calls'),
            },
            ...refusals('list'),
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
          responses: { 200: { description: 'The call.', content: jsonOf('Call') }, ...refusals('look') },
        },
        delete: {
          operationId: 'hangUp',
          summary: 'Ends a call',
          responses: { 204: { description: 'It is over, or was.' }, ...refusals('hangUp') },
        },
      },
    },
    components: {
      schemas: {
        ...schemasOf({ PlaceCall: placeCall }, 'input'),
        ...schemasOf({ Call: callView, Calls: callList, Error: apiError }, 'output'),
      },
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'CALLBRIDGE_API_KEY' } },
    },
  };
}

/** By status, with the codes that it comes with. */
function refusals(route: keyof typeof REFUSALS): Json {
  const byStatus = new Map<number, string[]>();
  for (const code of REFUSALS[route]) {
    const status = statusOf({ code, fault: FAILURES[code].fault });
    byStatus.set(status, [...(byStatus.get(status) ?? []), `\`${code}\`: ${WHY[code]}`]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, whys]) => [status, { description: whys.join(' '), content: jsonOf('Error') }]),
  );
}

const refTo = (name: string): string => `#/components/schemas/${name}`;

const jsonOf = (name: string): Json => ({ 'application/json': { schema: { $ref: refTo(name) } } });

/** OpenAPI 3.1 takes JSON Schema 2020-12 as it is; a schema is named by where it stands. */
function schemasOf(schemas: Readonly<Record<string, z.ZodType>>, io: 'input' | 'output'): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, { io, target: 'draft-2020-12', uri: refTo }).schemas;
  return Object.fromEntries(Object.entries(made).map(([name, { $schema: _, $id: __, ...schema }]) => [name, schema]));
}
