/** Texts that take no variables: what is written there is said, or told to a model, as it stands, so that it must hold none. */
import type { Tell } from './agent-checks.ts';

/** Where templates stand, which are judged where they are taken apart. */
const TEMPLATES = [
  /^(instruction|greeting|outbound\.machine\.leaveMessage)$/,
  /^tools\.\d+\.(message|businessKey|url)$/,
  /^tools\.\d+\.(query|headers|body)(\.|$)/,
  /^mcpServers\.[^.]+\.(url|headers|env)(\.|$)/,
];

export function checkPlainTexts(value: unknown, problem: Tell, path: readonly PropertyKey[] = []): void {
  if (typeof value === 'string') {
    const isTemplate = TEMPLATES.some((each) => each.test(path.join('.')));
    if (!isTemplate && value.includes('{{')) problem(path, 'has "{{", and no variable has a place here');
  } else if (Array.isArray(value)) {
    for (const [index, inner] of value.entries()) checkPlainTexts(inner, problem, [...path, index]);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) checkPlainTexts(inner, problem, [...path, key]);
  }
}
