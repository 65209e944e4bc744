/** Network addresses as limits count them. */
import { isIPv4, isIPv6 } from 'node:net';

const GROUPS = 8;
/** Groups of the network that one customer is given, a /64. */
const CUSTOMER_GROUPS = 4;

/**
 * An address in the form in which addresses are compared: without zone, in lower case, an IPv4 address that is
 * mapped into IPv6 as IPv4.
 *
 * @returns undefined when the text is no address
 */
export function toAddress(text: string): string | undefined {
  const [bare = ''] = text.split('%', 1);
  if (isIPv4(bare)) return bare;
  if (!isIPv6(bare)) return undefined;
  const groups = groupsOf(bare);
  const isMapped = groups.slice(0, 6).join() === '0,0,0,0,0,ffff';
  return isMapped ? dotted(groups[6]!, groups[7]!) : bare.toLowerCase();
}

/** What counts as one stranger: an IPv4 address, or the /64 of an IPv6 address. */
export function addressKey(address: string): string {
  return isIPv4(address) ? address : `${groupsOf(address).slice(0, CUSTOMER_GROUPS).join(':')}::/64`;
}

/** True for addresses of this machine. */
export function isLoopback(address: string): boolean {
  return isIPv4(address) ? address.startsWith('127.') : groupsOf(address).join(':') === '0:0:0:0:0:0:0:1';
}

/** The eight groups of an IPv6 address as hex digits without leading zeros. */
function groupsOf(address: string): string[] {
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [left = '', right = ''] = canonical.split('::');
  const head = left.split(':').filter((group) => group !== '');
  const tail = right.split(':').filter((group) => group !== '');
  const zeros = Array.from({ length: GROUPS - head.length - tail.length }, () => '0');
  return [...head, ...zeros, ...tail];
}

function dotted(high: string, low: string): string {
  const bytes = [high, low].map((group) => Number.parseInt(group, 16));
  return bytes.flatMap((pair) => [pair >> 8, pair & 0xff]).join('.');
}
