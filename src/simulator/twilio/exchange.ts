/** Places calls as the REST API is asked to: the simulated callee's phone rings, and the service is asked what to do. */
import type { Clock, Ids } from '../../lib/index.ts';
import type { Callee } from '../phone/callee.ts';
import { type CallResult, placeCall } from '../phone/caller.ts';
import type { PhoneEvent } from '../phone/events.ts';
import type { PhoneNetwork } from '../phone/network.ts';
import type { ProviderHabitsInput } from '../phone/provider-habits.ts';
import { sid } from '../phone/sid.ts';
import type { Switchboard, SwitchedCall } from '../phone/switchboard.ts';
import type { RestRequest } from './api.ts';
import { type RestAnswer, refusal } from './refusal.ts';

export interface ExchangeOptions {
  readonly accountSid: string;
  readonly authToken: string;
  /** Numbers that the account may call from. */
  readonly numbers: readonly string[];
  /** undefined: the account may not call there. */
  readonly calleeOf: (to: string) => Callee | undefined;
  readonly switchboard: Switchboard;
  readonly network: PhoneNetwork;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly habits?: ProviderHabitsInput | undefined;
  /** Whoever was called hangs up when this aborts. */
  readonly signal?: AbortSignal | undefined;
  /** `to` is who was called. */
  readonly onEvent?: ((event: PhoneEvent, to: string) => void) | undefined;
}

export interface ExchangedCall {
  readonly to: string;
  /** As it ended. */
  readonly result: Promise<CallResult>;
}

export interface Exchange {
  place(request: RestRequest): SwitchedCall | RestAnswer;
  /** In the order in which they were placed. */
  readonly calls: readonly ExchangedCall[];
}

const E164 = /^\+[1-9]\d{6,14}$/;
/** https://www.twilio.com/docs/voice/api/call-resource#create-a-call-resource */
const DEFAULT_RING_SECONDS = 60;
const MAX_RING_SECONDS = 600;
const DETECTIONS: ReadonlyMap<string, 'known' | 'messageEnd'> = new Map([
  ['Enable', 'known'],
  ['DetectMessageEnd', 'messageEnd'],
]);

export function createExchange(options: ExchangeOptions): Exchange {
  const { accountSid, authToken, numbers, calleeOf, switchboard, network, clock, ids, habits, signal, onEvent } =
    options;
  const calls: ExchangedCall[] = [];
  return {
    calls,
    place({ form, lists = {} }) {
      const { To: to, From: from, Url: url, StatusCallback: statusUrl, Timeout: timeout } = form;
      if (to === undefined) return refusal(21201);
      if (from === undefined) return refusal(21213);
      if (!E164.test(to)) return refusal(21211, `The phone number you are attempting to call, ${to}, is not valid.`);
      if (!numbers.includes(from))
        return refusal(21212, `The caller ID number, ${from}, is not valid for this account.`);
      if (url === undefined || !isWebAddress(url)) return refusal(21205);
      const callee = calleeOf(to);
      if (callee === undefined) return refusal(21215, `Account not authorized to call ${to}.`);
      const ringSeconds = Number(timeout ?? DEFAULT_RING_SECONDS);
      if (!(ringSeconds > 0 && ringSeconds <= MAX_RING_SECONDS)) return refusal(20001, 'Invalid Timeout');
      const { MachineDetection: machine, AsyncAmd: isAsync, AsyncAmdStatusCallback: detectionUrl } = form;
      const until = DETECTIONS.get(machine ?? '');
      if (machine !== undefined && (until === undefined || isAsync !== 'true' || detectionUrl === undefined)) {
        return refusal(20001, 'this phone listens for machines beside the call only');
      }
      const callSid = sid('CA', ids);
      const result = placeCall({
        called: {
          callee,
          ringLimitMs: ringSeconds * 1_000,
          detection: until && { until, url: detectionUrl ?? '' },
        },
        callSid,
        accountSid,
        authToken,
        voiceUrl: url,
        statusUrl,
        statusEvents: lists['StatusCallbackEvent'] ?? ['completed'],
        from,
        to,
        script: callee.script,
        clock,
        ids,
        network,
        switchboard,
        habits,
        signal,
        onEvent: (event) => onEvent?.(event, to),
      });
      calls.push({ to, result });
      // placeCall has it on the switchboard before it waits for anything.
      return switchboard.find(callSid) ?? refusal(20500);
    },
  };
}

function isWebAddress(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}
