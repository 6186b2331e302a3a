/** Call status callbacks, numbered by what they tell, and sent as the provider's habits have it: once, twice, or out of order. */
import type { Clock } from '../../lib/index.ts';
import type { PhoneHappening } from './events.ts';
import type { ProviderHabits } from './provider-habits.ts';
import type { SignedHttp } from './webhook.ts';
import { type CallFacts, type CallStatus, statusForm } from './wire.ts';

export interface StatusCallbacks {
  /** Never rejects: callbacks are informational for both sides. */
  report(status: CallStatus, durationMs?: number): Promise<void>;
}

export interface StatusCallbackOptions {
  /** Nowhere when undefined. */
  readonly url: string | undefined;
  readonly facts: CallFacts;
  readonly http: SignedHttp;
  readonly clock: Clock;
  readonly order: ProviderHabits['statusCallbacks'];
  /** StatusCallbackEvent of a call that was placed; undefined: what a number's own callback tells. */
  readonly events?: readonly string[] | undefined;
  tell(happening: PhoneHappening): void;
}

/** https://www.twilio.com/docs/voice/api/call-resource#statuscallbackevent; any other status is the last one. */
const EVENTS: Readonly<Record<string, string>> = {
  initiated: 'initiated',
  ringing: 'ringing',
  'in-progress': 'answered',
};

export function createStatusCallbacks(options: StatusCallbackOptions): StatusCallbacks {
  const { url, facts, http, clock, order, events, tell } = options;
  /** Held back until the last one has been sent. */
  const late: Readonly<Record<string, string>>[] = [];
  let sequence = 0;

  const send = async (to: string, form: Readonly<Record<string, string>>): Promise<void> => {
    const status = await http.post(to, form).then(
      (response) => response.status,
      () => 0,
    );
    tell({ type: 'requested', url: to, status });
  };

  return {
    async report(status, durationMs) {
      const isWanted = events === undefined || events.includes(EVENTS[status] ?? 'completed');
      if (url === undefined || !isWanted) return;
      const form = statusForm(facts, status, { sequence: sequence++, timeMs: clock.nowMs(), durationMs });
      const last = durationMs !== undefined;
      if (order === 'reversed' && !last) {
        late.push(form);
        return;
      }
      await send(url, form);
      if (order === 'twice') await send(url, form);
      for (const held of late.splice(0)) await send(url, held);
    },
  };
}
