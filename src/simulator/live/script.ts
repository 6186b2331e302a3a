/** Where a session stands in its scenario: each trigger takes the first turn of its kind that is left. */
import type { FallbackTurn, Scenario, ScenarioTurn, Trigger } from './scenario.ts';

export interface Script {
  take(trigger: Trigger): ScenarioTurn | FallbackTurn;
  /** For a text: the session's first is the greeting's order, if the scenario greets; pressed digits come as text too. */
  takeForText(text: string): ScenarioTurn | FallbackTurn;
  /** A turn of which nothing was sent, for the next of its kind. */
  putBack(turn: ScenarioTurn | FallbackTurn): void;
  /** What was cut off, and is made up for when the scenario has nothing else to say. */
  leaveUnfinished(turn: FallbackTurn): void;
}

/** Such as "[caller pressed 1]": a text that speaks of pressing and names a key. */
const DIGITS = /\b(?:press(?:es|ed)?|dtmf|digits?|keys?)\b.*[0-9*#]/iu;

export function createScript(scenario: Scenario): Script {
  const left = [...scenario.turns];
  let unfinished: FallbackTurn | undefined;
  let texts = 0;

  const takeFirst = (...triggers: readonly Trigger[]): ScenarioTurn | FallbackTurn => {
    for (const trigger of triggers) {
      const index = left.findIndex((turn) => turn.on === trigger);
      if (index >= 0) return left.splice(index, 1)[0]!;
    }
    const turn = unfinished ?? scenario.fallbackTurn;
    unfinished = undefined;
    return turn;
  };

  return {
    take: (trigger) => takeFirst(trigger),
    takeForText: (text) => {
      texts += 1;
      if (texts > 1 && DIGITS.test(text)) return takeFirst('digits', 'text');
      return takeFirst('greeting', 'text');
    },
    putBack: (turn) => {
      if ('on' in turn) left.unshift(turn);
      else if (turn !== scenario.fallbackTurn) unfinished = turn;
    },
    leaveUnfinished: (turn) => {
      unfinished = turn;
    },
  };
}
