/** Phone numbers and SIP addresses as an operator writes them. */
import { z } from 'zod';

/** E.164: a plus and at most 15 digits, the first of which is no zero. */
export const E164 = /^\+[1-9]\d{1,14}$/;
const ADDRESS = /^(\+[1-9]\d{1,14}|sips?:[^@\s;?]+@[^@\s;?]+)$/;

export const address = z
  // YAML reads an unquoted +1555… as a number, and its plus is lost.
  .string({ error: 'a phone number must stand in quotes, such as "+15551230100"' })
  .regex(ADDRESS, 'must be a phone number such as "+15551230100" or a SIP address such as "sip:desk@example.com"');
