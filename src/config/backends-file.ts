/** What an operator may write in config/backends.yaml: further services and credentials for the sessions. */
import { z } from 'zod';
import { baseUrl, location, projectId } from './variables.ts';

/** The back end that the environment describes. */
export const PRIMARY = 'primary';

const variable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable, not what it holds');

const sessions = z
  .int()
  .min(1)
  .max(100_000)
  .optional()
  .describe('How many sessions at once its credential allows, over all processes. Default: they are not counted.');

const developer = z.strictObject({
  api: z.literal('developer'),
  keyEnv: variable.describe('The environment variable that holds the API key.'),
  baseUrl: baseUrl.optional().describe('Another endpoint than Google’s.'),
  sessions,
});

const vertex = z.strictObject({
  api: z.literal('vertex'),
  project: projectId,
  location: location.describe('A region, or a multi-region such as us or eu.'),
  credentialsEnv: variable
    .optional()
    .describe(
      'The environment variable that holds the path of a service account’s key file. Default: the application default credentials.',
    ),
  baseUrl: baseUrl.optional().describe('Another endpoint than Google’s.'),
  sessions,
});

export type BackendEntry = z.output<typeof entry>;
const entry = z.discriminatedUnion('api', [developer, vertex]);

export const backendsFile = z.strictObject({
  backends: z
    .object({
      [PRIMARY]: z.strictObject({ sessions }).optional().describe('The back end that the environment describes.'),
    })
    .catchall(entry)
    .describe('Services and credentials by a name of your own.'),
  order: z
    .array(z.string())
    .min(1)
    .optional()
    .describe('The back ends to prefer, best first. Default: primary, then the others as they stand above.'),
});
