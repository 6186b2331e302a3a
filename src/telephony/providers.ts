/** All providers whose streams we take: one line each, so that the list is the feature. */
import type { TelephonyProtocol } from './protocol.ts';
import { twilio } from './twilio/protocol.ts';
import type { TwilioAccount } from './twilio/signature.ts';

export interface ProviderSettings {
  readonly twilio: TwilioAccount;
}

export function providers(settings: ProviderSettings): readonly TelephonyProtocol[] {
  return [twilio(settings.twilio)];
}
