/** Writes what was heard as WebVTT (https://www.w3.org/TR/webvtt1/), to be shown beside a recording of the call. */
import type { CallRecord, Line } from '../../transcript/index.ts';
import { fileStep } from './record-file.ts';

export const writeVtt = fileStep('write-vtt', 'vtt', 'vtt', asVtt);

/** WebVTT §4.1: a cue ends after it starts. A pressed key, or a word without a known length, is shown this long. */
const SHORTEST_CUE_MS = 500;

export function asVtt({ lines }: CallRecord): string {
  const cues = lines.filter(({ heardText }) => heardText !== '').map(cue);
  return `${['WEBVTT', ...cues].join('\n\n')}\n`;
}

function cue({ speaker, kind, heardText, cut, startMs, endMs }: Line): string {
  const beginMs = Math.max(0, startMs);
  const times = `${timestamp(beginMs)} --> ${timestamp(Math.max(endMs, beginMs + SHORTEST_CUE_MS))}`;
  const said = kind === 'digits' ? `(keys pressed: ${heardText})` : heardText;
  const voice = speaker === 'caller' ? 'Caller' : 'Agent';
  // A class on the voice tag: players show it as they like, and readers of the file can tell that more was to come.
  return `${times}\n<v${cut ? '.cut' : ''} ${voice}>${escaped(said)}${cut ? ' …' : ''}`;
}

/** §4.2.2: these cannot stand in a cue's text; nor can an empty line, which would end the cue. */
function escaped(text: string): string {
  return text.replace(/\s+/gu, ' ').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** hh:mm:ss.ttt */
function timestamp(ms: number): string {
  const part = (value: number, digits: number): string => String(Math.floor(value)).padStart(digits, '0');
  return `${part(ms / 3_600_000, 2)}:${part((ms / 60_000) % 60, 2)}:${part((ms / 1_000) % 60, 2)}.${part(ms % 1_000, 3)}`;
}
