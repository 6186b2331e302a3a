/** What a running service counts and measures, for Prometheus. No label ever holds a number, a name or a call id. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { MetricsSnapshot } from './sum.ts';

export type Metrics = ReturnType<typeof createMetrics>;

const PREFIX = 'callbridge_';

/** A call is hung up after at most four hours. */
const CALL_SECONDS = [5, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400];
/** One to two seconds is what people bear in an answer; below 0.2 nothing is told apart by ear. */
const ANSWER_SECONDS = [0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4, 6, 10];
/** A quarter of a second is usual; ten is the setup deadline. */
const SETUP_SECONDS = [0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 5, 10];
/** From writing two files to a receiver that answers at its deadline. */
const JOB_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60];
/** 0 dBov is a full-scale square wave (ITU-T G.100.1); telephone speech lies near -26, a quiet line below -60. */
const LEVELS_DBOV = [-80, -70, -60, -50, -45, -40, -35, -30, -25, -20, -15, -10, -5, 0];

/** A registry of its own for each, so that two services in one process do not share their numbers. */
export function createMetrics() {
  const register = new Registry();
  collectDefaultMetrics({ register, prefix: PREFIX });

  const counter = <L extends string = never>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter<L>({ name: PREFIX + name, help, labelNames: [...labelNames], registers: [register] });
  const gauge = <L extends string = never>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge<L>({ name: PREFIX + name, help, labelNames: [...labelNames], registers: [register] });
  /** Of several processes the highest counts: they see the same thing, or one of them is enough to know of. */
  const highest = <L extends string = never>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge<L>({
      name: PREFIX + name,
      help,
      labelNames: [...labelNames],
      registers: [register],
      aggregator: 'max',
    });
  const histogram = <L extends string = never>(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames: readonly L[] = [],
  ) =>
    new Histogram<L>({
      name: PREFIX + name,
      help,
      buckets: [...buckets],
      labelNames: [...labelNames],
      registers: [register],
    });

  return {
    // Calls
    callsActive: gauge('calls_active', 'Calls going on now', ['agent']),
    calls: counter('calls_total', 'Calls ended, by outcome; fault and code are empty unless it failed', [
      'agent',
      'outcome',
      'fault',
      'code',
    ]),
    callSeconds: histogram('call_seconds', 'Length of a call, in seconds', CALL_SECONDS, ['agent']),
    responseSeconds: histogram(
      'response_seconds',
      "From the caller's last voice to the agent's first sound, in seconds",
      ANSWER_SECONDS,
      ['agent'],
    ),
    firstSoundSeconds: histogram(
      'first_sound_seconds',
      "From the stream's start to the agent's first sound, in seconds",
      ANSWER_SECONDS,
      ['agent'],
    ),
    streamsBack: counter('streams_back_total', 'Streams that were lost in mid-call and came back, by another one'),
    streamsPassedOn: counter(
      'streams_passed_on_total',
      'Streams that came to another process of this service than had their call, and were given to it',
    ),
    callsTakenUp: counter('calls_taken_up_total', 'Calls taken up from another process, by why it let them go', [
      'because',
    ]),
    callsHandedOver: counter('calls_handed_over_total', 'Calls given away, to go on in another process'),
    rescues: counter(
      'rescues_total',
      'Times that the provider was asked to come back for a caller: done, over or failed',
      ['result'],
    ),
    transfers: counter(
      'transfers_total',
      'Callers put through by their agents: begun, and how it went: taken, back, gone',
      ['result'],
    ),
    callStarts: counter('call_starts_total', 'Call-start webhooks, by what came of them: answered, noAnswer, useless', [
      'result',
    ]),
    callsOrdered: counter(
      'calls_ordered_total',
      'Calls that the provider was asked to place: placed, or the code of what went wrong',
      ['result'],
    ),
    hangUps: counter(
      'hang_ups_total',
      'Calls that were ended here, by whether the provider said so: confirmed, unconfirmed',
      ['result'],
    ),
    bargeIns: counter('barge_ins_total', 'Times that a caller spoke over the agent'),
    unexpectedEvents: counter('unexpected_events_total', 'Events that a call in that phase does not expect', [
      'phase',
      'event',
    ]),

    // Live sessions
    liveSessions: gauge('live_sessions', 'Live sessions open now'),
    liveSetupSeconds: histogram(
      'live_setup_seconds',
      'From dialling Live to its setupComplete, in seconds',
      SETUP_SECONDS,
      ['model'],
    ),
    liveLosses: counter('live_losses_total', 'Live sockets lost, by failure code', ['code']),
    liveResumes: counter('live_resumes_total', 'Live sessions brought back: resumed or reseeded', ['how']),
    agentMute: counter('agent_mute_total', 'Remedies for an agent that said nothing in its turn, by what was missing', [
      'why',
      'rung',
    ]),
    oneMoments: counter('one_moments_total', 'Callers asked for a moment, who waited while there was no session'),
    toolCalls: counter('tool_calls_total', 'Tool calls settled, by tool, empty for one that the agent has not', [
      'tool',
      'ok',
    ]),
    tokens: counter('tokens_total', 'Tokens used: direction is prompt or response', ['model', 'direction', 'modality']),

    // Sound
    heldAudioDroppedMs: counter('held_audio_dropped_milliseconds_total', 'Held caller audio given up, in milliseconds'),
    streamGapMs: counter('stream_gap_milliseconds_total', "Missing audio in the provider's stream, in milliseconds"),
    callerLevelDbov: histogram('caller_level_dbov', "Level of the caller's speech, in dBov", LEVELS_DBOV),
    agentLevelDbov: histogram('agent_level_dbov', "Level of the agent's speech, in dBov", LEVELS_DBOV),

    // What goes wrong
    failures: counter('failures_total', 'Failures by code of the table in docs/errors.md', ['code', 'fault']),
    ignoredMessages: counter('ignored_messages_total', 'Messages not understood and ignored: side is stream or live', [
      'side',
      'kind',
    ]),
    connectionsRefused: counter('connections_refused_total', 'Connections closed unheard because there are too many'),
    journalErrors: counter('journal_errors_total', 'Writes to a journal that failed'),
    storeErrors: counter('store_errors_total', 'Failures to reach what processes share of running calls'),

    // After the call
    queueJobs: highest('queue_jobs', 'Jobs in the queue, by state', ['state']),
    jobs: counter('jobs_total', 'What came of jobs each time that they were taken up, by result', ['result']),
    announcements: counter('announcements_total', 'Events call.started, by result: delivered or lost', ['result']),
    jobSeconds: histogram('job_seconds', 'Time to process a job once, in seconds', JOB_SECONDS),

    // Who is let in
    callsRefused: counter('calls_refused_total', 'Calls not taken, by failure code', ['code']),
    callSlotsUsed: gauge('call_slots_used', 'Calls that were let in and are not over'),
    callSlotsLimit: gauge('call_slots_limit', 'Calls that are let in at once'),
    loopDelaySeconds: highest('loop_delay_seconds', 'Mean lateness of the event loop over two seconds, in seconds'),
    overloaded: highest('overloaded', '1 while new calls are refused because the event loop is late'),

    // The process
    draining: highest('draining', '1 while the service lets its calls end and takes no new one'),

    contentType: register.contentType,
    text: (): Promise<string> => register.metrics(),
    /** To be summed with those of other processes. */
    snapshot: async () => (await register.getMetricsAsJSON()) as unknown as MetricsSnapshot,
  };
}
