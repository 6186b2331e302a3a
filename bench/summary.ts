/** The rows of the table of faults that the README shows, in the words of somebody who has not read the rest. */
import { markdownTable } from './table.ts';

interface Shown {
  /** As the table of faults has it. */
  readonly fault: string;
  readonly breaks: string;
  /** What becomes of the call, where the row is as it should be. */
  readonly becomes: string;
}

const RESTARTED = 'processes: kill -9 of the only process, which starts again';

const SHOWN: readonly Shown[] = [
  {
    fault: 'session breaks: goAway, caller speaks',
    breaks: 'Gemini announces the end of a connection while the caller speaks',
    becomes: 'is answered as if nothing had been',
  },
  {
    fault: 'session breaks: close 1011 Internal error encountered.',
    breaks: 'Gemini closes the session with an error while the caller speaks',
    becomes: 'is answered as if nothing had been',
  },
  {
    fault: 'session breaks: close 1006, agent in mid-sentence',
    breaks: 'the socket to Gemini breaks while the agent speaks',
    becomes: 'hears a pause, then the rest of the sentence',
  },
  {
    fault: 'session breaks: HTTP 503 at the handshake, always',
    breaks: 'Gemini is down, and the agent has no alternative',
    becomes: "hears an apology, then gets the agent's `fallback`",
  },
  {
    fault: 'session mute: no answer to the caller',
    breaks: 'Gemini is connected and says nothing',
    becomes: 'waits until the agent was nudged, and is answered',
  },
  {
    fault: "caller's side breaks: 1006, and the provider does nothing",
    breaks: "Twilio's stream breaks, and Twilio does not come back by itself",
    becomes: 'is brought back by the REST API, and goes on',
  },
  {
    fault: 'processes: kill -9 of the holder, two replicas on Redis: the provider asks the action',
    breaks: '`kill -9` of the process, beside another one',
    becomes: 'goes on in the other process, with the same conversation',
  },
  {
    fault: `${RESTARTED}: the provider does nothing, the REST API brings the call back`,
    breaks: '`kill -9` of the only process, which is started again',
    becomes: 'is brought back, and goes on with the same conversation',
  },
  {
    fault: 'processes: SIGTERM: the call outlasts the grace time, and is handed over',
    breaks: 'a deploy, and the call outlasts the grace time',
    becomes: 'goes on in another process',
  },
  {
    fault: 'processes: Redis away in mid-call, back after 3 s',
    breaks: 'Redis is away for seconds',
    becomes: 'notices nothing',
  },
];

const HEAD = ['what breaks', 'the caller', 'silence until the agent is heard', 'without the fault', 'speech unheard'];

/** Of the table of faults as `bench:faults` prints it. Throws when a row is not there any more. */
export function summaryOf(faults: string): string {
  const rows = new Map(faults.split('\n').map((line) => [cellsOf(line)[0], cellsOf(line)]));
  return markdownTable(
    HEAD,
    SHOWN.map(({ fault, breaks, becomes }) => {
      const row = rows.get(fault);
      if (row === undefined) throw new Error(`no row for ${fault}`);
      const [, gap = '', without = '', , lost = ''] = row;
      const verdict = row.at(-1) ?? '';
      return [breaks, verdict === 'pass' ? becomes : verdict, gap, without, lost];
    }),
  );
}

function cellsOf(line: string): string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());
}
