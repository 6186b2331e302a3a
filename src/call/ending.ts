/** What is written down when a call has ended: its sound, its outcome, and the figures. */
import type { Metrics } from '../telemetry/index.ts';
import type { Collector, Outcome, Sound } from '../transcript/index.ts';

export interface Ending {
  readonly agent: string;
  readonly outcome: Outcome;
  /** Of a call that was never answered there is none. */
  readonly sound: Sound | undefined;
  readonly startedAtMs: number;
  readonly atMs: number;
}

export function recordEnding(
  { agent, outcome, sound, startedAtMs, atMs }: Ending,
  collector: Collector,
  metrics: Metrics,
): void {
  if (sound !== undefined) {
    collector.sound(sound);
    metrics.callerLevelDbov.observe(sound.caller.activeDbov);
    metrics.agentLevelDbov.observe(sound.agent.activeDbov);
  }
  collector.end(outcome, atMs);
  countEnding(agent, outcome, metrics);
  metrics.callSeconds.observe({ agent }, (atMs - startedAtMs) / 1_000);
  if (outcome.kind === 'failed') metrics.failures.inc({ code: outcome.code, fault: outcome.fault });
}

export function countEnding(agent: string, outcome: Outcome, { calls }: Pick<Metrics, 'calls'>): void {
  const { fault, code } = outcome.kind === 'failed' ? outcome : { fault: '', code: '' };
  calls.inc({ agent, outcome: outcome.kind, fault, code });
}
