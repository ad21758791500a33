import { canonicalAddress } from '@gatehouse/verify';

const UNKNOWN = 'unknown';
const GROUPS = 8;
/** Groups of an IPv6 address that name a network of one subscriber. */
const NETWORK_GROUPS = 4;

/**
 * What addresses are counted by: one of IPv4 by itself, one of IPv6 by its /64, of which a subscriber has all 2^64. What is no
 * address is one of nobody.
 */
export function networkOf(text: string): string {
  const address = canonicalAddress(text);
  if (address === undefined) return UNKNOWN;
  if (!address.includes(':')) return address;
  const network = `${groupsOf(address).slice(0, NETWORK_GROUPS).join(':')}::`;
  return `${canonicalAddress(network) ?? network}/64`;
}

function groupsOf(address: string): string[] {
  const [before = [], after = []] = address.split('::').map((part) => (part === '' ? [] : part.split(':')));
  return [...before, ...Array<string>(GROUPS - before.length - after.length).fill('0'), ...after];
}
