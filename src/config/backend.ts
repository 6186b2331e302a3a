/** Which service carries the sessions, and the credentials for it. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { Environment } from './environment.ts';
import { clearTextWarning } from './plain-http.ts';
import type { Problems } from './problems.ts';
import { baseUrl, credential, flag, location, projectId } from './variables.ts';

/** Fits LiveBackend of live/, which a test has the compiler check. */
export type Backend = DeveloperBackend | VertexBackend;

interface DeveloperBackend {
  readonly kind: 'developer';
  readonly apiKey: string;
  readonly baseUrl?: string | undefined;
}

interface VertexBackend {
  readonly kind: 'vertex';
  readonly project: string;
  readonly location: string;
  readonly credentialsFile?: string | undefined;
  readonly baseUrl?: string | undefined;
}

export interface BackendSource {
  readonly environment: Environment;
  readonly cwd: string;
  readonly problems: Problems;
  readonly warnings: Problems;
}

export function readBackend(source: BackendSource): Backend | undefined {
  return source.environment.read('GOOGLE_GENAI_USE_VERTEXAI', flag) ? readVertex(source) : readDeveloper(source);
}

function readDeveloper({ environment, problems, warnings }: BackendSource): DeveloperBackend | undefined {
  const [name, other] = environment.raw('GEMINI_API_KEY')
    ? (['GEMINI_API_KEY', 'GOOGLE_API_KEY'] as const)
    : (['GOOGLE_API_KEY', 'GEMINI_API_KEY'] as const);
  const apiKey = environment.read(name, credential);
  const url = environment.read('GOOGLE_GEMINI_BASE_URL', baseUrl);
  warnings.addIf('GOOGLE_GEMINI_BASE_URL', clearTextWarning(url, 'the API key'));
  if (environment.raw(other) !== undefined && environment.raw(other) !== environment.raw(name)) {
    warnings.add(other, `is not used, because ${name} is set to another key`);
  }
  if (environment.raw(name) === undefined) {
    problems.add(
      'GEMINI_API_KEY',
      'is missing: set it to a key from aistudio.google.com, or use a service account on Vertex AI by ' +
        'GOOGLE_GENAI_USE_VERTEXAI=true, GOOGLE_CLOUD_PROJECT, GOOGLE_CLOUD_LOCATION and GOOGLE_APPLICATION_CREDENTIALS',
    );
  }
  return apiKey === undefined ? undefined : { kind: 'developer', apiKey, baseUrl: url };
}

function readVertex(source: BackendSource): VertexBackend | undefined {
  const { environment, cwd, problems, warnings } = source;
  const name = 'GOOGLE_APPLICATION_CREDENTIALS';
  const path = environment.raw(name);
  const account =
    path === undefined ? undefined : readServiceAccount(path, cwd, (message) => problems.add(name, message));
  const named = environment.raw('GOOGLE_CLOUD_PROJECT');
  const project = named === undefined ? account?.project : environment.read('GOOGLE_CLOUD_PROJECT', projectId);
  const place = environment.read('GOOGLE_CLOUD_LOCATION', location);
  const url = environment.read('GOOGLE_VERTEX_BASE_URL', baseUrl);
  warnings.addIf('GOOGLE_VERTEX_BASE_URL', clearTextWarning(url, 'access tokens'));
  if (named === undefined && project === undefined) {
    problems.add('GOOGLE_CLOUD_PROJECT', 'is missing: Vertex AI needs the id of a Google Cloud project');
  }
  if (environment.raw('GOOGLE_CLOUD_LOCATION') === undefined) {
    problems.add('GOOGLE_CLOUD_LOCATION', 'is missing: Vertex AI needs a location, such as us-central1, us or eu');
  }
  if (project === undefined || place === undefined) return undefined;
  return { kind: 'vertex', project, location: place, credentialsFile: account?.path, baseUrl: url };
}

const serviceAccount = z.looseObject({
  type: z.literal('service_account'),
  client_email: z.string().min(1),
  private_key: z.string().includes('PRIVATE KEY'),
  project_id: z.string().optional(),
});

/** A service account's key file; undefined, and told why, when it is none. */
export function readServiceAccount(
  given: string,
  cwd: string,
  tell: (message: string) => void,
): { readonly path: string; readonly project: string | undefined } | undefined {
  const path = resolve(cwd, given);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    tell(`${given} cannot be read: it must be the path of a service account's key file`);
    return undefined;
  }
  const key = serviceAccount.safeParse(parsed(text));
  if (!key.success) {
    tell(`${given} is not the key of a service account: create one as JSON in the Google Cloud console`);
    return undefined;
  }
  return { path, project: key.data.project_id };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
