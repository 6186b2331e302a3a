/** How each environment variable is written, and what it means. */
import { z } from 'zod';
import { E164 } from './addresses.ts';

/** pino's levels; upper case is common in other people's compose files. */
export const logLevel = z
  .string()
  .toLowerCase()
  .pipe(
    z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      error: 'must be one of fatal, error, warn, info, debug, trace, silent',
    }),
  );

/** 0 lets the system choose. */
export const port = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a port number from 0 to 65535')
  .transform(Number)
  .refine((value) => value <= 65_535, 'must be a port number from 0 to 65535');

/** Far more than one event loop can carry is a slip of the pen. */
export const maxCalls = z
  .string()
  .regex(/^[1-9]\d{0,3}$/, 'must be a number of calls from 1 to 9999')
  .transform(Number);

export const flag = z
  .string()
  .toLowerCase()
  .pipe(z.enum(['1', 'true', '0', 'false'], { error: 'must be 1 or 0' }))
  .transform((value) => value === '1' || value === 'true');

/** A key or a token goes into a header as it is. */
export const credential = z
  .string()
  .regex(/^[\x21-\x7e]+$/, 'must not hold blanks, line ends or other than ASCII characters: copy it again');

/** Shorter keys can be guessed by trying. */
export const apiKey = credential.min(16, 'must have at least 16 characters, such as those of: openssl rand -hex 32');

export const phoneNumber = z.string().regex(E164, 'must be a phone number such as +15551230100');

/** Where calls may be placed: the beginnings of numbers. */
export const destinations = z
  .string()
  .transform((list) => list.split(',').map((prefix) => prefix.trim()))
  .pipe(z.array(z.string().regex(/^\+[1-9]\d{0,14}$/, 'must be beginnings of phone numbers, such as +1212,+49')));

export const accountSid = z.string().regex(/^AC[0-9a-fA-F]{32}$/, 'must be AC and 32 hexadecimal digits');

const LOCAL_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);
const PUBLIC_URL_FORM =
  'must be an https URL without query, such as https://voice.example.com (http is taken for localhost and 127.0.0.1 only)';

/** Twilio signs exactly the URL that it was given, so nothing may be added or left open. */
export const publicUrl = z
  .string()
  .refine((value) => {
    if (!URL.canParse(value)) return false;
    const url = new URL(value);
    if (url.search || url.hash || url.username || url.password) return false;
    return url.protocol === 'https:' || (url.protocol === 'http:' && LOCAL_HOSTS.has(url.hostname));
  }, PUBLIC_URL_FORM)
  .transform(withoutTrailingSlash);

export const baseUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
  .transform(withoutTrailingSlash);

export const redisUrl = z.url({
  protocol: /^rediss?$/,
  error: 'must be a redis or rediss URL, such as redis://localhost:6379',
});

export const projectId = z
  .string()
  .regex(/^[a-z0-9.:-]+$/, 'must be the id of a Google Cloud project, such as my-project-1');

export const location = z.string().regex(/^[a-z0-9-]+$/, 'must be a Vertex AI location, such as us-central1, us or eu');

function withoutTrailingSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
