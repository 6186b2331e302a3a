/** A process to be killed: plays calls without end, from journal to files, and says of each when its end is journaled. */
import { systemClock } from '../../../src/lib/index.ts';
import { began, said } from '../transcript/given.ts';
import { say } from '../transcript/killed.ts';
import { openPipeline } from './pipeline-parts.ts';

const { outbox, worker } = await openPipeline(process.argv[2]!);
await worker.start();
for (let call = 1; ; call++) {
  const callId = `CA-${process.pid}-${call}`;
  const journal = outbox.open(callId);
  journal.append(began(callId));
  journal.append(said('caller', `I am ${callId}`));
  journal.append({ type: 'ended', at: Math.round(systemClock.nowMs()), outcome: { kind: 'completed' } });
  say(callId);
  outbox.settle(callId);
  await outbox.idle(1_000);
}
