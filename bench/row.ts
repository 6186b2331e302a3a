/** A row of the table of faults: what happens, what may come of it, and how it is played. */
import type { End, Experience } from './experience.ts';
import type { Models } from './models.ts';
import type { Twilio } from './twilio.ts';
import type { Receiver } from './webhook-receiver.ts';

export interface Bench {
  readonly models: Models;
  readonly receiver: Receiver;
  readonly twilio: Twilio;
}

export interface Row {
  readonly group: string;
  readonly name: string;
  /** The row, of the same run, with the same talk and no fault. */
  readonly baseline?: string | undefined;
  /** From the fault to when the service could be heard again at the earliest, by the other side's own timings. */
  readonly imposedMs?: number | undefined;
  /** How long the caller goes on speaking after the fault: what is imposed passes meanwhile. */
  readonly spokenOverMs?: number | undefined;
  /** Caller audio that the fault itself keeps from us. */
  readonly imposedLossMs?: number | undefined;
  /** What the issue asks of it. */
  readonly wants: Wants;
  play(bench: Bench): Promise<Experience>;
}

export interface Wants {
  readonly end: End | 'either';
  /** Nothing of the caller's audio is lost or doubled. */
  readonly wholeAudio?: boolean | undefined;
  /** The gap is no longer than without the fault, or than what is imposed, and 300 ms. */
  readonly promptGap?: boolean | undefined;
  /** The agent is heard within two seconds of the call's next stream, or of the caller's last word where that is later. */
  readonly promptAfterStream?: boolean | undefined;
  /** None: a call that was refused before it was answered. */
  readonly records?: number | undefined;
}

/** From the new stream's start to the agent, for a call that another process takes up. */
const TAKE_UP_MS = 2_000;
/** What was under way when a socket broke is said again: whether its last one or two frames were heard, nobody can know. */
const UNSURE_MS = 40;
/** What a resume may cost on top of what the service imposes. */
const OWN_MS = 300;

/** What of the row's demands was not met; empty when all were. */
export function shortcomings(row: Row, seen: Experience, baselineGapMs: number | undefined): readonly string[] {
  const { wants } = row;
  const short: string[] = [];
  const ended = wants.end === 'either' ? seen.end !== 'dead' : seen.end === wants.end;
  if (!ended) short.push(`the call: ${seen.how}`);
  if (seen.greetings > 1 && wants.end !== 'busy') short.push(`greeted ${seen.greetings} times`);
  const records = wants.records ?? 1;
  if (seen.records !== records) short.push(`${seen.records} records`);
  else if (seen.deliveries !== records) short.push(`delivered ${seen.deliveries} times`);
  if (wants.wholeAudio === true && seen.lostMs > (row.imposedLossMs ?? 0)) short.push(`${seen.lostMs} ms lost`);
  if (wants.wholeAudio === true && seen.doubledMs > UNSURE_MS) short.push(`${seen.doubledMs} ms doubled`);
  const limitMs = Math.max(baselineGapMs ?? 0, (row.imposedMs ?? 0) - (row.spokenOverMs ?? 0)) + OWN_MS;
  const measured = baselineGapMs !== undefined || row.imposedMs !== undefined;
  if (wants.promptGap === true && measured && (seen.gapMs ?? Number.POSITIVE_INFINITY) > limitMs) {
    short.push(`gap over ${limitMs} ms`);
  }
  if (wants.promptAfterStream === true) {
    const takenUpMs = (seen.streamBackMs ?? Number.POSITIVE_INFINITY) + TAKE_UP_MS - (row.spokenOverMs ?? 0);
    if (!((seen.gapMs ?? Number.POSITIVE_INFINITY) <= Math.max(takenUpMs, TAKE_UP_MS))) {
      short.push(`not within ${TAKE_UP_MS} ms of the next stream`);
    }
  }
  return short;
}
