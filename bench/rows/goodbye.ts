/** Every goodbye: what a caller gets when the agent cannot speak, or no longer. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tone, writeWav } from '../../src/audio/index.ts';
import type { Row } from '../row.ts';
import { type Stage, setStage } from '../stage.ts';
import { scenario, talk } from '../talk.ts';
import { type TalkRow, talkRow } from './talk-row.ts';

const SORRY = 'I am sorry, something is wrong here. Goodbye.';
const denied = ({ model }: Stage) =>
  model.befall({ kind: 'close', code: 1008, reason: 'Your project has been denied access. Please contact support.' });

function goodbye(name: string, row: Partial<TalkRow>): Row {
  return talkRow({ group: 'goodbye', name, moment: 'answering', fault: denied, wants: { end: 'goodbye' }, ...row });
}

/** The folder of an agent's own sounds is made before the service starts. */
function writeSounds(configDir: string): void {
  mkdirSync(join(configDir, 'sounds'), { recursive: true });
  writeFileSync(
    join(configDir, 'sounds/goodbye.wav'),
    writeWav(tone({ hz: 440, lengthMs: 1_500, dbov: -20 }, 8000), 8000),
  );
}

export const goodbyeRows: readonly Row[] = [
  goodbye('the bundled recording', {}),
  goodbye('said by the provider', { agent: { fallback: { say: SORRY } } }),
  goodbye('a recording of one’s own', { agent: { fallback: { play: 'goodbye.wav' } }, prepare: writeSounds }),
  goodbye('a transfer to a number', { agent: { fallback: { say: SORRY, transfer: { to: '+15550199' } } } }),
  goodbye('a transfer to a SIP address', { agent: { fallback: { transfer: { to: 'sip:desk@example.com' } } } }),
  goodbye('voicemail', { agent: { fallback: { say: SORRY, voicemail: {} } } }),
  goodbye('a session refused before the first word', {
    moment: 'start',
    fault: undefined,
    before: ({ model }) => model.network({ kind: 'refuse', status: 403, times: 1_000 }),
    agent: { fallback: { say: SORRY } },
  }),
  goodbye('a model that is not there', {
    moment: 'start',
    fault: undefined,
    rest: {
      faults: [
        { kind: 'close', atMs: 50, code: 1008, reason: 'models/gemini-3.8-live is not found for API version v1beta' },
      ],
    },
    agent: { fallback: { say: SORRY } },
  }),
  {
    group: 'goodbye',
    name: 'a full service',
    wants: { end: 'busy', records: 0 },
    async play({ models, receiver, twilio }) {
      const stage = await setStage({ models, receiver, twilio, scenario: scenario(), env: { MAX_CALLS: '1' } });
      try {
        const { port } = await stage.serve();
        const url = `http://localhost:${port}`;
        const leave = new AbortController();
        let answered: () => void = () => undefined;
        const first = new Promise<void>((resolve) => {
          answered = resolve;
        });
        const onEvent = ({ type }: { readonly type: string }): void => {
          if (type === 'streamStarted') answered();
        };
        const holding = talk({ stage, url, moment: 'never', signal: leave.signal, onEvent });
        await first;
        const { experience } = await talk({ stage, url, moment: 'never', recordExpected: false });
        leave.abort();
        await holding;
        return experience;
      } finally {
        await stage.close();
      }
    },
  },
];
