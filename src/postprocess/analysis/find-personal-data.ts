/** The step that asks a text model for the personal data which no rule tells. What is to be blacked out waits for it, however long. */
import * as z from 'zod';
import type { CallRecord, Line } from '../../transcript/index.ts';
import { listFinder } from '../redact/finders.ts';
import { PERSONAL_DATA } from '../redact/found.ts';
import { FINDABLE, type Findable, type PersonalData, redactRecord } from '../redact/redact-record.ts';
import type { Step } from '../steps/step.ts';
import { type Answered, Asking, type AskingOptions } from './asking.ts';
import { dialogueText } from './dialogue-text.ts';
import { READER, type Task } from './tasks.ts';

/** Each is looked for in all of the call, and more people, or places, are hardly in one. An answer with more is of no use: the rest would leave. */
const MAX_FOUND = 200;
/** An address of five long lines. What is longer is a passage. */
const MAX_CHARACTERS = 200;
/** Of a postcode without letters. */
const LEAST_DIGITS = 4;

export function findPersonalData(options: AskingOptions): Step {
  return {
    name: PERSONAL_DATA,
    after: [],
    async run(record, progress): Promise<Answered<PersonalData> | undefined> {
      const { redact } = options.afterwardsFor(record.agent) ?? {};
      if (redact?.find === undefined) return undefined;
      const { what, model } = redact.find;
      const asking = new Asking(record, model, progress, options);
      // The words that were not heard leave with the record, too.
      const whole = redactRecord({ ...record, lines: record.lines.map(inFull) }, { ...redact, found: undefined });
      const text = dialogueText(whole);
      if (text === undefined) return asking.skipped(PERSONAL_DATA, Object.fromEntries(what.map((kind) => [kind, []])));
      const answer = await asking.ask(findTask(what), text);
      return asking.answered(occurring(answer, `${text}\n${bySpeaker(whole)}`));
    },
  };
}

function inFull(line: Line): Line {
  return line.heardText.length > line.text.length ? line : { ...line, heardText: line.text };
}

/** As the finders see it: what one side says over several lines is one text. */
function bySpeaker({ lines }: CallRecord): string {
  const sides = (['caller', 'agent'] as const).map((side) => lines.filter(({ speaker }) => speaker === side));
  return sides.flatMap((side) => side.map(({ heardText }) => heardText)).join('\n');
}

function occurring(found: PersonalData, text: string): PersonalData {
  const kinds = FINDABLE.flatMap((kind) => {
    const list = found[kind];
    const kept = [...new Set(list)].filter((each) => isOne(each) && listFinder(kind, [each])(text).length > 0);
    return list === undefined ? [] : [[kind, kept] as const];
  });
  return Object.fromEntries(kinds);
}

/** A single letter, and a small number, would be blacked out wherever they stand alone; a postcode may. */
function isOne(each: string): boolean {
  return (
    each.length <= MAX_CHARACTERS && (/\p{L}./su.test(each) || /\p{sc=Han}/u.test(each) || each.length >= LEAST_DIGITS)
  );
}

const ASKED: Readonly<Record<Findable, string>> = {
  names: 'Names of persons, also of the agent and of people who are only mentioned: first names, last names, and both.',
  postalAddresses:
    'Postal addresses and parts of them that lead to a home: streets with their numbers, flats, postcodes, towns that belong to them.',
};

function findTask(what: readonly Findable[]): Task<PersonalData> {
  const answer = z.object(Object.fromEntries(what.map((kind) => [kind, z.array(z.string().trim()).max(MAX_FOUND)])));
  return {
    instruction: [
      READER,
      'List the personal data that is asked for, so that it can be blacked out. Copy each exactly as it stands in the text, letter by letter, with its digits written as they are there; do not correct it.',
      'List each way in which it is written separately. What is said over several lines of one speaker, with words of the other side between, is one: join it by spaces. A list may be empty.',
    ].join('\n\n'),
    schema: {
      type: 'object',
      properties: Object.fromEntries(
        what.map((kind) => [
          kind,
          { type: 'array', description: ASKED[kind], maxItems: MAX_FOUND, items: { type: 'string' } },
        ]),
      ),
      required: [...what],
      additionalProperties: false,
    },
    read: (given) => answer.safeParse(given).data,
  };
}
