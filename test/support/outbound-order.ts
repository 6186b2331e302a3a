/** What is ordered of a call that is placed. */
import type { OutboundOrder } from '../../src/call/index.ts';

export const ORDER = {
  agent: 'sales',
  model: 'gemini-3.8-live',
  voice: 'Kore',
  to: '+15550177',
  from: '+15550100',
  outbound: { variables: { name: 'Ada' }, greeting: 'Hello.', voice: 'Kore', language: 'de-DE' },
} as const satisfies OutboundOrder;
