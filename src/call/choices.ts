/** What may be chosen for a single call, by its form; whether there is one of the name is for whoever knows the names. */
import { z } from 'zod';

export const voiceName = z.string().regex(/^[\w-]{1,64}$/, 'is no name of a voice');
export const languageTag = z.string().regex(/^[A-Za-z0-9-]{2,35}$/, 'is no BCP 47 tag');
