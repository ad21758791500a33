import { describe, expect, it } from 'vitest';
import { decodeEntry, type Entry, encodeEntry, newStamp } from './entry.ts';

describe('an entry in Redis', () => {
  it.each<Entry>([
    { kind: 'value', version: 1n, payload: Buffer.from([0, 255, 1]) },
    { kind: 'value', version: 2n ** 63n, payload: Buffer.alloc(0) },
    { kind: 'gone', version: 7n, note: 'revoked – by ü' },
    { kind: 'stale', version: 2n ** 64n - 1n, stamp: newStamp() },
    { kind: 'stale', version: 3n, stamp: undefined },
    { kind: 'reserved', stamp: newStamp() },
  ])('comes back as it was put: %o', (entry) => {
    expect(decodeEntry(encodeEntry(entry))).toEqual(entry);
  });

  it('starts with its kind and its version, most significant byte first', () => {
    const bytes = encodeEntry({ kind: 'gone', version: 0x0102n, note: 'x' });
    expect(bytes.toString('hex')).toBe(`0200000000000001${'02'}${Buffer.from('x').toString('hex')}`);
  });

  it.each([[], [1], [0, 0, 0, 0, 0, 0, 0, 0, 1], [9, 0, 0, 0, 0, 0, 0, 0, 1]])(
    'is refused when it is not one: %j',
    (...bytes) => {
      expect(decodeEntry(Buffer.from(bytes))).toBeUndefined();
    },
  );

  it('cuts a note that is too long', () => {
    const entry = decodeEntry(encodeEntry({ kind: 'gone', version: 1n, note: 'x'.repeat(1000) }));
    expect(entry).toMatchObject({ note: 'x'.repeat(256) });
  });
});
