/** What an operator wrote for the model to read or say, with what is known of the call put in. */
import { plainText, type Template } from './template.ts';
import type { ToolContext } from './tool.ts';

/** A SIP address has less; what is longer is no name, number or note that an agent is to know of. */
const MAX_VALUE_CHARACTERS = 400;
/** Line ends and control characters of all kinds, invisible ones that turn text around among them. */
const NO_TEXT = /[\p{C}\p{Zl}\p{Zp}\s]+/gu;
const ORDER_BRACKETS: Readonly<Record<string, string>> = { '[': '(', ']': ')' };

export function wordsOf(template: Template, context: ToolContext): string {
  return plainText(template, { ...safe(context), args: {} });
}

/**
 * Text from outside, as a piece of one line in what the model is told: no new paragraph can begin in it, nor an order, which
 * stands in square brackets.
 */
export function asPiece(text: string): string {
  const line = text.replace(NO_TEXT, ' ').replace(/[[\]]/g, (bracket) => ORDER_BRACKETS[bracket] ?? '');
  // A cut leaves no half of a character.
  return line
    .trim()
    .slice(0, MAX_VALUE_CHARACTERS)
    .replace(/[\uD800-\uDBFF]$/, '');
}

function safe({ call, caller, called, sip, vars }: ToolContext): ToolContext {
  return {
    call: { ...call, to: asPiece(call.to) },
    caller: { number: asPiece(caller.number) },
    called: { number: asPiece(called.number) },
    sip: mapValues(sip, asPiece),
    vars: mapValues(vars, asPiece),
  };
}

function mapValues(values: Readonly<Record<string, string>>, change: (text: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}
