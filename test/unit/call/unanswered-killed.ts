/** A process to be killed: is told that nobody answered a call, answers that, and has a queue that takes nothing. */
import { join } from 'node:path';
import { systemClock, systemIds } from '../../../src/lib/index.ts';
import { createMetrics } from '../../../src/telemetry/index.ts';
import { openOwners } from '../../../src/transcript/index.ts';
import { ORDER } from '../../support/outbound-order.ts';
import { say } from '../transcript/killed.ts';
import { openUnanswered } from './unanswered-given.ts';

const folder = process.argv[2]!;
const owners = openOwners({ folder: join(folder, 'owners'), clock: systemClock, ids: systemIds });
const publish = (): Promise<void> => new Promise(() => undefined);
const { unanswered } = openUnanswered({ folder, clock: systemClock, owners, publish, metrics: createMetrics() });
await unanswered.ended(
  'CA1',
  { ...ORDER, orderedAtMs: systemClock.nowMs() },
  { kind: 'unanswered', end: 'busy' },
  false,
);
say('told');
