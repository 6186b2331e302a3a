/** What a call does with each thing that its Live session says. */
import { FAILURES } from '../lib/index.ts';
import type { LiveHandlers } from '../live/index.ts';
import type { CallDeps } from './call-deps.ts';
import type { Downlink } from './downlink.ts';
import type { CallEvent } from './machine.ts';
import type { ToolSide } from './tool-side.ts';
import type { Watchdog } from './watchdog.ts';

export interface HearLiveOptions {
  readonly deps: Pick<CallDeps, 'clock' | 'collector' | 'facts' | 'logger' | 'metrics'>;
  readonly downlink: Downlink;
  readonly watchdog: Watchdog;
  /** Whether the call's phase lets the agent be heard. */
  readonly playing: () => boolean;
  readonly leaving: (timeLeftMs: number) => void;
  readonly tools: ToolSide;
  readonly handle: (event: CallEvent) => void;
}

export function hearLive(options: HearLiveOptions): LiveHandlers {
  const { deps, downlink, watchdog, playing, leaving, tools, handle } = options;
  const { clock, collector, logger, metrics } = deps;
  let { model } = deps.facts;
  return {
    ready: ({ how, setupMs, voice, ...route }) => {
      model = route.model;
      collector.spoken({ model, voice });
      metrics.liveSetupSeconds.observe({ model }, setupMs / 1_000);
      if (how !== 'new') {
        metrics.liveResumes.inc({ how });
        collector.event(clock.nowMs(), 'LIVE_BACK', how);
      }
      watchdog.sessionReady(how);
      tools.sessionReady(how);
      handle({ type: 'liveReady' });
    },
    audio: (chunk) => {
      if (playing()) downlink.push(chunk);
    },
    transcribed: ({ speaker, text }) => {
      if (speaker === 'caller') {
        collector.callerSaid(text, clock.nowMs());
        watchdog.callerUnderstood();
        return;
      }
      const turn = playing() ? downlink.turnOfWords() : undefined;
      if (turn === undefined) return;
      collector.agentSaid(turn, text);
      watchdog.agentWords();
    },
    // Our own gate times the caller's voice: not every model reports it, and a report is late by the model's detection.
    voiceActivity: (edge) => {
      logger.debug({ edge }, 'model noticed voice');
      if (edge === 'ended') watchdog.callerUnderstood();
      else watchdog.frame();
    },
    bargedIn: () => {
      watchdog.bargedIn();
      handle({ type: 'bargedIn' });
    },
    generationCompleted: () => {
      watchdog.generationCompleted();
      downlink.generationCompleted();
    },
    turnCompleted: ({ reason, idle }) => {
      if (reason !== undefined) logger.info({ reason }, 'turn completed for a reason');
      watchdog.turnCompleted({ reason, idle });
      downlink.turnCompleted();
    },
    toolsCalled: (calls) => tools.called(calls),
    toolsCancelled: (ids) => tools.cancelled(ids),
    grounded: (grounding) => {
      collector.grounded(grounding);
      watchdog.frame();
    },
    used: (usage) => {
      watchdog.frame();
      collector.used(usage);
      for (const [modality, tokens] of Object.entries(usage.promptByModality)) {
        metrics.tokens.inc({ model, direction: 'prompt', modality }, tokens);
      }
      for (const [modality, tokens] of Object.entries(usage.responseByModality)) {
        metrics.tokens.inc({ model, direction: 'response', modality }, tokens);
      }
    },
    leaving: (timeLeftMs) => {
      logger.info({ timeLeftMs }, 'session is about to be closed by the service');
      leaving(timeLeftMs);
    },
    handleRenewed: (resumptionHandle, route) => collector.handle(resumptionHandle, route),
    lost: (failure, recoverable) => {
      const { code } = failure;
      metrics.liveLosses.inc({ code });
      // One that cannot be mended is counted as the call's outcome.
      if (recoverable) metrics.failures.inc({ code, fault: FAILURES[code].fault });
      logger.warn({ code, recoverable, err: failure }, 'session lost');
      collector.event(clock.nowMs(), code, failure.message);
      handle({ type: 'liveLost', code, recoverable });
    },
  };
}
