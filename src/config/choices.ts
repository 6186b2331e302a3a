/** What may be chosen for a single call, in place of what its agent's file says. */
import { knownLanguage } from './agent-checks.ts';
import type { Config } from './config.ts';

/** What these need of a configuration. */
export type ChoicesSource = Pick<Config, 'voices' | 'languages'> & {
  readonly live: Pick<Config['live'], 'backends'>;
};

export function isVoice({ voices }: ChoicesSource, name: string): boolean {
  return voices.includes(name);
}

/** The language as the catalogue writes it; undefined: no back end that is in use knows it. */
export function languageNamed({ languages, live: { backends } }: ChoicesSource, tag: string): string | undefined {
  const kinds = new Set(backends.all.map(({ backend }) => backend.kind));
  for (const kind of kinds) {
    const known = knownLanguage(tag, languages[kind], kind !== 'vertex');
    if (known !== undefined) return known;
  }
  return undefined;
}
