/** What an agent's file says of the caller's voice while the agent speaks. */
import type { Protectable } from './protection.ts';

export interface GuardSettings {
  /** What the caller's voice does not stop. */
  readonly protect: readonly Protectable[];
  /** Whether the agent's echo is kept from the model whatever the agent says; else only that of what is protected. */
  readonly echoGuard: boolean;
  /** A voice shorter than this means "go on"; undefined: the model hears it. */
  readonly backchannelMs?: number | undefined;
}
