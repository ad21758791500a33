import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DIGEST_BYTES, digestOf, readDigest, sameDigest, writeDigest } from './digest.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest();

describe('a digest', () => {
  it.each(['', 'abc', 'ghs_', 'é', '𝄞', 'x'.repeat(10_000)])('is the SHA-256 of its text (%#)', (text) => {
    const bytes = Buffer.alloc(DIGEST_BYTES);
    writeDigest(digestOf(text), bytes);
    expect(bytes.equals(sha256(text))).toBe(true);
    expect(sameDigest(digestOf(text), readDigest(sha256(text)))).toBe(true);
  });

  it('differs when any of its bits does', () => {
    const bytes = randomBytes(DIGEST_BYTES);
    const digest = readDigest(bytes);
    for (let bit = 0; bit < DIGEST_BYTES * 8; bit += 1) {
      const other = Buffer.from(bytes);
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(sameDigest(digest, readDigest(other))).toBe(false);
    }
    expect(sameDigest(digest, readDigest(bytes))).toBe(true);
  });

  it('is read and written where it stands, and keeps its value when others are made', () => {
    const bytes = randomBytes(100);
    const digest = readDigest(bytes, 50);
    digestOf('something else');
    const copy = Buffer.alloc(100);
    writeDigest(digest, copy, 7);
    expect(copy.subarray(7, 7 + DIGEST_BYTES)).toEqual(bytes.subarray(50, 50 + DIGEST_BYTES));
    expect(copy.subarray(7 + DIGEST_BYTES).every((byte) => byte === 0)).toBe(true);
  });

  it('is not read from what is too short for one', () => {
    expect(() => readDigest(Buffer.alloc(DIGEST_BYTES - 1))).toThrow(RangeError);
    expect(() => readDigest(Buffer.alloc(DIGEST_BYTES), 1)).toThrow(RangeError);
  });
});
