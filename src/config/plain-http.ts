/** Addresses by which secrets, or what callers said, would travel unencrypted: told at start, for a proxy may see to it. */
import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** Loopback, private and link-local addresses: RFC 1122 §3.2.1.3, RFC 1918, RFC 3927, RFC 4291 §2.4, RFC 4193. */
const PRIVATE = new BlockList();
for (const [net, bits] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
] as const) {
  PRIVATE.addSubnet(net, bits, 'ipv4');
}
PRIVATE.addAddress('::1', 'ipv6');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');
PRIVATE.addSubnet('fe80::', 10, 'ipv6');

/** Names that no public server has: without a dot, as in a compose network, or of a private domain (RFC 6761, RFC 6762). */
const PRIVATE_NAME = /^[^.]+$|\.(localhost|local|internal)$/;

/** What to say of such an address; undefined when there is nothing to say. */
export function clearTextWarning(url: string | undefined, what: string): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { protocol, hostname } = new URL(url);
  if (protocol !== 'http:' || isPrivateHost(hostname)) return undefined;
  return `is an http URL to another network: ${what} would travel unencrypted; use https`;
}

/** As a URL has it. */
export function isPrivateHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (isIPv4(host)) return PRIVATE.check(host, 'ipv4');
  if (isIPv6(host)) return PRIVATE.check(host, 'ipv6');
  return PRIVATE_NAME.test(host);
}
