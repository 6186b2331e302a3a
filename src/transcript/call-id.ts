/** What a call's id must look like: it names files and jobs, so that nothing in it may lead out of a folder. */
import { Failure } from '../lib/index.ts';

/** BullMQ takes neither a colon nor digits alone as a job id; file systems take 255 bytes with an ending. */
const CALL_ID = /^(?!\d+$)[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** Gives the id back, or throws RECORD_INVALID. */
export function checkedCallId(callId: string): string {
  if (CALL_ID.test(callId)) return callId;
  throw new Failure('RECORD_INVALID', 'a call id holds 1 to 128 letters, digits, ".", "_" or "-", not digits alone');
}
