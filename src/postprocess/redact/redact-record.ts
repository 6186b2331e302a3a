/** A record as it may leave this service: with personal data blacked out: by rules, and then what a text model found in what these left. */
import type { Analysis, CallFacts, CallRecord, Line } from '../../transcript/index.ts';
import { blackOut, findIn, LABELS } from './black-out.ts';
import { callerFinder, cards, emails, ibans, keyedCards, listFinder } from './finders.ts';
import type { Finder } from './finding.ts';
import { phones } from './phone-numbers.ts';

export const REDACTABLE = ['cards', 'ibans', 'emails', 'caller', 'phones'] as const;

/** What no rule tells. */
export const FINDABLE = ['names', 'postalAddresses'] as const;
export type Findable = (typeof FINDABLE)[number];

/** As it stands in the record with the rest blacked out; a kind that was not looked for is missing. */
export type PersonalData = Readonly<Partial<Record<Findable, readonly string[] | undefined>>>;

export interface Redaction {
  readonly what: readonly (typeof REDACTABLE)[number][];
  /** Names to black out as well. */
  readonly names: readonly string[];
  /** Whether the files of this service have it blacked out, too. */
  readonly files: boolean;
  /** What a text model is asked to find, and which one. */
  readonly find?: { readonly what: readonly Findable[]; readonly model: string } | undefined;
  /** What it found. */
  readonly found?: PersonalData | undefined;
}

export type Redact = (record: CallRecord) => CallRecord;

export function redactRecord(record: CallRecord, redaction: Redaction): CallRecord {
  const finders = findersFor(record, redaction);
  const keyFinders = redaction.what.includes('cards') ? [keyedCards, ...finders] : finders;
  const byRules = labelled(redactContents(record, finders, keyFinders), redaction);
  const { names = [], postalAddresses = [] } = redaction.found ?? {};
  // An address may hold a name.
  const more = [listFinder('postalAddresses', postalAddresses), listFinder('names', names)];
  return names.length + postalAddresses.length === 0 ? byRules : redactContents(byRules, more, []);
}

function redactContents(record: CallRecord, finders: readonly Finder[], keyFinders: readonly Finder[]): CallRecord {
  const text = textBy(finders);
  return {
    ...redactTold(record, text),
    lines: redactLines(record.lines, finders, keyFinders),
    digits: blackOut(record.digits, findIn([record.digits], keyFinders)[0] ?? []),
    toolCalls: record.toolCalls.map((call) => ({
      ...call,
      args: redactObject(call.args, text),
      answer: call.answer && redactObject(call.answer, text),
    })),
    ...(record.messages && { messages: redactMessages(record.messages, text) }),
    ...(record.grounding && { grounding: redactGrounding(record.grounding, text) }),
    events: record.events.map((event) => ({ ...event, detail: text(event.detail) })),
    ...(record.analysis && { analysis: redactAnalysis(record.analysis, text) }),
  };
}

/** What is known of a call before anything is said in it. */
export function redactFacts<F extends CallFacts>(facts: F, redaction: Redaction): F & { redacted: string[] } {
  return labelled(redactTold(facts, textBy(findersFor(facts, redaction))), redaction);
}

/** With what was looked for in it, and without the person whom it is with. */
function labelled<F extends CallFacts>(facts: F, { what, names, found = {} }: Redaction): F & { redacted: string[] } {
  return {
    ...facts,
    redacted: [
      ...REDACTABLE.filter((kind) => what.includes(kind)),
      ...FINDABLE.filter((kind) => found[kind] !== undefined || (kind === 'names' && names.length > 0)),
    ],
    ...(what.includes('caller') && { [personIn(facts)]: LABELS.caller }),
  };
}

function redactTold<F extends CallFacts>(facts: F, text: (value: string) => string): F {
  return {
    ...facts,
    sipHeaders: redactTexts(facts.sipHeaders, text),
    ...(facts.outbound && { outbound: redactOutbound(facts.outbound, text) }),
    ...(facts.callStart && { callStart: redactCallStart(facts.callStart, text) }),
  };
}

function findersFor(facts: CallFacts, { what, names }: Redaction): readonly Finder[] {
  const rules: Readonly<Record<(typeof REDACTABLE)[number], Finder>> = {
    cards,
    ibans,
    emails,
    caller: callerFinder(facts[personIn(facts)]),
    phones,
  };
  return [...REDACTABLE.filter((kind) => what.includes(kind)).map((kind) => rules[kind]), listFinder('names', names)];
}

