/** How long an agent may say nothing when it is its turn, and what is tried then, one rung after another. */

/** A word to the model; the same session on a new socket; a new session that is told what was said; the apology. */
export const RUNGS = ['nudge', 'resume', 'afresh', 'goodbye'] as const;
export type Rung = (typeof RUNGS)[number];

/**
 * What was missing: any sound at all (after a turn that came back empty, after an interruption, with no frame of any kind
 * meanwhile), speech in the sound that came, or the rest of a sentence.
 */
export type MuteWhy = 'noAnswer' | 'noFrame' | 'emptyTurn' | 'nearSilent' | 'steadyTone' | 'interrupted' | 'stalled';

export interface Patience {
  /** From the end of the caller's turn, as the model detects it, to the first sound of an answer. */
  readonly answerMs: number;
  /** How long a sentence may stand still. */
  readonly stallMs: number;
  /** What each rung has to make the agent be heard, before the next is taken. */
  readonly nudgeMs: number;
  readonly resumeMs: number;
  readonly afreshMs: number;
  /** After how much silence a caller who waits is asked for a moment while the session is away; undefined: never. */
  readonly oneMoment?: { readonly afterMs: number } | undefined;
}

/** How long is waited before rung number `taken` of the ladder; the first wait depends on what is missing. */
export function waitBefore(taken: number, firstMs: number, { nudgeMs, resumeMs, afreshMs }: Patience): number {
  return [firstMs, nudgeMs, resumeMs][taken] ?? afreshMs;
}

/** What the model is told by the first rung, and again when a later one has brought a session. */
export const NUDGE =
  '[The caller is waiting and hears nothing from you. Go on where you stopped, or answer what the caller said last; if you ' +
  'did not understand it, say so. Do not greet again, and do not speak of this note.]';

/** What the agent owes. */
export interface Missing {
  why: MuteWhy;
  /** Since when nothing excuses it. */
  sinceMs: number;
  limitMs: number;
}

/** What is known of the turn that the agent is in. */
export interface Turn {
  /** There was sound, and it was not dead. */
  spoke: boolean;
  sounded: boolean;
  dead: 'nearSilent' | 'steadyTone' | undefined;
  calledTools: boolean;
}
