/** Settings by which a service talks to the simulated model, on this machine only, and lets a simulated phone in. */
import type { Env } from '../config/index.ts';

/** Signs the simulated phone's requests: no secret, as both ends of such a call are on this machine. */
export const SIMULATED_AUTH_TOKEN = 'simulated-auth-token';

/** Where `callbridge call` has its REST API, whose account it is, and the key of whoever orders calls. */
const SIMULATED_REST_PORT = 8092;
export const SIMULATED_REST_URL = `http://127.0.0.1:${SIMULATED_REST_PORT}`;
export const SIMULATED_ACCOUNT_SID = `AC${'0'.repeat(32)}`;
export const SIMULATED_API_KEY = 'simulated-api-key';

/** Where the provider's REST API is to listen: at the address that a service is given, when that is this machine's. */
export function simulatedRestPort({ TWILIO_API_BASE_URL: url = '' }: Env): number {
  if (!URL.canParse(url)) return SIMULATED_REST_PORT;
  const { hostname, port } = new URL(url);
  return ['127.0.0.1', 'localhost'].includes(hostname) && port !== '' ? Number(port) : SIMULATED_REST_PORT;
}

/**
 * `env` with what is missing for a service whose calls the simulated phone's provider carries, and steers by its REST API. Somebody
 * who has an account means Twilio itself: its token is for nobody else.
 */
export function simulatedAccountEnv(env: Env): Env {
  if (env['TWILIO_ACCOUNT_SID'] && !env['TWILIO_API_BASE_URL']) return env;
  return {
    ...env,
    TWILIO_ACCOUNT_SID: env['TWILIO_ACCOUNT_SID'] || SIMULATED_ACCOUNT_SID,
    TWILIO_API_BASE_URL: env['TWILIO_API_BASE_URL'] || SIMULATED_REST_URL,
  };
}

/** `env` with what is missing for a service that is to place a call to this number: never by Twilio, for nobody has it. */
export function orderingEnv(env: Env, to: string): Env {
  return {
    ...env,
    TWILIO_API_BASE_URL: env['TWILIO_API_BASE_URL'] || SIMULATED_REST_URL,
    CALLBRIDGE_API_KEY: env['CALLBRIDGE_API_KEY'] || SIMULATED_API_KEY,
    OUTBOUND_ALLOWED: env['OUTBOUND_ALLOWED'] || to,
  };
}

/** `env` with what is missing for a simulated service filled in; the model's address is always the simulator's. */
export function simulatedEnv(env: Env, simulatorUrl: string): Env {
  const { GOOGLE_GENAI_USE_VERTEXAI: _vertex, ...rest } = env;
  const port = env['PORT'] || '8080';
  return {
    ...rest,
    HOST: env['HOST'] || '127.0.0.1',
    PUBLIC_URL: env['PUBLIC_URL'] || `http://localhost:${port}`,
    TWILIO_AUTH_TOKEN: env['TWILIO_AUTH_TOKEN'] || SIMULATED_AUTH_TOKEN,
    GEMINI_API_KEY: 'simulated',
    GOOGLE_GEMINI_BASE_URL: simulatorUrl,
  };
}
