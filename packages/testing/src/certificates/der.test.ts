import { describe, expect, it } from 'vitest';
import * as der from './der.ts';

describe('DER', () => {
  it.each([
    ['an empty sequence', der.sequence(), '3000'],
    ['a length that takes one more byte', der.octetString(Buffer.alloc(200)).subarray(0, 3), '0481c8'],
    ['a length that takes two more', der.octetString(Buffer.alloc(300)).subarray(0, 4), '0482012c'],
    ['a number that looks negative', der.integer(Buffer.from([0x80])), '02020080'],
    ['a number that does not', der.integer(Buffer.from([0x7f])), '02017f'],
    ['an object identifier', der.objectIdentifier('1.2.840.10045.4.3.2'), '06082a8648ce3d040302'],
    ['a time with a year of two digits', der.time(new Date('2049-12-31T23:59:59Z')), '170d3439313233313233353935395a'],
    ['a time with a year of four', der.time(new Date('2050-01-01T00:00:00Z')), '180f32303530303130313030303030305a'],
    ['bits of which not all are used', der.bitString(Buffer.from([0x06]), 1), '03020106'],
  ])('writes %s', (_title, encoded, hex) => {
    expect(encoded.toString('hex')).toBe(hex);
  });

  it.each([
    ['127.0.0.1', '7f000001'],
    ['::1', '00000000000000000000000000000001'],
    ['::', '00000000000000000000000000000000'],
    ['fd00::17', 'fd000000000000000000000000000017'],
    ['2001:db8:1:2:3:4:5:6', '20010db8000100020003000400050006'],
  ])('writes the address %s', (address, hex) => {
    expect(der.ipBytes(address).toString('hex')).toBe(hex);
  });
});
