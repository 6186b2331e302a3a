/** Where something is sent, and by which secret it is signed, as an agent's file says it. */
import { z } from 'zod';

export const webhookUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
  .refine(
    withoutCredentials,
    'must not hold a user name or password: deliveries are signed, and the receiver checks the signature',
  );

export const secretEnv = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable')
  .describe('The environment variable that holds the signing secret: whsec_ and base64 (standardwebhooks.com).');

/** fetch takes no URL that holds them, and a URL ends in logs. */
function withoutCredentials(text: string): boolean {
  if (!URL.canParse(text)) return true;
  const { username, password } = new URL(text);
  return username === '' && password === '';
}
