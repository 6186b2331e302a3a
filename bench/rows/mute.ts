/** Every way in which a session can be connected and yet mute. */
import type { Row } from '../row.ts';
import { type TalkRow, talkRow } from './talk-row.ts';

const mute = (row: Omit<TalkRow, 'group' | 'wants'>): Row =>
  talkRow({ group: 'session mute', ...row, wants: { end: 'alive', wholeAudio: true } });

/** The caller listens this long for more of a sentence that broke off: longer than the watchdog's first rungs. */
const PATIENCE_MS = 15_000;
const SLOWLY = { speed: 1 } as const;

export const muteRows: readonly Row[] = [
  mute({ name: 'no answer to the caller', moment: 'never', baseline: 'no fault: asking', answer: { says: undefined } }),
  mute({
    name: 'turnComplete without sound',
    moment: 'never',
    baseline: 'no fault: asking',
    answer: { fault: { kind: 'emptyTurn' } },
  }),
  mute({
    name: 'sound near zero level',
    moment: 'never',
    baseline: 'no fault: asking',
    answer: { fault: { kind: 'nearSilentAudio' } },
  }),
  mute({
    name: 'a steady tone',
    moment: 'never',
    baseline: 'no fault: asking',
    answer: { sound: { toneHz: 1_000, lengthMs: 60_000 }, delivery: SLOWLY },
  }),
  mute({
    name: 'a stall in mid-sentence',
    moment: 'answering',
    patienceMs: PATIENCE_MS,
    answer: { fault: { kind: 'stall', afterMs: 1_500 }, delivery: SLOWLY },
  }),
  mute({
    name: 'a phantom interruption in mid-sentence',
    moment: 'answering',
    patienceMs: PATIENCE_MS,
    answer: { fault: { kind: 'phantomInterrupted', afterMs: 1_500 }, delivery: SLOWLY },
  }),
  mute({
    name: 'frozen after interrupted',
    moment: 'thanking',
    breaksInAfterMs: 1_500,
    answer: { fault: { kind: 'freezeAfterInterrupted' } },
  }),
  mute({
    name: 'no turnComplete',
    moment: 'never',
    baseline: 'no fault: asking',
    answer: { fault: { kind: 'missingTurnComplete' } },
  }),
  mute({
    name: 'no frame of any kind',
    moment: 'asking',
    baseline: 'no fault: asking',
    fault: ({ model }) => model.befall({ kind: 'stall' }),
  }),
];
