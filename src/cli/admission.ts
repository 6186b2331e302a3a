/** Who is let in, put together: places of this process and shared ones, and the watch over the event loop. */
import { Admission, type CallSlots, Overload } from '../call/index.ts';
import type { Config } from '../config/index.ts';
import type { LoopDelay } from '../lib/index.ts';
import type { Tools } from './postprocessing.ts';

export interface OpenAdmission {
  readonly admission: Admission;
  close(): void;
}

export function openAdmission(config: Config, tools: Tools, slots: CallSlots, loopDelay: LoopDelay): OpenAdmission {
  const { clock, ids, logger, metrics } = tools;
  const overload = new Overload({ clock, logger, metrics, loopDelay });
  const admission = new Admission({
    clock,
    logger,
    metrics,
    slots,
    maxCalls: config.calls.max,
    overload,
    // All replicas have the token, and so count one caller under one name.
    secret: config.twilio.authToken ?? ids.nonce(),
  });
  return { admission, close: () => overload.close() };
}
