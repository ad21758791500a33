import { formatIPv6, ipv6Groups } from '@gatehouse/verify';
import { Address, type Failed, Network } from '../values.ts';
import { failedOn } from './failures.ts';

const IPV4_BYTES = 4;
const IPV6_BYTES = 16;
const BITS_PER_BYTE = 8;
const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0xffff];
const PREFIX_LENGTH = /^(?:0|[1-9]\d{0,2})$/;
const DOT = 0x2e;
const ZERO = 0x30;

/**
 * An address as cel-spec's network extension takes it: nothing around it, no zone, no IPv4 within IPv6, which has a form of
 * its own.
 */
export function parseAddress(text: string): Address | Failed {
  const bytes = addressBytes(text);
  if (bytes === undefined) return failedOn('Not an IP address', text);
  return isMapped(bytes) ? failedOn('Not an IP address but IPv4 within IPv6', text) : new Address(bytes);
}

/** A range as it is written there: an address, a slash, and how many bits count. */
export function parseNetwork(text: string): Network | Failed {
  const slash = text.lastIndexOf('/');
  const prefix = text.slice(slash + 1);
  const bytes = slash < 0 || !PREFIX_LENGTH.test(prefix) ? undefined : addressBytes(text.slice(0, slash));
  if (bytes === undefined || Number(prefix) > bytes.length * BITS_PER_BYTE) {
    return failedOn('Not a range of IP addresses', text);
  }
  if (isMapped(bytes)) return failedOn('Not a range of IP addresses but IPv4 within IPv6', text);
  return new Network(new Address(bytes), Number(prefix));
}

/** The canonical form: four decimal numbers, or as in RFC 5952. */
export function formatAddress({ bytes }: Address): string {
  if (bytes.length === IPV4_BYTES) return bytes.join('.');
  const groups: number[] = [];
  for (let at = 0; at < IPV6_BYTES; at += 2) groups.push(((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
  return formatIPv6(groups);
}

export function formatNetwork({ address, prefixLength }: Network): string {
  return `${formatAddress(address)}/${prefixLength}`;
}

/** The 4 or 16 bytes of an address that stands alone; undefined for what is none. */
export function addressBytes(text: string): Uint8Array | undefined {
  return ipv4Bytes(text) ?? ipv6Bytes(text);
}

/** Four numbers up to 255 without leading zeros. */
function ipv4Bytes(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(IPV4_BYTES);
  let index = 0;
  let start = 0;
  let value = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      if (at === start || index === IPV4_BYTES - 1) return undefined;
      bytes[index] = value;
      index += 1;
      start = at + 1;
      value = 0;
      continue;
    }
    const digit = code - ZERO;
    if (digit < 0 || digit > 9 || (at > start && value === 0)) return undefined;
    value = value * 10 + digit;
    if (value > 255) return undefined;
  }
  if (index !== IPV4_BYTES - 1 || start === text.length) return undefined;
  bytes[index] = value;
  return bytes;
}

function ipv6Bytes(text: string): Uint8Array | undefined {
  const groups = ipv6Groups(text);
  if (groups === undefined) return undefined;
  const bytes = new Uint8Array(IPV6_BYTES);
  for (const [index, group] of groups.entries()) {
    bytes[2 * index] = group >> 8;
    bytes[2 * index + 1] = group & 0xff;
  }
  return bytes;
}

function isMapped(bytes: Uint8Array): boolean {
  if (bytes.length === IPV4_BYTES) return false;
  return MAPPED_PREFIX.every((group, index) => (bytes[2 * index] ?? 0) * 256 + (bytes[2 * index + 1] ?? 0) === group);
}
