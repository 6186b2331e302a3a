/** Who is let in, who is not, and that each place is given back once. */
import { describe, expect, test } from 'vitest';
import { Admission, type Admittance, type CallSlots, type RingingCall } from '../../../src/call/index.ts';
import { Failure } from '../../../src/lib/index.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { type MemorySlots, memorySlots } from '../../support/memory-slots.ts';

interface Options {
  readonly maxCalls?: number;
  readonly slots?: MemorySlots;
  readonly isOn?: boolean;
  readonly secret?: string;
}

function given({ maxCalls = 10, slots = memorySlots(), isOn = false, secret = 's' }: Options = {}) {
  const clock = new ManualClock();
  const metrics = createMetrics();
  const log: string[] = [];
  const logger = createLogger({ level: 'trace', destination: { write: (line) => void log.push(line) } });
  const overload = { isOn };
  const admission = new Admission({ clock, logger, metrics, slots, maxCalls, overload, secret });
  const admit = async (callId: string, request: Partial<Admittance> = {}, from = '+15550100') => {
    try {
      await admission.admit({ call: call(callId, from), limits: {}, ...request });
      return 'in';
    } catch (error) {
      return error instanceof Failure ? error.code : error;
    }
  };
  return { clock, metrics, log, admission, admit, slots, overload };
}

const call = (callId: string, from = '+15550100'): RingingCall => ({
  callId,
  provider: 'twilio',
  agent: 'reception',
  from,
  to: '+15550199',
  direction: 'inbound',
  sipHeaders: {},
});

const LIMITS = { calls: 2, callsPerCaller: 1 };

describe('a process', () => {
  test('lets in so many calls, counts them, and says when it is full', async () => {
    const { admit, admission, metrics } = given({ maxCalls: 2 });
    expect(await Promise.all([admit('CA1'), admit('CA2'), admit('CA3')])).toEqual(['in', 'in', 'SERVICE_FULL']);
    expect(admission.closedBecause).toEqual(['SERVICE_FULL']);
    expect(await metrics.text()).toContain('callbridge_call_slots_used 2\n');
    expect(await metrics.text()).toContain('callbridge_call_slots_limit 2\n');
    admission.leave('CA1');
    expect(admission.closedBecause).toEqual([]);
    expect(await admit('CA3')).toBe('in');
  });

  test('lets nobody in while its event loop is late', async () => {
    const { admit, admission, overload } = given({ isOn: true });
    expect(await admit('CA1')).toBe('SERVICE_OVERLOADED');
    expect(admission.closedBecause).toEqual(['SERVICE_OVERLOADED']);
    overload.isOn = false;
    expect(await admit('CA1')).toBe('in');
  });

  test('counts a call once, however often it is announced', async () => {
    const { admit, slots } = given({ maxCalls: 1 });
    const limits = { limits: LIMITS };
    expect(await Promise.all([admit('CA1', limits), admit('CA1', limits)])).toEqual(['in', 'in']);
    expect(slots.asked).toHaveLength(2);
  });

  test('takes over a running call, whatever is full, and counts it', async () => {
    const { admit, slots, metrics } = given({ maxCalls: 1, isOn: true });
    await slots.take('agent:reception', 1, 'CA9');
    expect(await admit('CA1', { limits: { calls: 1 }, running: true })).toBe('in');
    expect(await admit('CA2', { limits: { calls: 1 }, running: true })).toBe('in');
    expect(await metrics.text()).toContain('callbridge_call_slots_used 2\n');
  });
});

