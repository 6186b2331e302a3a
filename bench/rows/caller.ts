/** Every way in which the caller's side can break, with one service process. */
import type { LineFault } from '../../src/simulator/index.ts';
import type { Row, Wants } from '../row.ts';
import { type TalkRow, talkRow } from './talk-row.ts';

/** In the middle of the caller's question, which is said from about 4 to 7 s. */
const ASKING_MS = 5_400;
/** In the middle of the answer, which begins at about 8 s. */
const ANSWERING_MS = 9_000;
/** Longer than a stream is waited for that brings nothing, and a caller who still speaks afterwards. */
const MUTE_MS = 12_000;
const LONG_MS = 20_000;
/** The frame on its way, and the block of the measurement that it cuts. */
const EDGE_MS = 40;

/** A fault befalls one stream: there is one for each frame with which the second may begin. */
const DEAD_LINE: readonly LineFault[] = [0, ...Array.from({ length: 250 }, (_, i) => 10_000 + 20 * i)].map((atMs) => ({
  fault: 'silence',
  atMs,
  lengthMs: 120_000,
}));

const ALIVE: Wants = { end: 'alive', wholeAudio: true };
const PROMPT: Wants = { ...ALIVE, promptGap: true };

function caller(name: string, lineFaults: readonly LineFault[], row: Partial<TalkRow> = {}): Row {
  return talkRow({
    group: "caller's side breaks",
    name,
    moment: 'never',
    baseline: 'no fault: asking',
    lineFaults,
    wants: PROMPT,
    ...row,
  });
}

export const callerRows: readonly Row[] = [
  caller('a gap of 400 ms in the time line', [{ fault: 'gap', atMs: ASKING_MS, lengthMs: 400 }], {
    imposedLossMs: 400 + EDGE_MS,
  }),
  caller('400 ms of no media, stamps go on', [{ fault: 'silence', atMs: ASKING_MS, lengthMs: 400 }], {
    imposedLossMs: 400 + EDGE_MS,
  }),
  caller('400 ms of frames lost: chunk, sequence and stamp jump', [{ fault: 'loss', atMs: ASKING_MS, lengthMs: 400 }], {
    imposedLossMs: 400 + EDGE_MS,
  }),
  caller('a burst: 1 s held back, then all at once', [{ fault: 'burst', atMs: ASKING_MS, lengthMs: 1_000 }]),
  caller('stamps jump back', [{ fault: 'timestamps', atMs: ASKING_MS, toMs: 1_000 }]),
  caller('stamps jump a minute ahead', [{ fault: 'timestamps', atMs: ASKING_MS, toMs: 65_000 }], { wants: ALIVE }),
  caller(
    'no media at all, until the provider was made to open another stream',
    [{ fault: 'silence', atMs: 0, lengthMs: MUTE_MS }],
    {
      questionMs: LONG_MS,
      wants: { end: 'alive' },
    },
  ),
  caller(
    'no more media in mid-call, until the provider was made to open another stream',
    [{ fault: 'silence', atMs: ASKING_MS, lengthMs: MUTE_MS }],
    {
      questionMs: LONG_MS,
      wants: { end: 'alive' },
    },
  ),
  caller('no media at all, from any stream', DEAD_LINE, {
    baseline: undefined,
    questionMs: LONG_MS,
    wants: { end: 'goodbye' },
  }),
  caller('no stop at the end', [], { habits: { stop: false } }),
  caller('1006, and the provider asks the action', [{ fault: 'cut', atMs: ASKING_MS }], {
    habits: { brokenStream: { leadsTo: 'action' } },
    wants: { end: 'alive' },
  }),
  caller('1006, and the provider goes on to the next verb', [{ fault: 'cut', atMs: ASKING_MS }], {
    habits: { brokenStream: { leadsTo: 'nextVerb' } },
    wants: { end: 'alive' },
  }),
  caller('1006, and the provider opens a second stream', [{ fault: 'cut', atMs: ASKING_MS }], {
    habits: { brokenStream: { leadsTo: 'secondStream' } },
    wants: { end: 'alive' },
  }),
  caller('1006, and the provider does nothing', [{ fault: 'cut', atMs: ASKING_MS }], {
    habits: { brokenStream: { leadsTo: 'nothing' } },
    wants: { end: 'alive' },
  }),
  caller('a slow reader: 6 s of nothing read', [{ fault: 'slowReader', atMs: ANSWERING_MS, lengthMs: 6_000 }], {
    baseline: undefined,
    wants: ALIVE,
  }),
  caller('a second stream for the same call', [{ fault: 'secondStream', atMs: ASKING_MS }]),
];
