/** How the machine is run: one step at a time, each whole before the next. */
import { expect, test } from 'vitest';
import { Bridge } from '../../../src/call/bridge.ts';
import { begin, type Effect } from '../../../src/call/machine.ts';
import { createLogger } from '../../../src/telemetry/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';

test('an event that an effect raises waits until the step that raised it is done', () => {
  const done: Effect[] = [];
  const act = (effect: Effect) => (): void => {
    done.push(effect);
  };
  const bridge: Bridge = new Bridge({
    clock: new ManualClock(),
    first: begin(),
    logger: createLogger({ level: 'silent' }),
    ignored: () => undefined,
    moreMs: () => 0,
    actions: {
      dialLive: act('dialLive'),
      resumeLive: act('resumeLive'),
      closeLive: () => {
        done.push('closeLive');
        // Closing the session, as it happens, ends the stream.
        bridge.handle({ type: 'callerGone' });
      },
      beginAfresh: act('beginAfresh'),
      greet: act('greet'),
      nudge: act('nudge'),
      carryOn: act('carryOn'),
      rewindPlayout: act('rewindPlayout'),
      letGo: act('letGo'),
      releaseHeldAudio: act('releaseHeldAudio'),
      clearPlayout: act('clearPlayout'),
      apologise: act('apologise'),
      closeStream: act('closeStream'),
      finish: act('finish'),
    },
  });
  bridge.start();
  bridge.handle({ type: 'liveLost', code: 'LIVE_QUOTA', recoverable: false });
  expect(done).toEqual(['dialLive', 'closeLive', 'apologise', 'closeLive', 'closeStream', 'finish']);
  expect(bridge.state).toEqual({ phase: 'ended', outcome: { kind: 'failed', fault: 'model', code: 'LIVE_QUOTA' } });
});
