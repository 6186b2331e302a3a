/** Running calls in Redis: each process sees those of all, and takes up what another one left. */
import { asFailure, type Clock, Failure, Recent } from '../lib/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { type CallFacts, type Entry, type Outbox, transferOf } from '../transcript/index.ts';
import { entriesOf, factsFrom, factsListSchema, lookedSchema, takenSchema } from './answers.ts';
import type { CallScripts } from './call-scripts.ts';
import type { CallStore, CallStoreHandlers, Known } from './call-store.ts';
import { ENDED_CALLS } from './ended-calls.ts';
import { LetGo } from './let-go.ts';
import { Membership } from './membership.ts';
import { type Holding, RedisLeftCalls } from './redis-left-calls.ts';
import type { RedisLink } from './redis-link.ts';
import { redisWhereabouts } from './redis-whereabouts.ts';
import type { StoreTimes } from './store-times.ts';
import { type HeldCall, WriteBehind } from './write-behind.ts';

export interface RedisCallStoreOptions {
  readonly link: RedisLink;
  readonly scripts: CallScripts;
  /** Not the id of any process that was. */
  readonly processId: string;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly times: StoreTimes;
  /** What is told of a call whose process died, and that nobody took up in time. */
  readonly lostAnswer: string;
  readonly handlers: CallStoreHandlers;
}

