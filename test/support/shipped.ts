/** What the project ships, without what a user has put beside it in the checkout: that may be anything, and no test but theirs sees it. */
import { inject } from 'vitest';

/** A working directory whose `config` is what is shipped; to be read only. */
export const SHIPPED = inject('shipped');

/** Of `fixtures/calls`. */
export const SHIPPED_CALLS = [
  'barge-in',
  'book-a-table',
  'burst',
  'change-of-mind',
  'digits',
  'goodbye-interrupted',
  'hang-up-mid-sentence',
  'message',
  'question',
  'regular-guest',
  'silent-caller',
  'tool-hangs',
  'tool-twice',
  'transfer',
  'transfer-by-sip',
  'transfer-unanswered',
  'transfer-warm',
  'voicemail',
];
