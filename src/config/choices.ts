/** What may be chosen for a single call, in place of what its agent's file says. */
import { knownLanguage } from './agent-checks.ts';
import type { Config } from './config.ts';
import { nearestOf } from './nearest.ts';

/** What these need of a configuration. */
export type ChoicesSource = Pick<Config, 'voices' | 'languages'> & {
  readonly live: Pick<Config['live'], 'backends'>;
};

export function isVoice({ voices }: ChoicesSource, name: string): boolean {
  return voices.includes(name);
}

/** For one that there is none of: what may have been meant. */
export function voicesNear({ voices }: ChoicesSource, name: string): string {
  return nearestOf(name, voices);
}

/** The language as the catalogue writes it; undefined: no back end that is in use knows it. */
export function languageNamed(source: ChoicesSource, tag: string): string | undefined {
  for (const kind of kindsOf(source)) {
    const known = knownLanguage(tag, source.languages[kind], kind !== 'vertex');
    if (known !== undefined) return known;
  }
  return undefined;
}

/** For one that is not known: what may have been meant. */
export function languagesNear(source: ChoicesSource, tag: string): string {
  const tags = new Set([...kindsOf(source)].flatMap((kind) => source.languages[kind]));
  return nearestOf(tag, [...tags]);
}

function kindsOf({ live: { backends } }: ChoicesSource) {
  return new Set(backends.all.map(({ backend }) => backend.kind));
}
