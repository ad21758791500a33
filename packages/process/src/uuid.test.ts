import { describe, expect, it, vi } from 'vitest';
import { derivedUuidv7, isUuid, uuidTimeMs, uuidv7 } from './uuid.ts';

const CLOCKS_APART_MS = 1_000;

describe('uuidv7', () => {
  it('is a version 7 UUID of the RFC variant, with the time in its first 48 bits', () => {
    const before = Date.now();
    const id = uuidv7();
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(isUuid(id)).toBe(true);
    // The two clocks of the machine differ by some milliseconds.
    expect(uuidTimeMs(id)).toBeGreaterThan(before - CLOCKS_APART_MS);
    expect(uuidTimeMs(id)).toBeLessThan(Date.now() + CLOCKS_APART_MS);
  });

  it('sorts in the order of making, and never repeats', () => {
    const ids = Array.from({ length: 20_000 }, uuidv7);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('follows the wall clock when that is set, and still sorts when it is set back', () => {
    const before = uuidv7();
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 3_600_000);
    const later = uuidv7();
    expect(uuidTimeMs(later) - uuidTimeMs(before)).toBeGreaterThan(3_590_000);
    vi.restoreAllMocks();
    expect(uuidv7() > later).toBe(true);
  });

  it('tells a UUID from what only looks like one', () => {
    for (const bad of ['', 'x', uuidv7().toUpperCase(), `${uuidv7()} `, uuidv7().replaceAll('-', '')]) {
      expect(isUuid(bad)).toBe(false);
    }
  });
});

describe('derivedUuidv7', () => {
  it('is the same for the same time and text, and another for another of either', () => {
    const id = derivedUuidv7(1_796_000_000_123, 'a');
    expect(derivedUuidv7(1_796_000_000_123, 'a')).toBe(id);
    expect(derivedUuidv7(1_796_000_000_124, 'a')).not.toBe(id);
    expect(derivedUuidv7(1_796_000_000_123, 'b')).not.toBe(id);
  });

  it.each([0, 1, 1_796_000_000_123, 2 ** 48 - 1])(
    'is a version 7 UUID of the RFC variant, of the time %i',
    (timeMs) => {
      for (const text of ['', 'a', 'ä\0', 'a'.repeat(10_000)]) {
        const id = derivedUuidv7(timeMs, text);
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(uuidTimeMs(id)).toBe(timeMs);
      }
    },
  );
});
