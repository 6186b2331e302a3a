/** Which addresses lie on the public Internet: tools are to reach nothing else, unless their agent's file says so. */
import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** https://www.iana.org/assignments/iana-ipv4-special-registry: what is not globally reachable, and multicast. */
const NOT_PUBLIC = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  NOT_PUBLIC.addSubnet(net, bits, 'ipv4');
}
/** Of global unicast: Teredo, benchmarks, ORCHID; documentation twice; 6to4, which holds an IPv4 address. */
for (const [net, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  NOT_PUBLIC.addSubnet(net, bits, 'ipv6');
}
/** RFC 4291 §2.5.4: all that is assigned to the Internet so far. */
const GLOBAL_UNICAST = new BlockList();
GLOBAL_UNICAST.addSubnet('2000::', 3, 'ipv6');
/** They stand for an IPv4 address, which they end in: mapped (RFC 4291 §2.5.5.2), and behind NAT64 (RFC 6052). */
const HOLDS_IPV4 = /^\[(?:::ffff:|64:ff9b::)(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})\]$/;

/** False for what is no IP address, too. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !NOT_PUBLIC.check(address, 'ipv4');
  // An address with a zone lies on this link.
  if (!isIPv6(address) || address.includes('%')) return false;
  // The one way of writing it of all that there are.
  const { hostname } = new URL(`http://[${address}]`);
  const [, high = '0', low] = HOLDS_IPV4.exec(hostname) ?? [];
  if (low !== undefined) return !NOT_PUBLIC.check(dotted(high, low), 'ipv4');
  return GLOBAL_UNICAST.check(address, 'ipv6') && !NOT_PUBLIC.check(address, 'ipv6');
}

function dotted(high: string, low: string): string {
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [a >> 8, a & 255, b >> 8, b & 255].join('.');
}
