/** Twilio's identifiers: two letters for the kind, and 32 hex digits. */
import type { Ids } from '../../lib/index.ts';

/** AC is an account, CA a call, MZ a media stream, RE a recording, CF a conference. */
export function sid(kind: 'AC' | 'CA' | 'MZ' | 'RE' | 'CF', ids: Ids): string {
  return kind + ids.uuid().replaceAll('-', '');
}