/** The caller is the person at the other end, whoever placed the call. */
const personIn = ({ direction }: CallFacts): 'from' | 'to' => (direction === 'inbound' ? 'from' : 'to');

const textBy =
  (finders: readonly Finder[]) =>
  (value: string): string =>
    blackOut(value, findIn([value], finders)[0] ?? []);

/** By speaker, and pressed keys by themselves: a number may be said over several lines, with the other side's "yes" between. */
function redactLines(
  lines: readonly Line[],
  finders: readonly Finder[],
  keyFinders: readonly Finder[],
): CallRecord['lines'] {
  const redacted = [...lines];
  const redactThose = (belongs: (line: Line) => boolean, chosen: readonly Finder[]): void => {
    const those = [...lines.entries()].filter(([, line]) => belongs(line));
    const texts = those.map(([, { text }]) => text);
    const found = findIn(texts, chosen);
    for (const [nth, [index, line]] of those.entries()) redacted[index] = redactLine(line, found[nth] ?? [], chosen);
  };
  redactThose(({ kind }) => kind === 'digits', keyFinders);
  redactThose(({ kind, speaker }) => kind === 'speech' && speaker === 'caller', finders);
  redactThose(({ kind, speaker }) => kind === 'speech' && speaker === 'agent', finders);
  return redacted;
}

/** What was heard is mostly the beginning of what was meant to be said. */
function redactLine(line: Line, found: Parameters<typeof blackOut>[1], finders: readonly Finder[]): Line {
  const { text, heardText } = line;
  const heard = text.startsWith(heardText) ? found : (findIn([heardText], finders)[0] ?? []);
  return { ...line, text: blackOut(text, found), heardText: blackOut(heardText, heard) };
}

/** It was made of what was blacked out already, unless the agent's wishes have changed since. */
function redactAnalysis({ summary, extract, verdict }: Analysis, text: (value: string) => string): Analysis {
  const goals = verdict?.result?.goals.map((goal) => ({ ...goal, why: text(goal.why) }));
  return {
    ...(summary && { summary: { ...summary, result: summary.result && text(summary.result) } }),
    ...(extract && { extract: { ...extract, result: extract.result && redactObject(extract.result, text) } }),
    ...(verdict && { verdict: { ...verdict, result: verdict.result && { ...verdict.result, goals: goals ?? [] } } }),
  };
}

function redactMessages(
  messages: NonNullable<CallRecord['messages']>,
  text: (value: string) => string,
): CallRecord['messages'] {
  return messages.map(({ atMs, text: said, name, number }) => ({
    atMs,
    text: text(said),
    ...(name !== undefined && { name: text(name) }),
    ...(number !== undefined && { number: text(number) }),
  }));
}

function redactGrounding(
  grounding: NonNullable<CallRecord['grounding']>,
  text: (value: string) => string,
): CallRecord['grounding'] {
  return grounding.map(({ atMs, queries, sources }) => ({
    atMs,
    queries: queries.map(text),
    sources: sources.map(({ title, uri }) => ({ title: text(title), uri: text(uri) })),
  }));
}

function redactOutbound(
  { greeting, ...outbound }: NonNullable<CallRecord['outbound']>,
  text: (value: string) => string,
): CallRecord['outbound'] {
  return {
    ...outbound,
    variables: redactTexts(outbound.variables, text),
    ...(greeting !== undefined && { greeting: text(greeting) }),
  };
}

function redactCallStart(
  callStart: NonNullable<CallRecord['callStart']>,
  text: (value: string) => string,
): CallRecord['callStart'] {
  return { ...callStart, variables: redactTexts(callStart.variables, text) };
}

function redactTexts(texts: Readonly<Record<string, string>>, text: (value: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([name, value]) => [name, text(value)]));
}

type Values = Readonly<Record<string, unknown>>;

function redactObject(values: Values, text: (value: string) => string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [text(key), redactValue(value, text)]));
}

/** A number of which something must be blacked out becomes text. */
function redactValue(value: unknown, text: (value: string) => string): unknown {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number') return text(String(value)) === String(value) ? value : text(String(value));
  if (Array.isArray(value)) return value.map((each) => redactValue(each, text));
  return typeof value === 'object' && value !== null ? redactObject(value as Values, text) : value;
}
