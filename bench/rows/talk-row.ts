/** Rows that are one talk with one service process. */
import type { LineFault, ProviderHabitsInput } from '../../src/simulator/index.ts';
import type { Row } from '../row.ts';
import { type Stage, setStage } from '../stage.ts';
import { type Change, INTO_SPEECH_MS, type Moment, QUESTION_MS, scenario, talk } from '../talk.ts';

export interface TalkRow extends Omit<Row, 'play' | 'spokenOverMs'>, Change {
  readonly moment: Moment;
  readonly fault?: ((stage: Stage) => Promise<unknown>) | undefined;
  /** Before the phone rings. */
  readonly before?: ((stage: Stage) => Promise<unknown>) | undefined;
  /** Before the service starts. */
  readonly prepare?: ((configDir: string) => void) | undefined;
  readonly agent?: Readonly<Record<string, unknown>> | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly habits?: ProviderHabitsInput | undefined;
  readonly lineFaults?: readonly LineFault[] | undefined;
  readonly patienceMs?: number | undefined;
  readonly questionMs?: number | undefined;
  readonly breaksInAfterMs?: number | undefined;
}

export function talkRow(row: TalkRow): Row {
  const { fault } = row;
  return {
    ...row,
    spokenOverMs: row.moment === 'asking' ? QUESTION_MS - INTO_SPEECH_MS : 0,
    async play({ models, receiver, twilio }) {
      const model = scenario(row);
      const stage = await setStage({ models, receiver, twilio, scenario: model, agent: row.agent, env: row.env });
      try {
        row.prepare?.(stage.configDir);
        const { port } = await stage.serve();
        await row.before?.(stage);
        const { experience } = await talk({
          stage,
          url: `http://localhost:${port}`,
          moment: row.moment,
          fault: fault && (() => fault(stage)),
          habits: row.habits,
          lineFaults: row.lineFaults?.length === 0 ? undefined : row.lineFaults,
          switchboard: twilio.switchboard,
          patienceMs: row.patienceMs,
          questionMs: row.questionMs,
          breaksInAfterMs: row.breaksInAfterMs,
        });
        return experience;
      } finally {
        await stage.close();
      }
    },
  };
}
