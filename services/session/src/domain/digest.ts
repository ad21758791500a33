import { hash } from 'node:crypto';

/**
 * A SHA-256 as eight words of 32 bits. Held against another one it is a handful of numbers in one place; a buffer is three
 * places in memory and a call out of JavaScript, which costs as much as the hashing.
 */
export interface Digest {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
  readonly g: number;
  readonly h: number;
}

export const DIGEST_BYTES = 32;

const words = new Int32Array(DIGEST_BYTES / Int32Array.BYTES_PER_ELEMENT);
/** The same memory, byte by byte. */
const bytes = Buffer.from(words.buffer);

/** The SHA-256 of a text in UTF-8. */
export function digestOf(text: string): Digest {
  bytes.write(hash('sha256', text, 'binary'), 'latin1');
  return fromWords();
}

/** The digest whose bytes begin at `at`. Throws RangeError when they are cut short. */
export function readDigest(source: Buffer, at = 0): Digest {
  if (source.copy(bytes, 0, at, at + DIGEST_BYTES) < DIGEST_BYTES) throw new RangeError('A digest is cut short.');
  return fromWords();
}

/** Writes the bytes of a digest. */
export function writeDigest({ a, b, c, d, e, f, g, h }: Digest, target: Buffer, at = 0): void {
  words.set([a, b, c, d, e, f, g, h]);
  bytes.copy(target, at);
}

/** Compares two digests in a time that does not depend on where they differ. */
export function sameDigest(x: Digest, y: Digest): boolean {
  const first = (x.a ^ y.a) | (x.b ^ y.b) | (x.c ^ y.c) | (x.d ^ y.d);
  const second = (x.e ^ y.e) | (x.f ^ y.f) | (x.g ^ y.g) | (x.h ^ y.h);
  return (first | second) === 0;
}

function fromWords(): Digest {
  return { a: word(0), b: word(1), c: word(2), d: word(3), e: word(4), f: word(5), g: word(6), h: word(7) };
}

function word(index: number): number {
  return words[index] as number;
}