describe('an agent', () => {
  test('has so many calls, over all processes', async () => {
    const slots = memorySlots();
    const [one, other] = [given({ slots }), given({ slots })];
    const request = { limits: { calls: 2 } };
    expect([await one.admit('CA1', request), await other.admit('CA2', request)]).toEqual(['in', 'in']);
    expect(await one.admit('CA3', request)).toBe('AGENT_FULL');
    other.admission.leave('CA2');
    expect(await one.admit('CA3', request)).toBe('in');
  });

  test('lets one caller have so many of them, and holds nothing for one that is refused', async () => {
    const { admit, slots, admission } = given();
    expect(await admit('CA1', { limits: LIMITS })).toBe('in');
    expect(await admit('CA2', { limits: LIMITS })).toBe('CALLER_LIMIT');
    expect(slots.holders('agent:reception')).toEqual(['CA1']);
    expect(await admit('CA3', { limits: LIMITS }, '+15550101')).toBe('in');
    admission.leave('CA1');
    expect(await admit('CA2', { limits: LIMITS })).toBe('in');
  });

  test.each([
    '',
    'anonymous',
    'Anonymous',
    'unknown',
    '+266696687',
    'sip:anonymous@anonymous.invalid',
    'sips:Restricted@pbx.example',
  ])('does not count callers who withhold their number together (%j)', async (from) => {
    const { admit, slots } = given();
    const limits = { limits: { callsPerCaller: 1 } };
    expect([await admit('CA1', limits, from), await admit('CA2', limits, from)]).toEqual(['in', 'in']);
    expect(slots.asked).toEqual([]);
  });

  test('counts those whom it calls by the number that it calls', async () => {
    const { admit } = given();
    const outbound = (callId: string, to: string) => ({
      call: { ...call(callId), direction: 'outbound' as const, to },
      limits: { callsPerCaller: 1 },
    });
    expect(await admit('CA1', outbound('CA1', '+15550300'))).toBe('in');
    expect(await admit('CA2', outbound('CA2', '+15550301'))).toBe('in');
    expect(await admit('CA3', outbound('CA3', '+15550300'))).toBe('CALLER_LIMIT');
  });

  test('counts callers under names that say nothing of them, and that only a process with the secret can make', async () => {
    const slots = memorySlots();
    const limits = { limits: { callsPerCaller: 1 } };
    await given({ slots, secret: 'one' }).admit('CA1', limits);
    expect(slots.asked[0]).toMatch(/^caller:reception:[\w-]{22}$/);
    expect(await given({ slots, secret: 'one' }).admit('CA2', limits)).toBe('CALLER_LIMIT');
    expect(await given({ slots, secret: 'other' }).admit('CA3', limits)).toBe('in');
  });
});

describe('credentials', () => {
  const credentials = [
    { name: 'main', sessions: 1 },
    { name: 'spare', sessions: 1 },
  ];

  test('give a call a session each, in their order, until all are used', async () => {
    const { admit, slots, admission } = given();
    expect(await admit('CA1', { credentials })).toBe('in');
    expect(await admit('CA2', { credentials })).toBe('in');
    expect(slots.holders('credential:main')).toEqual(['CA1']);
    expect(slots.holders('credential:spare')).toEqual(['CA2']);
    expect(await admit('CA3', { credentials })).toBe('LIVE_FULL');
    admission.leave('CA1');
    expect(await admit('CA3', { credentials })).toBe('in');
    expect(slots.holders('credential:main')).toEqual(['CA3']);
  });
});

describe('a place', () => {
  const everything = { limits: LIMITS, credentials: [{ name: 'main', sessions: 5 }] };

  test('is given back once, however often the call ends', async () => {
    const { admit, slots, admission } = given();
    await admit('CA1', everything);
    admission.leave('CA1');
    admission.leave('CA1');
    admission.leave('CA2');
    expect(slots.given.toSorted()).toEqual(slots.asked.toSorted());
    expect(slots.given).toHaveLength(3);
  });

  test('that comes after the call has ended is given back then', async () => {
    const slots = memorySlots();
    const held = slots.pause();
    const { admit, admission } = given({ slots });
    const admitted = admit('CA1', { limits: { calls: 1 } });
    admission.leave('CA1');
    expect(slots.given).toEqual([]);
    held.resume();
    await admitted;
    expect(slots.given).toEqual(['agent:reception']);
  });

  test.each<[string, () => Promise<boolean>]>([
    ['is away', () => Promise.reject(new Error('connection refused'))],
    ['does not answer', () => new Promise(() => undefined)],
  ])('is not needed while the store %s: the call is let in, and that is counted', async (_, take) => {
    const slots: CallSlots = { take, give: () => undefined };
    const { admit, clock, metrics, log } = given({ slots: { ...memorySlots(), ...slots } });
    const admitted = admit('CA1', { limits: { calls: 1 } });
    await clock.advance(1_000);
    expect(await admitted).toBe('in');
    expect(await metrics.text()).toContain('callbridge_failures_total{code="STORE_UNAVAILABLE",fault="us"} 1');
    expect(log.join('')).not.toContain('+15550100');
    expect(clock.armed).toBe(0);
  });
});
