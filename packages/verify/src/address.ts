import { isIPv4 } from 'node:net';

/** What a socket or a proxy writes around an address: brackets about IPv6, and a port behind either. */
const BRACKETED = /^\[([^[\]]+)\](?::(\d{1,5}))?$/;
const WITH_PORT = /^([^[\]]*\.\d{1,3}):(\d{1,5})$/;
/** An address, a zone and what stands around them. */
const TEXT_LENGTH_MAX = 128;
const PORT_MAX = 65_535;
/** An interface of the host that saw the address (RFC 4007, section 11), and nothing to anybody else. */
const ZONE = /^[\w.~:@+-]{1,64}$/;
const DECIMAL = /^(0|[1-9]\d{0,2})$/;

const GROUPS = 8;
const DIGITS_MAX = 4;
const MAPPED_GROUPS = 6;
const MAPPED_BITS = 96;
const IPV4_BITS = 32;
const IPV6_BITS = 128;

/**
 * The one form in which an IP address is compared and kept; undefined for what is none. IPv4 is four decimal numbers, also
 * where IPv6 carries it (`::ffff:…`; RFC 4291, section 2.5.5.2); IPv6 is as in RFC 5952, in small letters and with its longest
 * run of zeros left out. A port, brackets and a zone, which sockets and proxies add, are not part of it.
 */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (text.length > TEXT_LENGTH_MAX) return undefined;
  const isBracketed = text.startsWith('[');
  // Without brackets, only what ends like IPv4 can have a port.
  if (!isBracketed && !text.includes('.')) return canonicalIPv6(text);
  const [, address = text, port = '0'] = (isBracketed ? BRACKETED : WITH_PORT).exec(text) ?? [];
  if (Number(port) > PORT_MAX) return undefined;
  return !isBracketed && isIPv4(address) ? address : canonicalIPv6(address);
}

/** The same for a network: an address, or one with a prefix length behind a slash. Bits behind the prefix stay. */
export function canonicalNetwork(text: string): string | undefined {
  if (text.length > TEXT_LENGTH_MAX) return undefined;
  const slash = text.indexOf('/');
  if (slash < 0) return canonicalAddress(text);
  const prefix = text.slice(slash + 1);
  const given = text.slice(0, slash);
  const isV4 = isIPv4(given);
  const address = isV4 ? given : canonicalIPv6(given);
  if (address === undefined || !DECIMAL.test(prefix)) return undefined;
  const bits = Number(prefix);
  if (bits > (isV4 ? IPV4_BITS : IPV6_BITS)) return undefined;
  if (isV4 || !isIPv4(address)) return `${address}/${bits}`;
  // A network that is wider than all of IPv4 has no other form.
  return bits < MAPPED_BITS ? `::ffff:${address}/${bits}` : `${address}/${bits - MAPPED_BITS}`;
}

function canonicalIPv6(text: string): string | undefined {
  const percent = text.indexOf('%');
  if (percent >= 0 && !ZONE.test(text.slice(percent + 1))) return undefined;
  const groups = ipv6Groups(percent < 0 ? text : text.slice(0, percent));
  return groups && (isMapped(groups) ? formatIPv4(groups) : formatIPv6(groups));
}

/** The eight numbers of an address (RFC 4291, section 2.2); undefined where it is none. Step by step, because it is asked often. */
export function ipv6Groups(text: string): number[] | undefined {
  const groups: number[] = [];
  let gap = -1;
  let at = 0;
  if (text.startsWith('::')) {
    gap = 0;
    at = 2;
  }
  while (at < text.length) {
    const start = at;
    let group = 0;
    for (let digit = hexDigit(text, at); digit >= 0; digit = hexDigit(text, at)) {
      group = group * 16 + digit;
      at += 1;
    }
    if (text[at] === '.') {
      const last = text.slice(start);
      if (!isIPv4(last)) return undefined;
      const [a = 0, b = 0, c = 0, d = 0] = last.split('.').map(Number);
      groups.push(a * 256 + b, c * 256 + d);
      break;
    }
    if (at === start || at - start > DIGITS_MAX || groups.length === GROUPS) return undefined;
    groups.push(group);
    if (at === text.length) break;
    if (text[at] !== ':' || at + 1 === text.length) return undefined;
    at += 1;
    if (text[at] !== ':') continue;
    if (gap >= 0) return undefined;
    gap = groups.length;
    at += 1;
  }
  if (gap < 0) return groups.length === GROUPS ? groups : undefined;
  if (groups.length >= GROUPS) return undefined;
  while (groups.length < GROUPS) groups.splice(gap, 0, 0);
  return groups;
}

function hexDigit(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}

function isMapped(groups: readonly number[]): boolean {
  return groups[MAPPED_GROUPS - 1] === 0xffff && groups.findIndex((group) => group !== 0) === MAPPED_GROUPS - 1;
}

function formatIPv4(groups: readonly number[]): string {
  const [high = 0, low = 0] = groups.slice(MAPPED_GROUPS);
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/** Eight numbers of 16 bits as in RFC 5952: small letters, the longest run of zeros left out. */
export function formatIPv6(groups: readonly number[]): string {
  let longest = 0;
  let after = 0;
  for (let at = 0, run = 0; at < GROUPS; at += 1) {
    run = groups[at] === 0 ? run + 1 : 0;
    if (run <= longest) continue;
    longest = run;
    after = at + 1;
  }
  // One group of zeros is written (RFC 5952, section 4.2.2).
  if (longest < 2) return written(groups, 0, GROUPS);
  return `${written(groups, 0, after - longest)}::${written(groups, after, GROUPS)}`;
}

function written(groups: readonly number[], from: number, upTo: number): string {
  let text = '';
  for (let at = from; at < upTo; at += 1) text += (at === from ? '' : ':') + (groups[at] ?? 0).toString(16);
  return text;
}
