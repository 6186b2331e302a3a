/** Phone numbers and SIP addresses as an operator writes them. */
import { z } from 'zod';

/** E.164: a plus and at most 15 digits, the first of which is no zero. */
const NUMBER = String.raw`\+[1-9]\d{1,14}`;
const SIP = String.raw`sips?:[^@\s;?]+@[^@\s;?]+`;
export const E164 = new RegExp(`^${NUMBER}$`);
const ADDRESS = new RegExp(`^(${NUMBER}|${SIP})$`);
const DESTINATION = new RegExp(String.raw`^(${NUMBER}|${SIP}([;?][^@\s]*)?)$`);

/** YAML reads an unquoted +1555… as a number, and its plus is lost. */
const inQuotes = ({ input }: { readonly input?: unknown }): string | undefined =>
  typeof input === 'number' ? 'a phone number must stand in quotes, such as "+15551230100"' : undefined;

const RIGHT = 'must be a phone number such as "+15551230100" or a SIP address such as "sip:desk@example.com"';

/** Where calls come in. */
export const address = z.string({ error: inQuotes }).regex(ADDRESS, RIGHT);
/** One alone is a list, too. */
export const addresses = z.array(address, {
  error: ({ input }) => {
    const one = typeof input === 'number' ? `+${input}` : input;
    return typeof one === 'string' ? `must be a list: ["${one}"]` : undefined;
  },
});
/** Where calls are sent: a SIP address may say how, as in `sip:desk@example.com;transport=tls`. */
export const destination = z.string({ error: inQuotes }).regex(DESTINATION, RIGHT);
/** Who is said to call, where a caller is sent on. */
export const callerId = z
  .string({ error: inQuotes })
  .regex(E164, 'must be a phone number such as "+15551230100"')
  .optional()
  .describe("The number that is shown: one of yours, verified with Twilio. Without it, the caller's.");
