/**
 * Whoever an agent's file names is asked about a call while it rings, once, whatever number of processes the call passes through:
 * the one at which it rings asks, and leaves as a note what came of it. Nothing that goes wrong with that stops a call.
 */
import * as z from 'zod';
import type { Notes } from '../cluster/index.ts';
import { type Clock, FAILURES } from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import { callStartSchema } from '../transcript/index.ts';
import { NoAnswer, postSigned } from '../webhooks/index.ts';
import { type AskStoreDeps, askStore } from './ask-store.ts';
import type { CallAgent, CallStartWebhook } from './call-agent.ts';
import { type CallStartAnswer, MAX_ANSWER_BYTES, readAnswer, UselessAnswer } from './call-start-answer.ts';
import type { RingingCall } from './ringing-call.ts';

/** A stream comes within half a minute of the ring, or never. */
const NOTE_MS = 5 * 60_000;
/** The note of whoever asks: there is no answer yet. */
const ASKING = 'asking';
const LOOK_MS = 100;
/** Redis answers in a millisecond. */
const NOTE_DEADLINE_MS = 250;

export interface CallStartsOptions extends AskStoreDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'failures' | 'callStarts'>;
  readonly notes: Notes;
  readonly agentNamed: (name: string) => CallAgent | undefined;
  readonly isVoice: (name: string) => boolean;
  /** As it is to be written; undefined for one that is not known. */
  readonly languageNamed: (tag: string) => string | undefined;
}

/** A call with what was made of it. */
export interface Started {
  readonly call: RingingCall;
  /** Why it goes on as the file says, for its record. */
  readonly failed?: string | undefined;
}

const settledSchema = z.object({ agent: z.string(), callStart: callStartSchema, failed: z.string().optional() });

export class CallStarts {
  readonly #options: CallStartsOptions;

  constructor(options: CallStartsOptions) {
    this.#options = options;
  }

  /** The call rings here. To be followed by `settle`. Never rejects. */
  async ask(call: RingingCall, webhook: CallStartWebhook): Promise<Started> {
    const { notes } = this.#options;
    const noted = notes.note(keyOf(call), { rank: 0, value: ASKING, forMs: NOTE_MS });
    const standing = await this.#stored(call, noted);
    // It rang at another process, too.
    if (standing !== undefined) return this.#awaited(call, webhook, standing);
    try {
      return this.#with(call, await this.#answerOf(call, webhook));
    } catch (error) {
      if (error instanceof NoAnswer) return this.without(call, 'noAnswer', error.message);
      if (error instanceof UselessAnswer) return this.without(call, 'useless', error.message);
      this.#options.logger.error({ callId: call.callId, err: error }, 'call-start webhook not asked');
      return this.without(call, 'useless', 'a defect of this service');
    }
  }

  /** What came of it stands, for every process. */
  async settle({ call: { callId, agent, callStart }, failed }: Started): Promise<void> {
    if (failed === undefined) this.#options.metrics.callStarts.inc({ result: 'answered' });
    const value = JSON.stringify({ agent, callStart, failed });
    await this.#options.notes.note(keyOf({ callId }), { rank: 1, value, forMs: NOTE_MS });
  }

  /** The stream of a call has come here that rang elsewhere, if that is known to be asked about. Never rejects. */
  async find(call: RingingCall, webhook: CallStartWebhook): Promise<Started> {
    const standing = await this.#stored(call, this.#options.notes.get(keyOf(call)));
    return standing === undefined ? { call } : this.#awaited(call, webhook, standing);
  }

  /** Told, counted, and the call as it was. */
  without(call: RingingCall, result: 'noAnswer' | 'useless', why: string): Started {
    const { logger, metrics } = this.#options;
    metrics.callStarts.inc({ result });
    metrics.failures.inc({ code: 'CALL_START_FAILED', fault: FAILURES.CALL_START_FAILED.fault });
    logger.warn({ callId: call.callId, agent: call.agent, why }, 'call goes on without its call-start webhook');
    return { ...unchanged(call), failed: why };
  }

