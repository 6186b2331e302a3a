/** What an agent's file says of the caller's voice while the agent speaks. */
import type { Protectable } from './protection.ts';

export interface GuardSettings {
  /** What the caller's voice does not stop. */
  readonly protect: readonly Protectable[];
}
