/** All that is wrong with a configuration, gathered so that it is told at once and not one start at a time. */

export interface Problem {
  /** The environment variable, or the file with its line and key. */
  readonly place: string;
  /** What is wrong there and what to do about it. */
  readonly message: string;
}

export class Problems {
  readonly #list: Problem[] = [];

  add(place: string, message: string): void {
    this.#list.push({ place, message });
  }

  /** Nothing when there is nothing to say. */
  addIf(place: string, message: string | undefined): void {
    if (message !== undefined) this.add(place, message);
  }

  /** Those of one file together, in the order of its lines; else as they were found. */
  get list(): readonly Problem[] {
    const files = this.#list.map(({ place }) => fileOf(place).file);
    return this.#list
      .map((problem) => ({ problem, ...fileOf(problem.place) }))
      .sort((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line)
      .map(({ problem }) => problem);
  }
}

/** What has no line, such as a key that is missing, comes first. */
function fileOf(place: string): { readonly file: string; readonly line: number } {
  const [, file = place, line = 0] = /^(.+?\.ya?ml)(?::(\d+))?(?: |$)/.exec(place) ?? [];
  return { file, line: Number(line) };
}

/** The report as people read it: a headline, then one line for each problem. */
export function report(problems: readonly Problem[]): string {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return [`Invalid configuration: ${count}`, ...problems.map(({ place, message }) => `✖ ${place}: ${message}`)].join(
    '\n',
  );
}
