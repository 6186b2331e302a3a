/** A request that is sent again under its `Idempotency-Key` gets the first one's answer, and does nothing a second time. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Failure } from '../lib/index.ts';

/** Where the answers are kept, for all processes of the service. Fits Notes of cluster/. */
export interface Answers {
  /** Stands unless a note of the same or a higher rank does: that one is given back then. */
  note(
    key: string,
    note: { readonly rank: number; readonly value: string; readonly forMs: number },
  ): Promise<string | undefined>;
  forget(key: string): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Whoever got no answer has asked again by then. */
const REMEMBERED_MS = 24 * 60 * 60_000;
/** Printable ASCII; a UUID has 36. */
const KEY = /^[\x21-\x7e]{1,255}$/;

const entry = z.object({
  asked: z.string(),
  answer: z.object({ status: z.number(), body: z.unknown() }).optional(),
});

export class Once {
  readonly #answers: Answers;
  readonly #running = new Map<string, Promise<Answer>>();

  constructor(answers: Answers) {
    this.#answers = answers;
  }

  /** Rejects with Failure API_BAD_REQUEST, API_KEY_REUSED, API_IN_PROGRESS, and as `work` does, of which nothing is remembered. */
  async run(key: string, asked: unknown, work: () => Promise<Answer>): Promise<Answer> {
    if (!KEY.test(key)) {
      throw new Failure('API_BAD_REQUEST', 'Idempotency-Key must have 1 to 255 printable ASCII characters, no blanks');
    }
    // A key may say something about people; what is kept does not.
    const name = `once:${digest(key)}`;
    const mine = { asked: digest(JSON.stringify(asked, inOrder)) };
    const known = await this.#answers.note(name, { rank: 0, value: JSON.stringify(mine), forMs: REMEMBERED_MS });
    if (known !== undefined) return this.#earlier(name, mine.asked, known);
    const running = this.#work(name, mine, work).finally(() => this.#running.delete(name));
    this.#running.set(name, running);
    return running;
  }

  async #work(name: string, mine: { readonly asked: string }, work: () => Promise<Answer>): Promise<Answer> {
    let answer: Answer;
    try {
      answer = await work();
    } catch (error) {
      await this.#answers.forget(name);
      throw error;
    }
    await this.#answers.note(name, { rank: 1, value: JSON.stringify({ ...mine, answer }), forMs: REMEMBERED_MS });
    return answer;
  }

  async #earlier(name: string, asked: string, known: string): Promise<Answer> {
    const earlier = entry.parse(JSON.parse(known));
    if (earlier.asked !== asked) {
      throw new Failure('API_KEY_REUSED', 'this Idempotency-Key came with another request before');
    }
    if (earlier.answer !== undefined) return { ...earlier.answer, body: earlier.answer.body };
    const running = this.#running.get(name);
    if (running !== undefined) return running;
    throw new Failure(
      'API_IN_PROGRESS',
      'the first request with this Idempotency-Key is still under way, or its process is gone; look at GET /calls before you take another key',
    );
  }
}

/** An object has no order: https://www.rfc-editor.org/rfc/rfc8259#section-1 */
function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');
