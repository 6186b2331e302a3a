/** The tool by which the model writes down what the caller wants somebody to be told. */
import { z } from 'zod';
import { argumentCheck } from './arguments.ts';
import type { Tool } from './tool.ts';

export interface TakeMessageSpec {
  readonly kind: 'takeMessage';
  readonly name: string;
  readonly description: string;
}

/** It is written at once. */
const DEADLINE_MS = 1_000;
/** Some five minutes of speech. */
const MAX_CHARACTERS = 4_000;

const PARAMETERS = {
  type: 'object',
  properties: {
    message: { type: 'string', minLength: 1, maxLength: MAX_CHARACTERS, description: 'What is to be passed on.' },
    name: { type: 'string', maxLength: 200, description: 'Who it is from, if the caller has said so.' },
    number: { type: 'string', maxLength: 200, description: 'Where they can be reached, if the caller has said so.' },
  },
  required: ['message'],
};

/** What the check has let through. */
const taken = z.object({ message: z.string(), name: z.string().optional(), number: z.string().optional() });

export function createTakeMessage({ name, description }: TakeMessageSpec): Tool {
  return {
    declaration: { name, description, parameters: PARAMETERS },
    deadlineMs: DEADLINE_MS,
    sideEffect: true,
    mayRepeat: false,
    check: argumentCheck(PARAMETERS),
    run: async (args, _context, _signal, call) => {
      const { message, ...from } = taken.parse(args);
      call.takeMessage({ text: message, ...from });
      return {
        status: 'ok',
        retryable: false,
        message: 'It is written down, and will be passed on. Tell the caller so.',
      };
    },
  };
}
