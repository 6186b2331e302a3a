/** Every way in which a session can break: gemini-live.md §7 and §8 in the reference of the service. */
import type { SocketFault } from '../../src/simulator/index.ts';
import type { NetworkFault } from '../relay.ts';
import type { Row } from '../row.ts';
import type { Stage } from '../stage.ts';
import { type TalkRow, talkRow } from './talk-row.ts';

/** From the setup of a resume to its answer: the simulator's measured RESUME_MS. */
const RESUME_MS = 530;
/** From the setup of a fresh session to its answer: SETUP_MS. */
const SETUP_MS = 261;
/** An abnormal drop locks the session for 1 to 1.5 s. */
const LOCK_MS = 1_500;
/** From a text to the first sound: what it takes the model to go on when it is asked to. */
const TEXT_ANSWER_MS = 520;
/** Slow enough that most of the answer is still with the model when the socket breaks. */
const SLOWLY = { delivery: { speed: 1 } } as const;
/** The caller listens this long for more of a sentence that broke off. */
const PATIENCE_MS = 4_500;
/** And this long for the answer, once they were asked for a moment: longer than a session is tried to be brought back. */
const ASKED_PATIENCE_MS = 15_000;

const befall = (fault: SocketFault) => (stage: Stage) => stage.model.befall(fault);
const network = (fault: NetworkFault) => (stage: Stage) => stage.model.network(fault);
const close = (code: number, reason = '') => befall({ kind: 'close', code, reason });
const drop = befall({ kind: 'drop' });

const live = (row: Omit<TalkRow, 'group'>): Row => talkRow({ group: 'session breaks', ...row });
const RESUMED = { end: 'alive', wholeAudio: true, promptGap: true } as const;
const FRESH = { end: 'alive', wholeAudio: true } as const;

const goAway = befall({ kind: 'goAway', timeLeftMs: 10_000, code: 1011 });

/** `row` with the same code while the caller asks: most is at stake then. */
function closes(code: number, reason: string, row: Partial<TalkRow>): Row {
  return live({
    name: `close ${code} ${reason}`.trim(),
    moment: 'asking',
    baseline: 'no fault: asking',
    fault: close(code, reason),
    imposedMs: RESUME_MS,
    wants: RESUMED,
    ...row,
  });
}

