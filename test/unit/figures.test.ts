/** Deadlines and limits that an operator reads about are those of the code. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FLOW } from '../../src/call/machine.ts';
import { ASK_ABOUT_ORPHAN_AFTER_MS, ASK_AFTER_MS } from '../../src/call/rescue.ts';
import { RECALL_BY_OTHERS_MS, RECALL_MS } from '../../src/call/returns.ts';
import { STORE_TIMES } from '../../src/cluster/index.ts';
import { SLOT_LEASE_MS } from '../../src/cluster/redis-slots.ts';
import { MAX_ONE_MOMENT_SECONDS } from '../../src/config/patience-file.ts';
import { HTTP_LIMITS } from '../../src/http/limits.ts';
import { askingMs, closingMs, constantOf, defaultGraceMs } from '../support/stop-time.ts';

const page = (name: string): string =>
  readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8').replaceAll(/\s+/g, ' ');

const { beatMs, leaseMs, orphanMs } = STORE_TIMES;
const owners = 'src/transcript/owners.ts';
const diskLeaseMs = constantOf(owners, 'LEASE_MS');

/** What a page says, with its figures in seconds, and what the code has for each in ms. */
const SAID: readonly (readonly [page: string, text: RegExp, ...ms: number[]])[] = [
  [
    'closing.md',
    /within (\d+) s of asking Twilio by REST to come back, and within (\d+) s of taking the call up/,
    RECALL_MS,
    RECALL_BY_OTHERS_MS,
  ],
  ['closing.md', /the call waits (\d+) s for another stream/, FLOW.adrift.deadlineMs],
  ['closing.md', /gives no sign of life for (\d+) s/, constantOf('src/telephony/heartbeat.ts', 'SILENT_PEER_MS')],
  ['closing.md', /comes from the stream for (\d+) s/, constantOf('src/call/hear-caller.ts', 'MAX_STREAM_SILENCE_MS')],
  ['closing.md', /no stream for (\d+) s after the ring/, FLOW.ringing.deadlineMs],
  ['closing.md', /every (\d+) s \| `taken`/, constantOf('src/call/sought.ts', 'LOOK_EVERY_MS')],
  [
    'closing.md',
    /no session (\d+) s after the stream's start, or (\d+) s after a break/,
    FLOW.connecting.deadlineMs,
    FLOW.resuming.deadlineMs,
  ],
  ['closing.md', /`\/twilio\/stream-ended` \| (\d+) s after the break/, ASK_AFTER_MS],
  [
    'closing.md',
    /(\d+) s after it knows: with Redis, (\d+) to (\d+) s after/,
    ASK_ABOUT_ORPHAN_AFTER_MS,
    leaseMs,
    leaseMs + 2 * beatMs,
  ],
  [
    'closing.md',
    /else (\d+) to (\d+) s after the last beat/,
    diskLeaseMs,
    diskLeaseMs + 2 * constantOf(owners, 'BEAT_MS'),
  ],
  ['closing.md', /at most once in (\d+) s/, constantOf('src/call/rescue.ts', 'ASK_AGAIN_AFTER_MS')],
  ['closing.md', /leases run out after (\d+) s/, SLOT_LEASE_MS],
  ['running.md', /a lease of (\d+) s that is renewed every (\d+) s/, SLOT_LEASE_MS, SLOT_LEASE_MS / 3],
  ['running.md', /after (\d+) to (\d+) s without its beat/, leaseMs, leaseMs + 2 * beatMs],
  ['running.md', /the grace time \(`--grace`, (\d+) s\)/, defaultGraceMs()],
  ['running.md', /or after (\d+) s; its session/, constantOf('src/call/drain.ts', 'QUIET_MOMENT_MS')],
  ['running.md', /said to its end, up to (\d+) s/, constantOf('src/call/drain.ts', 'LAST_WORDS_MS')],
  ['running.md', /At the worst that takes (\d+) s after the grace time/, closingMs()],
  ['../docker-compose.yml', /and (\d+) s to hand over those that do not/, closingMs()],
  ['../docker-compose.yml', /(\d+) s of asking Twilio/, askingMs],
  ['../deploy/kubernetes/serve.yaml', /at most (\d+) s to hand over those that do not/, closingMs()],
  ['running.md', /`--grace 240`, and (\d+) s for the rest/, closingMs()],
  ['running.md', /the jobs that it is at, for up to (\d+) s/, constantOf('src/cli/worker.ts', 'GRACE_MS')],
  ['running.md', /8 kHz, mono and no longer than (\d+) s/, constantOf('src/cli/own-sounds.ts', 'MAX_ON_STREAM_MS')],
  ['agents.md', /is brought back as well, which may take up to (\d+) s/, FLOW.resuming.deadlineMs],
  ['agents.md', /8 kHz in mono and up to (\d+) s long/, MAX_ONE_MOMENT_SECONDS * 1_000],
  ['after-the-call.md', /no answer within (\d+) s/, constantOf('src/live/generate.ts', 'DEADLINE_MS')],
  ['errors.md', /did not come back within (\d+) s/, FLOW.parted.deadlineMs],
  ['errors.md', /could not be brought back within (\d+) s/, FLOW.resuming.deadlineMs],
];

for (const [name, text, ...ms] of SAID) {
  test(`${name}: ${text.source}`, () => {
    const [, ...seconds] = text.exec(page(name)) ?? [];
    expect(seconds.map(Number)).toEqual(ms.map((figure) => figure / 1_000));
  });
}

test('what is said in other units holds, too', () => {
  expect(orphanMs).toBe(60_000);
  expect(page('running.md')).toContain('A call that nobody takes up within a minute becomes a record');
  expect(page('running.md')).toContain(`a process takes ${HTTP_LIMITS.connections.toLocaleString('en')} connections`);
  const lateMs = constantOf('src/call/overload.ts', 'TOO_LATE_MS');
  expect(page('running.md')).toContain(`more than ${lateMs} ms late in the mean for four seconds`);
  const windows = constantOf('src/call/overload.ts', 'LATE_WINDOWS');
  expect(constantOf('src/call/overload.ts', 'WINDOW_MS') * windows).toBe(4_000);
});
