/** The environment variables, each judged by itself; an empty one counts as unset. */
import type { z } from 'zod';
import type { Problems } from './problems.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** The environment of this process; nothing else reads it. */
export function processEnv(): Env {
  return { ...process.env };
}

export interface Environment {
  /** The variable as the schema reads it. Undefined when it is unset, or wrong and told as a problem. */
  read<S extends z.ZodType>(name: string, schema: S): z.output<S> | undefined;
  /** The variable as it stands. */
  raw(name: string): string | undefined;
}

export function createEnvironment(env: Env, problems: Problems): Environment {
  const raw = (name: string) => env[name] || undefined;
  return {
    raw,
    read(name, schema) {
      const value = raw(name);
      if (value === undefined) return undefined;
      const result = schema.safeParse(value);
      if (result.success) return result.data;
      // The value is not repeated: it may be a secret.
      for (const issue of result.error.issues) problems.add(name, issue.message);
      return undefined;
    },
  };
}
