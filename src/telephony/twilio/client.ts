/** The `twilio` package's REST client, as we use it: loaded when it is wanted, and pointed elsewhere for tests. */
import type Twilio from 'twilio/lib/rest/Twilio.js';

export interface TwilioRestAccount {
  readonly accountSid: string;
  readonly authToken: string;
  /** Another endpoint than api.twilio.com, such as the simulator; without a slash at its end. */
  readonly baseUrl?: string | undefined;
}

/** Importing the client takes 0.2 s of the event loop and 20 MB, most of it axios: not where it is not used. */
export async function twilioClient(account: TwilioRestAccount, timeoutMs: number): Promise<Twilio> {
  const { default: Client } = await import('twilio/lib/rest/Twilio.js');
  const { accountSid, authToken, baseUrl } = account;
  const client = new Client(accountSid, authToken, { timeout: timeoutMs });
  if (baseUrl !== undefined) {
    client.api.baseUrl = baseUrl;
    // TWILIO_EDGE and TWILIO_REGION rewrite host names, which would lead away from the one that was asked for.
    client.getHostname = (hostname) => hostname;
  }
  return client;
}
