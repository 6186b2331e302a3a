/** A call as a text model reads it: a line for each thing said or done, in the order in which it was. */
import type { CallRecord, Line } from '../../transcript/index.ts';

/** Some 100,000 tokens: half a day of talk, and a tenth of the smallest window of a text model. The newest is kept. */
const MAX_CHARACTERS = 400_000;
/** What a tool answered may be a page; its beginning says how it went. */
const MAX_TOOL_CHARACTERS = 2_000;

/** undefined: nothing was said in it. */
export function dialogueText({ lines, toolCalls, startedAt, direction, outcome }: CallRecord): string | undefined {
  const said = lines.filter(({ heardText }) => heardText !== '').map((line) => [line.startMs, lineText(line)] as const);
  if (said.length === 0) return undefined;
  const done = toolCalls.map((call) => [call.calledAtMs, toolText(call)] as const);
  const all = [...said, ...done].sort(([a], [b]) => a - b).map(([, text]) => text);
  const text = all.join('\n');
  const kept = text.length > MAX_CHARACTERS ? `(the beginning is left out)\n${text.slice(-MAX_CHARACTERS)}` : text;
  return `The call began at ${startedAt} and was ${direction}; it ended: ${outcome.kind}.\n\n${kept}`;
}

function lineText({ speaker, kind, heardText, cut }: Line): string {
  const said = kind === 'digits' ? `(keys pressed: ${heardText})` : heardText;
  return `${speaker === 'caller' ? 'Caller' : 'Agent'}: ${oneLine(said)}${cut ? ' [cut off]' : ''}`;
}

function toolText({ name, args, answer }: CallRecord['toolCalls'][number]): string {
  const answered = answer === null ? 'which was not answered' : `which answered ${shortened(answer)}`;
  return `(the agent called ${oneLine(name)} ${shortened(args)}, ${answered})`;
}

function shortened(value: object): string {
  return JSON.stringify(value).slice(0, MAX_TOOL_CHARACTERS);
}

/** So that nobody can say another one's line. */
function oneLine(text: string): string {
  return text.replace(/\s+/gu, ' ');
}
