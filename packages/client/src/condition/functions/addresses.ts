// Long because of the many short methods of two kinds of values.
import { canonicalAddress, canonicalNetwork } from '@gatehouse/verify';
import type { Overload } from '../overload.ts';
import { Address, Failed, Network, type Value } from '../values.ts';
import { addressBytes, formatAddress, parseAddress, parseNetwork } from './address-text.ts';
import { failedOn, problemOf } from './failures.ts';

const STEPS_PER_CHARACTER = 4;
const IPV4 = 4n;
const IPV6 = 6n;
const IPV4_BYTES = 4;
const BITS_PER_BYTE = 8;

const UNKNOWN = new Failed('The address of the caller is not known');

/** cel-spec's network extension, and `inCidr`, which takes addresses as sockets and proxies write them. */
export const ADDRESS_FUNCTIONS: readonly Overload[] = [
  fromText('ip', 'ip', parseAddress, parseAddress),
  fromText('cidr', 'cidr', parseNetwork, parseNetwork),
  fromText('isIP', 'bool', (text) => !(parseAddress(text) instanceof Failed)),
  fromText('isCIDR', 'bool', (text) => !(parseNetwork(text) instanceof Failed)),
  fromText('ip.isCanonical', 'bool', isCanonical, parseAddress),
  ofAddress('family', 'int', ({ bytes }) => (bytes.length === IPV4_BYTES ? IPV4 : IPV6)),
  ofAddress('isUnspecified', 'bool', isUnspecified),
  ofAddress('isLoopback', 'bool', isLoopback),
  ofAddress('isGlobalUnicast', 'bool', isGlobalUnicast),
  ofAddress('isLinkLocalMulticast', 'bool', isLinkLocalMulticast),
  ofAddress('isLinkLocalUnicast', 'bool', isLinkLocalUnicast),
  ofNetwork('ip', 'ip', ({ address }) => address),
  ofNetwork('masked', 'cidr', masked),
  ofNetwork('prefixLength', 'int', ({ prefixLength }) => BigInt(prefixLength)),
  {
    name: 'containsIP',
    isMethod: true,
    parameters: ['cidr', 'ip'],
    result: 'bool',
    call: holds,
  },
  containsText('containsIP', parseAddress, holds),
  {
    name: 'containsCIDR',
    isMethod: true,
    parameters: ['cidr', 'cidr'],
    result: 'bool',
    call: holdsNetwork,
  },
  containsText('containsCIDR', parseNetwork, holdsNetwork),
  {
    name: 'inCidr',
    isMethod: true,
    parameters: ['string', 'string'],
    result: 'bool',
    cost: (ip: string, range: string) => textSteps(ip) + textSteps(range),
    call: (ip: string, range: string) => inRange(ip, readRange(range)),
    checkLiteral: (index, value) =>
      index === 1 && typeof value === 'string' ? problemOf(readRange(value)) : undefined,
    prepare: ([, text]) => {
      const range = typeof text === 'string' ? readRange(text) : undefined;
      return range && { cost: textSteps, call: (ip: string) => inRange(ip, range) };
    },
  },
];

export function areSameAddress(left: Address, right: Address): boolean {
  return left.bytes.length === right.bytes.length && sharesBits(left, right, left.bytes.length * BITS_PER_BYTE);
}

/** As they are written: bits that do not count make a difference. */
export function areSameNetwork(left: Network, right: Network): boolean {
  return left.prefixLength === right.prefixLength && areSameAddress(left.address, right.address);
}

function fromText(
  name: string,
  result: Overload['result'],
  call: (text: string) => Value | Failed,
  check?: (text: string) => Value | Failed,
): Overload {
  return {
    name,
    isMethod: false,
    parameters: ['string'],
    result,
    cost: textSteps,
    call,
    ...(check && {
      checkLiteral: (_index: number, value: Value) => (typeof value === 'string' ? problemOf(check(value)) : undefined),
    }),
  };
}

function ofAddress(name: string, result: Overload['result'], call: (address: Address) => Value): Overload {
  return { name, isMethod: true, parameters: ['ip'], result, call };
}

function ofNetwork(name: string, result: Overload['result'], call: (network: Network) => Value): Overload {
  return { name, isMethod: true, parameters: ['cidr'], result, call };
}

