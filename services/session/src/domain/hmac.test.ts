import { createHmac } from 'node:crypto';
import { rounds, seededChance } from '@gatehouse/testing/chance';
import { expect, it } from 'vitest';
import { HMAC_MESSAGE_BYTES_MAX, hmacSha256 } from './hmac.ts';

it('is HMAC-SHA-256 for keys and messages of every length', () => {
  const chance = seededChance();
  const bytesOf = (length: number) => Buffer.from(Array.from({ length }, () => chance.below(256)));
  for (let round = 0; round < rounds(3_000); round += 1) {
    const key = bytesOf(chance.below(65));
    // The second must not see what the first has left behind.
    for (const message of [
      bytesOf(chance.below(HMAC_MESSAGE_BYTES_MAX + 1)),
      bytesOf(chance.below(HMAC_MESSAGE_BYTES_MAX + 1)),
    ]) {
      expect(hmacSha256(key, message)).toEqual(createHmac('sha256', key).update(message).digest());
    }
  }
});

it('refuses what it has no room for', () => {
  expect(() => hmacSha256(Buffer.alloc(65), Buffer.alloc(1))).toThrow(RangeError);
  expect(() => hmacSha256(Buffer.alloc(32), Buffer.alloc(HMAC_MESSAGE_BYTES_MAX + 1))).toThrow(RangeError);
});
