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

  get list(): readonly Problem[] {
    return this.#list;
  }
}

/** The report as people read it: a headline, then one line for each problem. */
export function report(problems: readonly Problem[]): string {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return [`Invalid configuration: ${count}`, ...problems.map(({ place, message }) => `✖ ${place}: ${message}`)].join(
    '\n',
  );
}
