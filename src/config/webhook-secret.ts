/** The secret by which requests to an operator's receiver are signed. */
import type { Environment } from './environment.ts';

/** Standard Webhooks: 24 to 64 bytes in base64, after "whsec_". Of what is wrong, the message says what to do. */
export function readWebhookSecret(
  secretEnv: string,
  environment: Environment,
  problem: (message: string) => void,
): string | undefined {
  const secret = environment.raw(secretEnv);
  const [, base64 = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret ?? '') ?? [];
  const sizeBytes = Buffer.from(base64, 'base64').length;
  if (sizeBytes >= 24 && sizeBytes <= 64) return secret;
  const found = secret === undefined ? `${secretEnv} is not set` : `${secretEnv} is not a secret of that form`;
  problem(
    `${found}: it must hold "whsec_" and 24 to 64 random bytes in base64, such as: echo "whsec_$(openssl rand -base64 32)"`,
  );
  return undefined;
}
