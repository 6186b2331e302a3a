/** One phone call on a hand-wound clock, with a simulated model behind it and a phone that a test speaks into: no server, no network. */
import { g711, pcm, tone } from '../../src/audio/index.ts';
import { Call } from '../../src/call/call.ts';
import type { CallAgent } from '../../src/call/index.ts';
import { SharedKeys } from '../../src/call/shared-keys.ts';
import { takenUpFrom } from '../../src/call/take-up.ts';
import { createLocalNotes } from '../../src/cluster/index.ts';
import type { ScenarioInput } from '../../src/simulator/index.ts';
import type { CallStream, StreamHandlers } from '../../src/telephony/index.ts';
import { type CallFacts, createCollector, type Entry, type Line } from '../../src/transcript/index.ts';
import type { ManualClock } from './manual-clock.ts';
import { memorySlots } from './memory-slots.ts';
import { config, registryParts } from './registry.ts';

export const ONE_MOMENT = 'One moment, please.';
export const ONE_MOMENT_MS = 1_500;

export interface OneCallOptions {
  readonly clock: ManualClock;
  readonly model: ScenarioInput;
  readonly agent?: Partial<CallAgent>;
  /** How much later than it should the provider plays what it is sent. */
  readonly heldUpMs?: number;
  readonly outbound?: CallFacts['outbound'];
  /** What another process left, which the call is taken up from. */
  readonly earlier?: readonly Entry[];
  /** Who has had the call ended that the provider says to be over; nobody, unless it is given. */
  readonly endedBy?: () => Promise<'api' | undefined>;
  /** The phone rings until a test answers it. */
  readonly rings?: boolean;
}

export type OneCall = ReturnType<typeof placeOneCall>;

/** Begins at once, with a phone that plays what it is sent and echoes the marks. */
export function placeOneCall(options: OneCallOptions) {
  const { clock, model, agent: change, heldUpMs = 0, outbound, earlier = [], rings = false } = options;
  const { endedBy = async () => undefined } = options;
  const beganMs = clock.nowMs();
  const agent: CallAgent = {
    ...config.agents.find(({ name }) => name === 'reception')!,
    tools: [],
    credentials: [],
    idle: undefined,
    ...change,
  };
  const notes = createLocalNotes(clock);
  const parts = registryParts({ clock, agentNamed: () => agent, slots: memorySlots(), notes, model });
  const { live, metrics } = parts;
  const entries: Entry[] = [];
  const facts = {
    callId: 'CA1',
    provider: 'twilio',
    agent: agent.name,
    model: agent.live.model,
    voice: agent.live.voice,
    direction: outbound === undefined ? ('inbound' as const) : ('outbound' as const),
    from: '+15550100',
    to: '+15550199',
    sipHeaders: {},
    outbound,
  };
  const call: Call = new Call(
    agent,
    {
      facts,
      clock,
      logger: parts.options.logger,
      metrics,
      collector: createCollector({ call: facts, clock, append: (entry) => entries.push(entry), earlier }),
      openLive: parts.options.openLive,
      apology: { samples: pcm(new Int16Array(16_000), 8000), text: 'Sorry.' },
      oneMoment: { samples: tone({ hz: 440, lengthMs: ONE_MOMENT_MS, dbov: -20 }, 8000), text: ONE_MOMENT },
      sharedKeys: new SharedKeys(notes),
      whoAnswered: async () => undefined,
      endedBy,
      cutOff: () => false,
      ended: () => undefined,
      released: () => undefined,
    },
    earlier.length === 0 ? undefined : takenUpFrom(earlier, {}),
  );
  const stopTicking = clock.every(100, () => call.tick());
  call.start();
  let speaks = false;
  const voice = g711('ulaw').encode(tone({ hz: 440, lengthMs: 20, dbov: -15 }, 8000));
  const quiet = new Uint8Array(160).fill(0xff);
  let playedUntilMs = 0;
  const marks = new Set<() => void>();
  let handlers: StreamHandlers | undefined;
  /** A stream opens, the first one or another, `keysPressed` on the way to it. */
  const answer = (keysPressed = false): void => {
    const stream: CallStream = {
      streamId: 'MZ1',
      callId: 'CA1',
      provider: 'twilio',
      format: { encoding: 'ulaw', rateHz: 8000 },
      parameters: {},
      playout: { leadMs: 5_000, maxMessageMs: 200 },
      send: (command) => {
        const nowMs = clock.nowMs();
        if (command.type === 'audio') playedUntilMs = Math.max(nowMs, playedUntilMs) + command.payload.length / 8;
        if (command.type !== 'mark') return;
        const { name } = command;
        marks.add(clock.after(playedUntilMs + heldUpMs - nowMs, () => handlers?.markReached(name)));
      },
      close: () => undefined,
    };
    handlers = call.answer(stream, keysPressed);
  };
  if (!rings) answer();
  const stopPhone = clock.every(20, () => handlers?.audio(speaks ? voice : quiet, undefined, 0));
  /** Leaves nothing but sockets, which take a moment to say goodbye to each other. */
  const close = (): void => {
    if (call.phase !== 'ended') call.abandon('SHUTDOWN');
    stopTicking();
    stopPhone();
    for (const cancel of marks) cancel();
    parts.close();
  };
  const says = async (lengthMs: number): Promise<void> => {
    speaks = true;
    await clock.advance(lengthMs);
    speaks = false;
  };
  return {
    call,
    close,
    beganMs,
    answer,
    /** When the provider will have played all that it was sent, in ms since the call was answered. */
    playedUntilMs: () => playedUntilMs + heldUpMs - beganMs,
    live,
    metrics,
    entries,
    /** Of the newest stream. */
    get handlers(): StreamHandlers {
      return handlers!;
    },
    says,
    agentLines: (): Line[] =>
      entries.flatMap((entry) => (entry.type === 'line' && entry.line.speaker === 'agent' ? [entry.line] : [])),
    /** When it was said, in ms since the call was answered. */
    asked: (): number[] =>
      entries.flatMap((entry) => (entry.type === 'event' && entry.code === 'ONE_MOMENT' ? [entry.at - beganMs] : [])),
    texts: (): string[] => live.sessions.flatMap((one) => one.eventsOf('textReceived').map(({ text }) => text)),
  };
}
