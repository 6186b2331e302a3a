/**
 * A process to be killed at any moment: several calls at a time, from what is said to what follows, without end. It says of
 * each line and each end that it is journaled, once it is.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemClock } from '../../../src/lib/index.ts';
import { beginTranscript } from '../../../src/transcript/index.ts';
import { seededRandom } from '../../support/random.ts';
import { callFacts } from '../transcript/given.ts';
import { say } from '../transcript/killed.ts';
import { openPipeline } from './pipeline-parts.ts';

const [, , folder, seed, webhookUrl, redisUrl] = process.argv;
const chance = seededRandom(Number(seed));
const { outbox, worker } = await openPipeline(folder!, { webhookUrl, redisUrl });
say('ready');
await outbox.recover();
await worker.start();

let calls = 0;
/** As long as a dialogue is, in lines, and as many at a time. */
const MOST_LINES = 12;
const AT_A_TIME = 3;

async function play(callId: string): Promise<void> {
  const { collector, close } = beginTranscript({
    call: callFacts(callId),
    clock: systemClock,
    outbox,
    watch: (_, entry) => {
      if (entry.type === 'line') say(`${callId}\tline\t${entry.line.text}`);
      if (entry.type === 'ended') say(`${callId}\tended`);
    },
  });
  const now = () => Math.round(systemClock.nowMs());
  collector.answered(now());
  const lines = Math.floor(chance() * MOST_LINES);
  for (let line = 0; line < lines; line++) {
    collector.digit(String(line % 10), now());
    collector.callerSaid(`line ${line} of ${callId}: ${'ü'.repeat(chance() * 400)}`, now());
    collector.callerVoice('started', now());
    collector.callerVoice('ended', now());
    for (let turn = chance() * 5; turn > 0; turn--) await nextTurn();
  }
  collector.end({ kind: 'completed' }, now());
  close();
  await outbox.idle(1_000);
}

const playOn = async (): Promise<never> => {
  for (;;) await play(`CA-${process.pid}-${calls++}`);
};
for (let call = 0; call < AT_A_TIME; call++) void playOn();
