import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { uuidBytes, uuidText } from './uuid-bytes.ts';

describe('the bytes of a UUID', () => {
  it('are read back as what they were, wherever they stand', () => {
    const all = Array.from({ length: 300 }, () => randomUUID());
    const bytes = Buffer.concat(all.map(uuidBytes));
    expect(all.map((_, index) => uuidText(bytes, index * 16))).toEqual(all);
  });

  it('can be any', () => {
    for (let byte = 0; byte < 256; byte += 1) {
      const hex = byte.toString(16).padStart(2, '0');
      const text = uuidText(Buffer.alloc(16, byte), 0);
      expect(text).toBe('00000000-0000-0000-0000-000000000000'.replaceAll('00', hex));
    }
  });
});
