/** What both sides of the BullMQ queue agree on. */
import { Failure } from '../lib/index.ts';

export const QUEUE_NAME = 'callbridge-calls';

/** Redis answers in a millisecond: after five seconds the record is safer where it is, in the journal. */
export const COMMAND_DEADLINE_MS = 5_000;

export function unavailable(): Failure {
  return new Failure('QUEUE_UNAVAILABLE', 'Redis did not answer in time');
}
