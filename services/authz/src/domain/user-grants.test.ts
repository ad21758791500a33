import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodeGrants, encodeGrants, slotTag } from './user-grants.ts';

describe('grants in Redis', () => {
  it.each([0, 1, 1_000])('come back as they were put there: %i roles', (count) => {
    const grants = { modelRevision: 2n ** 40n + 1n, roleIds: Array.from({ length: count }, () => randomUUID()) };
    expect(decodeGrants(encodeGrants(grants))).toEqual(grants);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['another format', Buffer.concat([Buffer.of(2), Buffer.alloc(8)])],
    ['a role cut short', encodeGrants({ modelRevision: 1n, roleIds: [randomUUID()] }).subarray(0, -1)],
  ])('are not guessed at: %s', (_, bytes) => {
    expect(() => decodeGrants(bytes)).toThrow(/unknown format/);
  });
});

it('spreads users over 4096 slots by their ids', () => {
  expect(slotTag('018f4d5e-1111-7abc-8def-0123456789ab')).toBe('ed4');
  expect(new Set(Array.from({ length: 2_000 }, () => slotTag(randomUUID()))).size).toBeGreaterThan(1_400);
});
