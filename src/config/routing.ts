/** Which agent answers a call, by the number or SIP address that was called. */

import { E164 } from './addresses.ts';
import type { Agent } from './agent.ts';

/**
 * The agent for `to`, which is an E.164 number or a SIP URI. A SIP URI is first taken as an address, then, when its user part
 * is a number, as that number. Undefined: nobody answers, not even by default.
 */
export function agentFor(config: { readonly agents: readonly Agent[] }, to: string): Agent | undefined {
  const address = normalAddress(to);
  const answering = (called: string) => config.agents.find((agent) => agent.answers.includes(called));
  return answering(address) ?? answering(userPart(address)) ?? config.agents.find((agent) => agent.isDefault);
}

/** RFC 3261 §19.1.1: sip:user:password@host:port;parameters?headers, where a user may carry parameters of its own. */
const SIP_URI = /^sips?:([^@;:?]+)[^@]*@(\[[^\]]+\]|[^:;?>]+)/i;

/** A SIP URI without port, parameters and headers and with its host in lower case; anything else as it is. */
export function normalAddress(address: string): string {
  const [, user, host] = SIP_URI.exec(address.trim()) ?? [];
  if (user === undefined || host === undefined) return address.trim();
  return `sip:${unescaped(user)}@${host.toLowerCase()}`;
}

function userPart(address: string): string {
  const user = address.slice('sip:'.length, address.lastIndexOf('@'));
  return address.startsWith('sip:') && E164.test(user) ? user : address;
}

/** A plus may come as %2B. */
function unescaped(user: string): string {
  try {
    return decodeURIComponent(user);
  } catch {
    return user;
  }
}