/** Whether a range holds what a text says. */
function containsText<T extends Value>(
  name: string,
  parse: (text: string) => T | Failed,
  contains: (network: Network, other: T) => boolean,
): Overload {
  return {
    name,
    isMethod: true,
    parameters: ['cidr', 'string'],
    result: 'bool',
    cost: (_network: Network, text: string) => textSteps(text),
    call: (network: Network, text: string) => {
      const other = parse(text);
      return other instanceof Failed ? other : contains(network, other);
    },
    checkLiteral: (index, value) => (index === 1 && typeof value === 'string' ? problemOf(parse(value)) : undefined),
    prepare: ([, text]) => {
      const other = typeof text === 'string' ? parse(text) : undefined;
      if (other === undefined || other instanceof Failed) return undefined;
      return { call: (network: Network) => contains(network, other) };
    },
  };
}

function textSteps(text: string): number {
  return text.length * STEPS_PER_CHARACTER;
}

function isCanonical(text: string): boolean | Failed {
  const address = parseAddress(text);
  return address instanceof Failed ? address : formatAddress(address) === text;
}

function isUnspecified({ bytes }: Address): boolean {
  return bytes.every((byte) => byte === 0);
}

/** 127.0.0.0/8 and ::1. */
function isLoopback({ bytes }: Address): boolean {
  if (bytes.length === IPV4_BYTES) return bytes[0] === 127;
  return bytes.every((byte, index) => byte === (index === bytes.length - 1 ? 1 : 0));
}

/** 224.0.0.0/4 and ff00::/8. */
function isMulticast({ bytes }: Address): boolean {
  return bytes.length === IPV4_BYTES ? ((bytes[0] ?? 0) & 0xf0) === 0xe0 : bytes[0] === 0xff;
}

/** 224.0.0.0/24, and ff02::/16 whatever the flags are. */
function isLinkLocalMulticast({ bytes }: Address): boolean {
  if (bytes.length === IPV4_BYTES) return bytes[0] === 224 && bytes[1] === 0 && bytes[2] === 0;
  return bytes[0] === 0xff && ((bytes[1] ?? 0) & 0x0f) === 0x02;
}

/** 169.254.0.0/16 and fe80::/10. */
function isLinkLocalUnicast({ bytes }: Address): boolean {
  if (bytes.length === IPV4_BYTES) return bytes[0] === 169 && bytes[1] === 254;
  return bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80;
}

/** What is none of the others, private addresses included, and not 255.255.255.255. */
function isGlobalUnicast(address: Address): boolean {
  if (isUnspecified(address) || isLoopback(address) || isMulticast(address) || isLinkLocalUnicast(address))
    return false;
  return address.bytes.length !== IPV4_BYTES || address.bytes.some((byte) => byte !== 255);
}

function masked({ address: { bytes }, prefixLength }: Network): Network {
  const kept = bytes.map((byte, index) => byte & maskOf(prefixLength - index * BITS_PER_BYTE));
  return new Network(new Address(kept), prefixLength);
}

function holds({ address, prefixLength }: Network, other: Address): boolean {
  return address.bytes.length === other.bytes.length && sharesBits(address, other, prefixLength);
}

function holdsNetwork(network: Network, other: Network): boolean {
  return network.prefixLength <= other.prefixLength && holds(network, other.address);
}

function sharesBits({ bytes }: Address, other: Address, count: number): boolean {
  for (let index = 0, left = count; left > 0; index += 1, left -= BITS_PER_BYTE) {
    if ((((bytes[index] ?? 0) ^ (other.bytes[index] ?? 0)) & maskOf(left)) !== 0) return false;
  }
  return true;
}

/** A byte of which so many bits count. */
function maskOf(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= BITS_PER_BYTE ? 0xff : (0xff << (BITS_PER_BYTE - bits)) & 0xff;
}

function inRange(ip: string, range: Network | Failed): boolean | Failed {
  const bytes = canonicalBytes(ip);
  if (bytes === undefined) return ip === '' ? UNKNOWN : failedOn('Not an IP address', ip);
  return range instanceof Failed ? range : holds(range, new Address(bytes));
}

/** The bytes of the form in which addresses are compared: IPv4 also where IPv6 carries it, without port and zone. */
function canonicalBytes(text: string): Uint8Array | undefined {
  const canonical = canonicalAddress(text);
  return canonical === undefined ? undefined : addressBytes(canonical);
}

function readRange(text: string): Network | Failed {
  const [address = '', bits] = canonicalNetwork(text)?.split('/') ?? [];
  const bytes = bits === undefined ? undefined : addressBytes(address);
  return bytes ? new Network(new Address(bytes), Number(bits)) : failedOn('Not a range of IP addresses', text);
}
