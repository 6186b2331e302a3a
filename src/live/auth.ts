/** How we prove to the Live service who we are: request headers, asked for anew before each socket is dialled. */
import { GoogleAuth, type GoogleAuthOptions } from 'google-auth-library';
import { asFailure, type Clock, Failure, withDeadline } from '../lib/index.ts';
import type { LiveBackend } from './settings.ts';

/** Rejects with a Failure. */
export type LiveHeaders = () => Promise<Readonly<Record<string, string>>>;

/** Asks for the headers of a request to Google; the library keeps its token and renews it before it expires. */
export type AskGoogle = () => Promise<Headers>;

/** A token comes from a nearby metadata server, or from Google in well under a second. */
const TOKEN_DEADLINE_MS = 5_000;
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/** Make one for all sessions of a backend, so that they share the token. */
export function liveHeaders(backend: LiveBackend, clock: Clock, askGoogle?: AskGoogle): LiveHeaders {
  if (backend.kind === 'developer') {
    const headers = { 'x-goog-api-key': backend.apiKey };
    return async () => headers;
  }
  const ask = askGoogle ?? googleCredentials(backend.credentialsFile);
  return async () => {
    const answered = withDeadline(
      clock,
      TOKEN_DEADLINE_MS,
      ask(),
      () => new Failure('LIVE_CONNECT_TIMEOUT', `Google gave no access token within ${TOKEN_DEADLINE_MS} ms`),
    );
    return Object.fromEntries(await answered.catch((error: unknown) => Promise.reject(asAuthFailure(error))));
  };
}

/** A key file of any kind that Google knows; without one, the application default credentials. */
export function googleCredentials(
  credentialsFile: string | undefined,
  clientOptions: GoogleAuthOptions['clientOptions'] = {},
): AskGoogle {
  const auth = new GoogleAuth({
    scopes: SCOPE,
    clientOptions,
    ...(credentialsFile !== undefined && { keyFilename: credentialsFile }),
  });
  return () => auth.getRequestHeaders();
}

/** What google-auth-library rejects with when a request failed; other errors are about the credentials themselves. */
interface RequestError {
  readonly config: unknown;
  readonly response?: { readonly status: number } | undefined;
}

/** The library's error holds the whole request, credentials included: only its message goes on. */
function asAuthFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const { message } = asFailure(error, 'LIVE_AUTH');
  const text = `No access token for Vertex AI: ${message}`;
  if (!isRequestError(error)) return new Failure('LIVE_AUTH', text);
  const status = error.response?.status;
  if (status === undefined || status >= 500) return new Failure('LIVE_HANDSHAKE', text);
  return new Failure(status === 403 ? 'LIVE_ACCESS_DENIED' : 'LIVE_AUTH', text);
}

function isRequestError(error: unknown): error is RequestError {
  return error instanceof Error && 'config' in error;
}
