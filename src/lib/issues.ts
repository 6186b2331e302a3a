/** What is wrong with something from outside, in a few words that may be logged: where it stands, never what it says. */

/** As zod tells it; structural, so that `lib` depends on nothing. */
interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Who reads it needs the first fault; a hostile message may have thousands. */
const MAX_ISSUES = 3;
/** Our longest path has some 50 characters. What is longer is made of somebody else's names. */
const MAX_PATH_CHARACTERS = 60;
const MAX_MESSAGE_CHARACTERS = 60;

export function describeIssues(issues: readonly Issue[]): string {
  const told = issues.slice(0, MAX_ISSUES).map(({ path, message }) => {
    const place = path
      .map(String)
      .join('.')
      .replace(/[^\w.-]/g, '?');
    return `${place.slice(0, MAX_PATH_CHARACTERS)}: ${message.slice(0, MAX_MESSAGE_CHARACTERS)}`;
  });
  const more = issues.length - told.length;
  return [...told, ...(more > 0 ? [`${more} more`] : [])].join('; ');
}
