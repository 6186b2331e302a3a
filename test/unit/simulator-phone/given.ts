/** A media stream between the simulated phone and a test that plays the service's part, on a clock wound by hand. */
import { createTimeline, type PhoneEvent } from '../../../src/simulator/phone/events.ts';
import { createHandset, type Handset } from '../../../src/simulator/phone/handset.ts';
import { type Line, startLine } from '../../../src/simulator/phone/line.ts';
import { createLineFaults, type LineFault } from '../../../src/simulator/phone/line-faults.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { MemorySocket } from '../../support/memory-socket.ts';

export interface Received {
  readonly atMs: number;
  readonly message: Record<string, unknown> & { event: string };
}

export interface GivenLine {
  readonly clock: ManualClock;
  readonly handset: Handset;
  readonly line: Line;
  readonly events: readonly PhoneEvent[];
  /** The phone's end, for what only a socket can do to it. */
  readonly phoneSocket: MemorySocket;
  readonly serviceSocket: MemorySocket;
  /** What the service got, with the time since the call was answered. */
  readonly received: readonly Received[];
  receivedOf(event: string): readonly Received[];
  play(ulaw: Uint8Array): void;
  mark(name: string): void;
  clear(): void;
}

/** Counts up from 1, so that ids are known. */
export function countingIds() {
  let count = 0;
  const next = (): string => `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`;
  return { uuid: next, nonce: next, fraction: () => 0.5 };
}

interface LineSettings {
  readonly maxCallMs?: number;
  readonly parameters?: Record<string, string>;
  readonly faults?: readonly LineFault[];
  readonly sendsStop?: boolean;
}

export function givenLine(options: LineSettings = {}): GivenLine {
  const clock = new ManualClock();
  const beganMs = clock.nowMs();
  const timeline = createTimeline(() => undefined);
  const handset = createHandset({ clock, timeline, maxCallMs: options.maxCallMs });
  const [phoneSocket, serviceSocket] = MemorySocket.pair(clock);
  const received: Received[] = [];
  serviceSocket.on('message', (data: Buffer) => {
    received.push({ atMs: clock.nowMs() - beganMs, message: JSON.parse(data.toString()) });
  });
  const line = startLine({
    webSocket: phoneSocket,
    handset,
    clock,
    ids: countingIds(),
    accountSid: `AC${'0'.repeat(32)}`,
    callSid: `CA${'0'.repeat(32)}`,
    parameters: options.parameters ?? {},
    faults: createLineFaults(options.faults ?? []),
    sendsStop: options.sendsStop,
  });
  const send = (message: object): void => serviceSocket.send(JSON.stringify({ ...message, streamSid: line.streamSid }));
  return {
    clock,
    handset,
    line,
    events: timeline.events,
    phoneSocket,
    serviceSocket,
    received,
    receivedOf: (event) => received.filter(({ message }) => message.event === event),
    play: (ulaw) => send({ event: 'media', media: { payload: Buffer.from(ulaw).toString('base64') } }),
    mark: (name) => send({ event: 'mark', mark: { name } }),
    clear: () => send({ event: 'clear' }),
  };
}

/** μ-law of a loud square wave: sound to anyone who listens. 0x80 and 0x00 are the extremes. */
export function loud(lengthMs: number): Uint8Array {
  return Uint8Array.from({ length: lengthMs * 8 }, (_, i) => ((i >> 2) & 1 ? 0x00 : 0x80));
}
