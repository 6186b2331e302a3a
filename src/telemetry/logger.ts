/** Structured logs, one JSON object a line, with a second net under the rule that no secret is ever logged. */
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';

export type { Logger };

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Standard output unless given. */
  readonly destination?: DestinationStream | undefined;
}

/** Keys that hold a secret wherever they stand; the names are those of Google, Twilio, Standard Webhooks and our own configuration. */
const SECRET_KEYS = [
  'apiKey',
  'key',
  'authToken',
  'token',
  'accessToken',
  'secret',
  'password',
  'privateKey',
  'private_key',
  'authorization',
  'Authorization',
  'x-goog-api-key',
  'x-twilio-signature',
  'webhook-signature',
];

/** Objects logged are flat or hold headers, options or a request: three levels reach the secrets of all of them. */
const DEPTH = 3;

export function createLogger({ level, destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service: 'callbridge' },
    timestamp: stdTimeFunctions.isoTime,
    redact: { paths: redactedPaths(), censor: '[secret]' },
    serializers: { err: errorFields },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

function redactedPaths(): string[] {
  return SECRET_KEYS.flatMap((key) =>
    Array.from({ length: DEPTH }, (_, above) => {
      const quoted = `["${key}"]`;
      return above === 0 ? quoted : `${Array(above).fill('*').join('.')}${quoted}`;
    }),
  );
}

/** Our longest messages have some 200 characters. Foreign ones may quote what they could not read, whatever its length. */
const MAX_MESSAGE_CHARACTERS = 1_000;
const MAX_STACK_CHARACTERS = 4_000;

/** A chain of causes longer than this says nothing new. */
const MAX_CAUSES = 5;

/**
 * An error as fields, by name: HTTP clients hang the whole request, with its credentials, on what they throw,
 * and pino's own serializer would copy it all.
 */
function errorFields(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  const code = 'code' in error ? error.code : undefined;
  const message = error.message.slice(0, MAX_MESSAGE_CHARACTERS);
  const fields = { type: error.name, message, code, stack: error.stack?.slice(0, MAX_STACK_CHARACTERS) };
  if (error.cause === undefined || depth === MAX_CAUSES) return fields;
  return { ...fields, cause: errorFields(error.cause, depth + 1) };
}
