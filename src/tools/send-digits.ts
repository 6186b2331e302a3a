/** The tool by which the model presses keys: for menus and extensions of whoever was called. */
import { z } from 'zod';
import { argumentCheck } from './arguments.ts';
import { notNow } from './leaving.ts';
import type { Tool, ToolResult } from './tool.ts';

export interface SendDigitsSpec {
  readonly kind: 'sendDigits';
  readonly name: string;
  readonly description: string;
}

/** What is being said with them, the longest keys, and what leaving one stream and opening another takes. */
const DEADLINE_MS = 25_000;

const PARAMETERS = {
  type: 'object',
  properties: {
    digits: {
      type: 'string',
      // Twilio takes 32; with more waits among 24 the call would be given up for lost.
      pattern: '^[0-9*#w]{1,24}$',
      description: 'The keys, in their order: 0-9, * and #. A w waits for half a second.',
    },
  },
  required: ['digits'],
};

/** What the check has let through. */
const given = z.object({ digits: z.string() });

export function createSendDigits({ name, description }: SendDigitsSpec): Tool {
  return {
    declaration: { name, description, parameters: PARAMETERS },
    deadlineMs: DEADLINE_MS,
    // The same key means another choice in the next menu.
    sideEffect: false,
    mayRepeat: false,
    broughtBack: resultOf,
    check: argumentCheck(PARAMETERS),
    run: async (args, _context, _signal, call) => {
      const pressed = call.sendKeys(given.parse(args).digits);
      if (pressed === undefined) return notNow();
      return resultOf(await pressed);
    },
  };
}

function resultOf(pressed: boolean): ToolResult {
  if (pressed) {
    const message = 'The keys are pressed. Say nothing, and listen to what comes.';
    return { status: 'ok', retryable: false, message };
  }
  const message = 'The connection broke, and the keys were not pressed. Call it again if they are still needed.';
  return { status: 'not_pressed', retryable: true, message };
}