/** Resolves after the first beat, or when Redis did not answer it. */
export async function openRedisCallStore(options: RedisCallStoreOptions): Promise<CallStore> {
  const { link, scripts, processId, outbox, clock, logger, times, handlers } = options;
  /** What is told of each. */
  const ended = new Recent<string>(clock, ENDED_CALLS);
  /** Calls that are being taken: what is to be done with them waits. */
  const taking = new Map<string, Promise<unknown>>();
  const writes = new WriteBehind({ link, scripts, processId, times, entries: (id) => outbox.entries(id), lost });
  const { calls } = writes;
  const membership = new Membership({
    link,
    scripts,
    processId,
    clock,
    times,
    handlers: {
      forgotten: () => writes.restoreAll(),
      lost: (callIds) => void Promise.all(callIds.map(loseIfTaken)),
      claimed: (claims) => left.claimed(claims),
      owned: (callIds) => left.owned(callIds.filter((callId) => !letGo.has(callId))),
      beaten: () => {
        void writes.flush();
        void letGo.tell();
      },
    },
  });

  const isHeld = (callId: string): boolean => calls.has(callId) || taking.has(callId);
  const letGo = new LetGo({ link, scripts, processId, isHeld });
  const left = new RedisLeftCalls({
    ...options,
    deadBeforeMs: () => membership.deadBeforeMs,
    isHeld,
    hold,
    end: (callId, answer) => store.end(callId, answer),
  });

  const lookInRedis = (callId: string) => link.ask(() => scripts.look(callId, processId, membership.deadBeforeMs));

  function hold(facts: CallFacts, call: Holding): HeldCall {
    const held = {
      facts,
      ...call,
      pending: [],
      answer: undefined,
      endTold: false,
      published: false,
      fenced: 'no' as const,
    };
    calls.set(facts.callId, held);
    return held;
  }

  /** Another process has it. Of a call that has ended here, the outbox asks before it makes a record. */
  function lost(callId: string, call: HeldCall): void {
    fence(call);
    if (call.answer !== undefined) return;
    calls.delete(callId);
    logger.warn({ callId }, 'another process took the call');
    handlers.taken(callId);
    void logged(outbox.discard(callId, call.fenced === 'lacking' ? 'lacking' : undefined), callId);
  }

  /** Once, as soon as it is known: by then this process may know what Redis did not hear of in time, when the two were cut off from each other. */
  function fence(call: HeldCall): void {
    if (call.fenced !== 'no') return;
    // What came since the call was taken, and this process not yet told, is expected.
    const expectedSinceMs = clock.nowMs() - 2 * times.beatMs;
    const isUntold = ({ type, at }: Entry) => type === 'line' && at < expectedSinceMs;
    call.fenced = call.restore || entriesOf(call.pending).some(isUntold) ? 'lacking' : 'whole';
  }

  /** Whether a later epoch than that of this process is known. */
  async function isTaken(callId: string, { epoch }: HeldCall): Promise<boolean> {
    const looked = lookedSchema.safeParse(await lookInRedis(callId));
    return looked.success && looked.data[4] > epoch;
  }

  async function loseIfTaken(callId: string): Promise<void> {
    const call = calls.get(callId);
    if (call === undefined || call.fenced !== 'no') return;
    const taken = await isTaken(callId, call).catch(() => false);
    if (taken && calls.get(callId) === call) lost(callId, call);
  }

  async function logged<T>(work: Promise<T>, callId: string): Promise<T | undefined> {
    try {
      return await work;
    } catch (error) {
      logger.error({ callId, err: asFailure(error, 'JOURNAL_WRITE') }, 'journal of a call that changes hands');
      return undefined;
    }
  }

  async function look(callId: string): Promise<Known> {
    const held = calls.get(callId);
    if (held !== undefined && held.answer === undefined) return { state: 'running', holder: 'here', facts: held.facts };
    const answer = ended.get(callId);
    if (answer !== undefined) return { state: 'ended', answer };
    const looked = lookedSchema.safeParse(await lookInRedis(callId).catch(() => undefined));
    if (looked.success) {
      const [state, holder, stored, its, , , last] = looked.data;
      const facts = factsFrom(stored);
      if (state === 'ended') return { state, answer: its };
      // `here` without our knowing it: it was let go, and Redis did not hear of that.
      const transfer = transferOf(entriesOf([last]));
      const free = holder === 'here' ? 'none' : holder;
      if (facts !== undefined) return { state, holder: free, facts, ...(transfer && { transfer }) };
    }
    const found = await logged(outbox.find(callId), callId);
    return found === undefined ? { state: 'unknown' } : { state: 'running', ...found };
  }

  /** Whether Redis has everything of the call, and knows that it is free. */
  async function releaseInRedis(callId: string, call: HeldCall, entries: readonly Entry[]): Promise<boolean> {
    await writes.flush();
    if (!writes.isClean(call) || call.fenced !== 'no') return false;
    return letGo.release(callId, call, entries).catch(() => false);
  }

  async function take(facts: CallFacts): Promise<{ readonly entries: readonly Entry[] }> {
    const { callId } = facts;
    const held = calls.get(callId);
    if (held !== undefined && held.answer === undefined) return { entries: outbox.entries(callId) };
    if (held !== undefined || ended.get(callId) !== undefined) throw overAlready();
    const wallMs = Math.ceil(clock.wallMs());
    const answer = await link
      .ask(() => scripts.take(callId, processId, wallMs, JSON.stringify(facts)))
      .catch(() => undefined);
    if (Array.isArray(answer) && answer[0] === 'ended') throw overAlready();
    const taken = takenSchema.safeParse(answer);
    const [, epoch, total, stored] = taken.success ? taken.data : (['taken', wallMs, 0, []] as const);
    const inStore = entriesOf(stored);
    const entries = await left.longest(callId, inStore);
    const fromDisk = entries !== inStore;
    // The call was answered while this was being asked: what was written meanwhile is in the journal alone, which has no more.
    const isOpen = outbox.entries(callId).length > 0;
    const restore = isOpen || fromDisk || !taken.success;
    const journal = !isOpen && (fromDisk || taken.success) ? 'all' : 'own';
    hold(facts, { epoch, total, restore, journal, earlier: entries.length });
    return { entries };
  }

  const store: CallStore = {
    get away() {
      return link.away;
    },
    look,
    async running(max) {
      const here = [...calls.values()].flatMap(({ answer, facts }) => (answer === undefined ? [facts] : []));
      const told = factsListSchema.safeParse(await link.ask(() => scripts.running(max)).catch(() => undefined));
      const elsewhere = (told.data ?? []).flatMap((stored) => factsFrom(stored) ?? []);
      return [...new Map([...elsewhere, ...here].map((facts) => [facts.callId, facts])).values()].slice(0, max);
    },
    take(facts) {
      const { callId } = facts;
      const taken = take(facts).finally(() => taking.delete(callId));
      taking.set(
        callId,
        taken.catch(() => undefined),
      );
      return taken;
    },
    takeLeft: (facts) => left.takeLeft(facts),
    append: (callId, entry) => writes.append(callId, entry),
    async release(callId) {
      await taking.get(callId);
      const call = calls.get(callId);
      if (call === undefined) return;
      const entries = outbox.entries(callId);
      const released = await releaseInRedis(callId, call, entries);
      calls.delete(callId);
      // Who was fenced has discarded it.
      if (call.fenced !== 'no') return;
      if (!released) letGo.keep(callId, call, entries);
      await logged(released ? outbox.discard(callId) : outbox.release(callId), callId);
      if (!released)
        logger.warn(
          { callId },
          'call let go on this disk only, until the shared store is back: it does not have all of it',
        );
    },
    async end(callId, answer) {
      await taking.get(callId);
      const call = calls.get(callId);
      if (call === undefined) {
        const known = await look(callId);
        if (known.state === 'running' && (known.holder === 'dead' || known.holder === 'none')) {
          ended.note(callId, answer);
          await left.settle(callId, answer);
        }
        return;
      }
      ended.note(callId, answer);
      call.answer ??= answer;
      await writes.flush();
    },
    leaves: () => membership.leaves(),
    neighbours: () =>
      link
        .ask(() => scripts.neighbours(processId, membership.deadBeforeMs))
        .then(
          (living) => Math.max(0, Number(living)),
          () => 0,
        ),
    whereabouts: redisWhereabouts({ link, scripts, writes, handlers, lookInRedis, isTaken, fence }),
    async close() {
      membership.stop();
      await writes.flush();
      await letGo.tell();
      await link.ask(() => scripts.leave(processId)).catch(() => undefined);
    },
  };
  await membership.start();
  return store;
}

function overAlready(): Failure {
  return new Failure('STREAM_DUPLICATE', 'the call has already ended');
}
