/** The simulated provider's REST API, with the switchboard on which it finds the calls of this bench. */
import { systemClock } from '../src/lib/index.ts';
import { createSwitchboard, type Switchboard, startTwilioSimulator } from '../src/simulator/index.ts';
import { ACCOUNT_SID, AUTH_TOKEN } from './service.ts';

export interface Twilio {
  /** For TWILIO_API_BASE_URL. */
  readonly url: string;
  readonly switchboard: Switchboard;
  close(): Promise<void>;
}

/** In the process of the phones, which it steers. */
export async function startTwilio(): Promise<Twilio> {
  const switchboard = createSwitchboard();
  const { url, close } = await startTwilioSimulator({
    clock: systemClock,
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    switchboard,
  });
  return { url, switchboard, close };
}
