import { seededChance } from '@gatehouse/testing/chance';
import { describe, expect, it } from 'vitest';
import { canonicalId, canonicalName, decodePart, encodeId, encodeName } from './percent.ts';

const IDS = [
  'https://example.com/a?b=c&d=e#f',
  'alice+tag@example.com',
  'arn:aws:s3:::bucket/key*',
  'ab+/cd==',
  '/todos/{id}',
  '-5',
  ' with spaces ',
  '100%',
  'a%2Fb',
  '*',
  '..',
  'Žluťoučký 🦊',
  "o'neil (!)",
  '\u0001\u007f',
];

describe('what is encoded', () => {
  it.each(IDS)('%j stands for itself again, and for nothing else', (text) => {
    for (const [encode, canonical] of [
      [encodeId, canonicalId],
      [encodeName, canonicalName],
    ] as const) {
      const encoded = encode(text) ?? '';
      expect(encoded).toMatch(/^(?:[A-Za-z0-9_.:@~!$&'()+,;=-]|%[0-9A-F]{2})+$/);
      expect(decodePart(encoded)).toBe(text);
      expect(canonical(encoded)).toBe(encoded);
      // However else it was encoded, it is the same one.
      expect(
        canonical(encodeURIComponent(text).replaceAll(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16)}`)),
      ).toBe(encoded);
      const all = Buffer.from(text).toString('hex').replaceAll(/../g, '%$&');
      expect(canonical(all)).toBe(encoded);
    }
  });

  it('is any text, by chance', () => {
    const { below } = seededChance();
    for (let round = 0; round < 500; round += 1) {
      const text = String.fromCodePoint(
        ...Array.from({ length: 1 + below(8) }, () => 1 + below(below(2) ? 0x7f : 0xd7fe)),
      );
      expect(decodePart(encodeId(text) ?? '')).toBe(text);
      expect(decodePart(encodeName(text) ?? '')).toBe(text);
    }
  });

  it.each(['\ud800', 'a\udfffb', '\0', 'a\0b'])('%j is not', (text) => {
    expect(encodeId(text)).toBeUndefined();
    expect(encodeName(text)).toBeUndefined();
  });
});

it.each(['%', '%4', '%zz', 'a%00', '%%41'])('%j is encoded wrongly', (part) => {
  expect(canonicalId(part)).toBeUndefined();
  expect(canonicalName(part)).toBeUndefined();
});

it('bytes that are no text stand for none', () => {
  expect(decodePart('%FF')).toBeUndefined();
});
