/** Words that the keys of all tools share. */
import { z } from 'zod';

export const text = z.string().trim().min(1);

/** The Live API's rule for names. */
export const toolName = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_.:-]{0,127}$/,
    'must begin with a letter or _, then letters, digits, _ . : -, at most 128',
  );