export const liveRows: readonly Row[] = [
  live({ name: 'no fault: idle', moment: 'idle', wants: RESUMED }),
  live({ name: 'no fault: asking', moment: 'asking', wants: RESUMED }),
  live({ name: 'no fault: waiting', moment: 'waiting', answer: { delayMs: 3_000 }, wants: RESUMED }),
  live({
    name: 'no fault: answering',
    moment: 'answering',
    answer: SLOWLY,
    goesOn: true,
    patienceMs: PATIENCE_MS,
    wants: { end: 'alive', wholeAudio: true },
  }),

  live({
    name: 'goAway, nobody speaks',
    moment: 'idle',
    baseline: 'no fault: idle',
    fault: goAway,
    imposedMs: RESUME_MS,
    wants: RESUMED,
  }),
  live({
    name: 'goAway, caller speaks',
    moment: 'asking',
    baseline: 'no fault: asking',
    fault: goAway,
    imposedMs: RESUME_MS,
    wants: RESUMED,
  }),
  live({
    name: 'goAway, agent in mid-sentence',
    moment: 'answering',
    fault: goAway,
    imposedMs: RESUME_MS,
    wants: FRESH,
  }),

  closes(1000, '', {}),
  closes(1001, '', {}),
  closes(1007, 'Request contains an invalid argument.', { imposedMs: SETUP_MS, wants: FRESH }),
  closes(1007, 'Invalid JSON payload received. Unknown name "x" at \'setup\': Cannot find field.', {
    wants: { end: 'either' },
  }),
  closes(1007, 'API key not valid. Please pass a valid API key.', { wants: { end: 'either' } }),
  closes(1008, 'Requested entity was not found.', { imposedMs: SETUP_MS, wants: FRESH }),
  closes(1008, 'The operation was aborted.', {}),
  closes(1008, 'Operation is not implemented, or supported, or enabled.', { imposedMs: SETUP_MS, wants: FRESH }),
  closes(1008, 'models/gemini-3.8-live is not found for API version v1beta', { wants: { end: 'either' } }),
  closes(1008, 'Your project has been denied access. Please contact support.', { wants: { end: 'either' } }),
  closes(1011, 'Internal error encountered.', {}),
  closes(1011, 'You exceeded your current quota, please check your plan and billing details.', {
    wants: { end: 'either' },
  }),
  closes(1011, 'Deadline expired before operation could complete.', {}),
  closes(1011, 'The service is currently unavailable.', {}),
  live({
    name: 'close 1006, caller speaks',
    moment: 'asking',
    baseline: 'no fault: asking',
    fault: drop,
    imposedMs: LOCK_MS + RESUME_MS,
    wants: RESUMED,
  }),
  live({
    name: 'close 1006, before the answer',
    moment: 'waiting',
    baseline: 'no fault: waiting',
    answer: { delayMs: 3_000 },
    fault: drop,
    imposedMs: LOCK_MS + RESUME_MS + TEXT_ANSWER_MS,
    wants: RESUMED,
  }),
  live({
    name: 'close 1011, before the answer',
    moment: 'waiting',
    baseline: 'no fault: waiting',
    answer: { delayMs: 3_000 },
    fault: close(1011, 'Internal error encountered.'),
    imposedMs: RESUME_MS + TEXT_ANSWER_MS,
    wants: RESUMED,
  }),
  live({
    name: 'close 1006, agent in mid-sentence',
    moment: 'answering',
    answer: SLOWLY,
    goesOn: true,
    patienceMs: PATIENCE_MS,
    fault: drop,
    imposedMs: LOCK_MS + RESUME_MS + TEXT_ANSWER_MS,
    wants: RESUMED,
  }),
  live({
    name: 'close 1011, agent in mid-sentence',
    moment: 'answering',
    answer: SLOWLY,
    goesOn: true,
    patienceMs: PATIENCE_MS,
    fault: close(1011, 'Internal error encountered.'),
    imposedMs: RESUME_MS + TEXT_ANSWER_MS,
    wants: RESUMED,
  }),
  live({
    name: 'TCP cut, caller speaks',
    moment: 'asking',
    baseline: 'no fault: asking',
    fault: network({ kind: 'cut' }),
    imposedMs: LOCK_MS + RESUME_MS,
    wants: RESUMED,
  }),
  live({
    name: 'TCP cut, agent in mid-sentence',
    moment: 'answering',
    answer: SLOWLY,
    goesOn: true,
    patienceMs: PATIENCE_MS,
    fault: network({ kind: 'cut' }),
    imposedMs: LOCK_MS + RESUME_MS + TEXT_ANSWER_MS,
    wants: RESUMED,
  }),
  live({
    name: 'half-dead link, caller speaks; resume refused, the old socket being open',
    moment: 'asking',
    baseline: 'no fault: asking',
    fault: network({ kind: 'freeze' }),
    patienceMs: ASKED_PATIENCE_MS,
    wants: { end: 'alive' },
  }),

  ...[401, 403].map((status) =>
    live({
      name: `HTTP ${status} at the handshake`,
      moment: 'start',
      before: network({ kind: 'refuse', status, times: 1_000 }),
      wants: { end: 'either' },
    }),
  ),
  ...[429, 503].map((status) =>
    live({
      name: `HTTP ${status} at the handshake, once`,
      moment: 'start',
      before: network({ kind: 'refuse', status, times: 1 }),
      wants: { end: 'alive', wholeAudio: true },
    }),
  ),
  live({
    name: 'HTTP 503 at the handshake, always',
    moment: 'start',
    before: network({ kind: 'refuse', status: 503, times: 1_000 }),
    wants: { end: 'goodbye' },
  }),
  live({
    name: 'HTTP 503 at the handshake of a resume',
    moment: 'asking',
    baseline: 'no fault: asking',
    fault: async (stage) => {
      await stage.model.network({ kind: 'refuse', status: 503, times: 1 });
      await stage.model.befall({ kind: 'close', code: 1011, reason: 'The service is currently unavailable.' });
    },
    wants: { end: 'alive', wholeAudio: true },
  }),
  live({
    name: 'setup never completes, once',
    moment: 'start',
    rest: { faults: [{ kind: 'silentSetup', times: 1 }] },
    wants: { end: 'alive' },
  }),
  live({
    name: 'setup never completes',
    moment: 'start',
    rest: { faults: [{ kind: 'silentSetup' }] },
    wants: { end: 'goodbye' },
  }),
  live({
    name: 'resume refused, too early',
    moment: 'asking',
    baseline: 'no fault: asking',
    // Refused as the service does it: 1011 within half a second, on the second socket.
    rest: { faults: [{ kind: 'close', connection: 2, atMs: 500, code: 1011, reason: 'Internal error encountered.' }] },
    fault: close(1011, 'The service is currently unavailable.'),
    wants: { end: 'alive', wholeAudio: true },
  }),
];