  async #answerOf(call: RingingCall, { url, secret, deadlineMs }: CallStartWebhook): Promise<CallStartAnswer> {
    const { clock, logger } = this.#options;
    const { callId, agent } = call;
    const id = `call_ringing_${callId.replaceAll('.', '~')}`;
    const body = JSON.stringify(questionOf(call, clock));
    const given = await postSigned({ url, secret, id, body, clock, deadlineMs, maxAnswerBytes: MAX_ANSWER_BYTES });
    if (given.status < 200 || given.status > 299) throw new UselessAnswer(`the answer was ${given.status}`);
    if (given.body === undefined) throw new UselessAnswer(`the answer has more than ${MAX_ANSWER_BYTES} bytes`);
    const { answer, unknownKeys } = readAnswer(given.body);
    if (unknownKeys.length > 0) logger.warn({ callId, agent, unknownKeys }, 'keys of a call-start answer passed over');
    return answer;
  }

  /** Throws UselessAnswer for a choice that there is not. */
  #with(call: RingingCall, answer: CallStartAnswer): Started {
    const { agentNamed, isVoice, languageNamed, logger } = this.#options;
    const { variables, agent = call.agent, voice } = answer;
    const language = answer.language && languageNamed(answer.language);
    if (agentNamed(agent) === undefined) throw new UselessAnswer(`it chose agent ${agent}, and there is none`);
    if (voice !== undefined && !isVoice(voice)) throw new UselessAnswer(`it chose voice ${voice}, and there is none`);
    if (language === undefined && answer.language !== undefined) {
      throw new UselessAnswer(`it chose language ${answer.language}, which is not known`);
    }
    logger.info({ callId: call.callId, askedBy: call.agent, agent, voice, language }, 'call-start webhook answered');
    return { call: { ...call, agent, callStart: { askedBy: call.agent, variables, voice, language } } };
  }

  /** Another process has asked. */
  async #awaited(call: RingingCall, { deadlineMs }: CallStartWebhook, standing: string): Promise<Started> {
    const { clock, notes, agentNamed } = this.#options;
    const untilMs = clock.nowMs() + deadlineMs;
    let note: string | undefined = standing;
    while (note === ASKING && clock.nowMs() < untilMs) {
      await new Promise<void>((resume) => clock.after(LOOK_MS, resume));
      note = await this.#stored(call, notes.get(keyOf(call)));
    }
    const settled = settledSchema.safeParse(parsed(note)).data;
    if (settled === undefined || agentNamed(settled.agent) === undefined) {
      return this.without(call, 'noAnswer', 'what another process was answered did not get here');
    }
    return { call: { ...call, agent: settled.agent, callStart: settled.callStart }, failed: settled.failed };
  }

  #stored({ callId }: RingingCall, asking: Promise<string | undefined>): Promise<string | undefined> {
    const question = {
      callId,
      limitMs: NOTE_DEADLINE_MS,
      late: `no note within ${NOTE_DEADLINE_MS} ms`,
      otherwise: undefined,
      meaning: 'what others know of the start of a call is not known here',
    };
    return askStore(asking, question, this.#options);
  }
}

/** It was asked about, and is as the file says. */
const unchanged = (call: RingingCall): Started => ({
  call: { ...call, callStart: { askedBy: call.agent, variables: {} } },
});

function questionOf({ callId, agent, direction, from, to, sipHeaders, outbound }: RingingCall, clock: Clock): object {
  const variables = outbound?.variables ?? {};
  const data = { callId, agent, direction, from, to, sipHeaders, variables };
  return { type: 'call.ringing', timestamp: new Date(clock.wallMs()).toISOString(), data };
}

const keyOf = ({ callId }: Pick<RingingCall, 'callId'>): string => `start:${callId}`;

/** undefined where there is none, or nothing that can be read. */
function parsed(note: string | undefined): unknown {
  try {
    return note === undefined ? undefined : JSON.parse(note);
  } catch {
    return undefined;
  }
}
