/** Transfers whose other side is asked first, put together. */
import { WarmTransfers, type WarmTransfersOptions } from '../call/index.ts';
import type { Cluster } from '../cluster/index.ts';
import type { Config } from '../config/index.ts';
import { PUT_THROUGH_ENDED_PATH, WARM_STATUS_PATH, WARM_VOICE_PATH } from '../http/index.ts';
import { type CallControl, createTwilioCallPlacer } from '../telephony/index.ts';
import type { Tools } from './postprocessing.ts';

export interface OpenWarmTransfersOptions extends Pick<WarmTransfersOptions, 'left'> {
  readonly config: Config;
  readonly tools: Tools;
  readonly cluster: Pick<Cluster, 'notes' | 'store'>;
  readonly control: CallControl | undefined;
}

export function openWarmTransfers(options: OpenWarmTransfersOptions): WarmTransfers {
  const { config, tools, cluster, control, left } = options;
  const { clock, logger, metrics } = tools;
  const { accountSid, authToken, apiBaseUrl: baseUrl } = config.twilio;
  const { publicUrl } = config.http;
  const isOff = accountSid === undefined || authToken === undefined;
  return new WarmTransfers({
    clock,
    logger,
    metrics,
    store: cluster.store,
    notes: cluster.notes,
    control,
    placer: isOff ? undefined : createTwilioCallPlacer({ accountSid, authToken, baseUrl, clock }),
    urls: {
      voice: publicUrl + WARM_VOICE_PATH,
      status: publicUrl + WARM_STATUS_PATH,
      back: publicUrl + PUT_THROUGH_ENDED_PATH,
    },
    left,
  });
}
