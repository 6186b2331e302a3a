/** Writes the dialogue for people to read. */
import type { Analysis, CallRecord, Line, Outcome } from '../../transcript/index.ts';
import { fileStep } from './record-file.ts';

export const writeText = fileStep('write-text', 'text', 'txt', asText);

const SPEAKERS = { caller: 'Caller', agent: 'Agent' } as const;

export function asText(record: CallRecord): string {
  const { callId, agent, direction, from, to, startedAt, durationMs, outcome, lines, analysis } = record;
  return [
    `Call      ${callId} (${direction}, ${from} to ${to})`,
    `Agent     ${agent} (${spokenByText(record)})`,
    `Started   ${startedAt}`,
    `Lasted    ${clockTime(durationMs)}`,
    `Outcome   ${outcomeText(outcome)}`,
    ...analysisText(analysis),
    '',
    ...lines.map(lineText),
    ...messagesText(record),
    ...groundingText(record),
    '',
  ].join('\n');
}

function spokenByText({ model, voice, alternatives = [] }: CallRecord): string {
  const others = alternatives.map((other) => `from ${clockTime(other.atMs)} ${other.model}, ${other.voice}`);
  return [`${model}, ${voice}`, ...others].join('; ');
}

function analysisText({ summary, verdict }: Analysis = {}): string[] {
  const goals = verdict?.result?.goals.map(({ goal, met, why }) => `          ${GOAL[met]}: ${goal} (${why})`) ?? [];
  return [
    ...(summary?.result ? [`Summary   ${summary.result.replace(/\s+/g, ' ')}`] : []),
    ...(verdict?.result ? [`Verdict   ${verdict.result.success ? 'success' : 'no success'}`, ...goals] : []),
  ];
}

const GOAL = { yes: 'met', no: 'missed', notApplicable: 'not asked for' } as const;

function messagesText({ messages = [] }: CallRecord): string[] {
  const told = messages.map(({ atMs, text, name, number }) => {
    const from = [name, number].filter((part) => part !== undefined).join(', ');
    return `${clockTime(atMs)}  Message  ${`${text}${from === '' ? '' : ` (${from})`}`.replace(/\s+/g, ' ')}`;
  });
  return told.length === 0 ? [] : ['', ...told];
}

/** Where it was found by its titles alone: the addresses are long, and in the JSON. */
function groundingText({ grounding = [] }: CallRecord): string[] {
  const inOneLine = (texts: readonly string[], between: string): string =>
    [...new Set(texts)].join(between).replace(/\s+/g, ' ');
  const searches = grounding.map(({ atMs, queries, sources }) => {
    const titles = inOneLine(
      sources.map(({ title, uri }) => title || uri),
      ', ',
    );
    return `${clockTime(atMs)}  Search  ${inOneLine(queries, '; ')}${titles === '' ? '' : ` (${titles})`}`;
  });
  return searches.length === 0 ? [] : ['', ...searches];
}

function lineText({ speaker, kind, heardText, cut, startMs }: Line): string {
  const said = kind === 'digits' ? `(keys pressed: ${heardText})` : heardText;
  const words = [said, cut ? '[cut off]' : ''].filter((part) => part !== '').join(' ');
  return `${clockTime(startMs)}  ${SPEAKERS[speaker].padEnd(6)}  ${words}`;
}

const UNANSWERED_TEXT = {
  busy: ': busy',
  noAnswer: '',
  failed: ': the number cannot be reached',
  canceled: ': taken back while it rang',
} as const;

function outcomeText(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'completed':
      return outcome.by === undefined ? 'completed' : `completed (${outcome.by})`;
    case 'transferred':
      return `put through to ${outcome.to}`;
    case 'callerGone':
      return 'the caller hung up';
    case 'unanswered':
      return `nobody answered${UNANSWERED_TEXT[outcome.end]}`;
    case 'failed':
      return `failed: ${outcome.code} (${outcome.fault})`;
  }
}

/** h:mm:ss, or m:ss within the first hour. */
function clockTime(durationMs: number): string {
  const seconds = Math.floor(Math.max(0, durationMs) / 1_000);
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
