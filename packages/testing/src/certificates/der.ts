import { isIPv6 } from 'node:net';

// The part of DER (ITU-T X.690) that a certificate is made of. Each function answers one encoded value.

const IP_WORDS = 8;
/** From this year on, certificates write the year with four digits (RFC 5280, 4.1.2.5). */
const FOUR_DIGIT_YEAR = 2050;

export function sequence(...values: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(values));
}

export function set(...values: readonly Buffer[]): Buffer {
  return tagged(0x31, Buffer.concat(values));
}

export function boolean(value: boolean): Buffer {
  return tagged(0x01, Buffer.from([value ? 0xff : 0]));
}

/** A number that is not negative, as big-endian bytes. */
export function integer(bytes: Buffer): Buffer {
  const looksNegative = ((bytes[0] ?? 0) & 0x80) !== 0;
  return tagged(0x02, looksNegative ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

export function bitString(bytes: Buffer, unusedBits = 0): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.from([unusedBits]), bytes]));
}

export function octetString(bytes: Buffer): Buffer {
  return tagged(0x04, bytes);
}

export function utf8String(text: string): Buffer {
  return tagged(0x0c, Buffer.from(text, 'utf8'));
}

/** An object identifier from its dotted form. */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tagged(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** A moment, to the second. */
export function time(moment: Date): Buffer {
  const digits = moment.toISOString().replace(/[-:T]|\.\d+/g, '');
  if (moment.getUTCFullYear() >= FOUR_DIGIT_YEAR) return tagged(0x18, Buffer.from(digits, 'latin1'));
  return tagged(0x17, Buffer.from(digits.slice(2), 'latin1'));
}

/** A value whose meaning comes from where it stands: [number], around other values (`constructed`) or around bytes. */
export function contextual(number: number, content: Buffer, form: 'constructed' | 'bytes'): Buffer {
  return tagged((form === 'constructed' ? 0xa0 : 0x80) | number, content);
}

/** The 4 or 16 bytes of an IP address. */
export function ipBytes(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array<string>(IP_WORDS - before.length - after.length).fill('0');
  return Buffer.from([...before, ...zeros, ...after].map((word) => word.padStart(4, '0')).join(''), 'hex');
}

function tagged(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content)]), content]);
}

/** Up to 127 in one byte, else the count of bytes and then the bytes. */
function lengthOf({ length }: Buffer): number[] {
  if (length < 0x80) return [length];
  const bytes = length < 0x100 ? [length] : [length >> 8, length & 0xff];
  return [0x80 | bytes.length, ...bytes];
}

/** Seven bits to a byte, the highest bit set on all but the last. */
function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let rest = value >> 7; rest > 0; rest >>= 7) bytes.unshift(0x80 | (rest & 0x7f));
  return bytes;
}
