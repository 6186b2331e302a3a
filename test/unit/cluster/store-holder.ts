/** A process to be killed or stopped: holds a call, and says what becomes of it. Woken up again, it ends the call at once. */
import { systemClock } from '../../../src/lib/index.ts';
import { startStoreProcess } from '../../support/store-processes.ts';
import { say } from '../transcript/killed.ts';
import { PATIENT_TIMES } from './patient-times.ts';

const [folder = '', redisUrl = ''] = process.argv.slice(2);
const holder = await startStoreProcess({
  folder,
  redisUrl,
  clock: systemClock,
  times: PATIENT_TIMES,
  publish: async () => say('published'),
});
const { transcript } = await holder.begin('CA1');
for (let line = 1; line <= 50; line++) transcript.collector.event(systemClock.nowMs(), 'LIVE_LOST', `${line}`);
process.on('SIGCONT', async () => {
  transcript.collector.end({ kind: 'callerGone' }, systemClock.nowMs());
  transcript.close();
  await holder.store.end('CA1', 'hangUp');
  await holder.outbox.idle(10_000);
  say('ended');
});
say('holding');
