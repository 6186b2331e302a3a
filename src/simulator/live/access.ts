/** Who may connect, and to which API: the paths and credentials of the Developer API and of Vertex AI. */
import type { Backend } from './models.ts';
import { BAD_KEY, NO_KEY, type Refusal } from './refusals.ts';

/** The request that asks for the WebSocket; header names in lower case. */
export interface UpgradeRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface Credentials {
  /** Keys that are taken. Default: any key. */
  readonly apiKeys?: readonly string[] | undefined;
  /** Access tokens that Vertex AI takes. Default: any token. */
  readonly accessTokens?: readonly string[] | undefined;
}

export interface Entry {
  readonly backend: Backend;
  readonly apiVersion: string;
  /** A wrong key is told by a close frame, after the upgrade. */
  readonly refusal: Refusal | undefined;
}

const DEVELOPER_PATH =
  /^\/ws\/google\.ai\.generativelanguage\.(v1|v1alpha|v1beta)\.GenerativeService\.BidiGenerateContent(?:Constrained)?$/u;
const VERTEX_PATH = /^\/ws\/google\.cloud\.aiplatform\.(v1|v1beta1)\.LlmBidiService\/BidiGenerateContent$/u;

/** How the request gets in, or the HTTP status that refuses it. */
export function admit(request: UpgradeRequest, credentials: Credentials): Entry | number {
  const { path, query } = locate(request.url);
  const developer = DEVELOPER_PATH.exec(path);
  if (developer !== null) {
    return { backend: 'developer', apiVersion: developer[1]!, refusal: judgeKey(request, query, credentials) };
  }
  const vertex = VERTEX_PATH.exec(path);
  if (vertex === null) return 404;
  const allowed = bearerAllowed(request, credentials) || expressKeyAllowed(request, credentials);
  return allowed ? { backend: 'vertex', apiVersion: vertex[1]!, refusal: undefined } : 401;
}

/** For requests without WebSocket: whether the key or the token is a good one. */
export function isAuthorised(request: UpgradeRequest, credentials: Credentials): boolean {
  const { query } = locate(request.url);
  return judgeKey(request, query, credentials) === undefined || bearerAllowed(request, credentials);
}

/** The SDK writes `//ws/…`: slashes that follow one another count as one. */
export function locate(url: string): { readonly path: string; readonly query: URLSearchParams } {
  const [path = '', query = ''] = url.split('?', 2);
  return { path: path.replace(/\/{2,}/gu, '/'), query: new URLSearchParams(query) };
}

export function keyOf(request: UpgradeRequest): string | undefined {
  return locate(request.url).query.get('key') ?? header(request, 'x-goog-api-key');
}

/** A key in the query or the header, or an ephemeral token in the query or as `Authorization: Token`. */
function judgeKey(request: UpgradeRequest, query: URLSearchParams, credentials: Credentials): Refusal | undefined {
  const token = query.get('access_token') ?? authorization(request, 'Token');
  if (token !== undefined) return token.startsWith('auth_tokens/') ? undefined : BAD_KEY;
  const key = keyOf(request);
  if (key === undefined || key === '') return NO_KEY;
  return credentials.apiKeys === undefined || credentials.apiKeys.includes(key) ? undefined : BAD_KEY;
}

function bearerAllowed(request: UpgradeRequest, { accessTokens }: Credentials): boolean {
  const token = authorization(request, 'Bearer');
  return token !== undefined && token !== '' && (accessTokens === undefined || accessTokens.includes(token));
}

/** Vertex AI's express mode. */
function expressKeyAllowed(request: UpgradeRequest, { apiKeys }: Credentials): boolean {
  const key = header(request, 'x-goog-api-key');
  return key !== undefined && key !== '' && (apiKeys === undefined || apiKeys.includes(key));
}

function authorization(request: UpgradeRequest, scheme: 'Bearer' | 'Token'): string | undefined {
  const [given, value] = (header(request, 'authorization') ?? '').split(' ', 2);
  return given === scheme ? value : undefined;
}

function header(request: UpgradeRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
