/** Sound is a chain of small stages: one instance per stream and direction, never shared. */
import type { Pcm } from './pcm.ts';

/**
 * A streaming step from one rate to another. The law: what comes out over a stream does not depend on how the
 * input was cut into chunks. Members are properties, not methods, so that their parameters are checked contravariantly.
 */
export interface Stage<In extends number, Out extends number> {
  readonly name: string;
  /** The output is only valid until the next call: copy it to keep it. */
  readonly push: (input: Pcm<In>) => Pcm<Out>;
  /** The rest that the filter still holds; the stage is then as new. */
  readonly flush: () => Pcm<Out>;
  /** Forgets what the filter holds. */
  readonly reset: () => void;
}

/** Two stages as one; its name says both, in the order that sound passes them. */
export function chain<In extends number, Between extends number, Out extends number>(
  first: Stage<In, Between>,
  second: Stage<Between, Out>,
): Stage<In, Out> {
  return {
    name: `${first.name} → ${second.name}`,
    push: (input) => second.push(first.push(input)),
    flush: () => {
      const begun = second.push(first.flush()).slice();
      const rest = second.flush();
      const tail = new Int16Array(begun.length + rest.length);
      tail.set(begun);
      tail.set(rest, begun.length);
      return tail as Pcm<Out>;
    },
    reset: () => {
      first.reset();
      second.reset();
    },
  };
}
