import { BlockList, isIP, SocketAddress } from 'node:net';
import { propertyRuns } from '@gatehouse/testing/chance';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalAddress, canonicalNetwork } from './address.ts';

describe('canonicalAddress', () => {
  it.each([
    ['10.1.2.3', '10.1.2.3'],
    ['10.1.2.3:443', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['::FFFF:0A01:0203', '10.1.2.3'],
    ['0:0:0:0:0:ffff:10.1.2.3', '10.1.2.3'],
    ['0000:0000:0000:0000:0000:ffff:0a01:0203', '10.1.2.3'],
    ['[::ffff:10.1.2.3]:443', '10.1.2.3'],
    ['::ffff:10.1.2.3:443', '10.1.2.3'],
    ['::ffff:10.1.2.3%eth0', '10.1.2.3'],
    ['::ffff:0:0', '0.0.0.0'],
    ['2001:DB8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:65535', '2001:db8::1'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['fe80::1%12', 'fe80::1'],
    ['FE80::A%wlan_0.1', 'fe80::a'],
    ['[fe80::1%25eth0]:80', 'fe80::1'],
    ['::', '::'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['::10.1.2.3', '::a01:203'],
    ['::ffff:0:10.1.2.3', '::ffff:0:a01:203'],
    ['64:ff9b::10.1.2.3', '64:ff9b::a01:203'],
  ])('of %s is %s', (text, expected) => {
    expect(canonicalAddress(text)).toBe(expected);
    expect(canonicalAddress(expected)).toBe(expected);
  });

  it.each([
    '',
    ' ',
    'unknown',
    'localhost',
    ' 10.1.2.3',
    '10.1.2.3 ',
    '"10.1.2.3"',
    '010.001.002.003',
    '10.1.515',
    '10.1.2.256',
    '167838211',
    '0x0a.1.2.3',
    '10.1.2.3:',
    '10.1.2.3:65536',
    '10.1.2.3:80:80',
    '10.1.2.3/32',
    '10.1.2.3%eth0',
    '[10.1.2.3]',
    '[10.1.2.3]:443',
    '[::1',
    '::1]',
    '[::1]x',
    '[::1]:',
    '[::1]:99999',
    '[[::1]]',
    '2001:db8::1::2',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    'fe80::1%',
    'fe80::1%a b',
    'fe80::1%a%b',
    'fe80::1%a/b',
    `fe80::1%${'a'.repeat(65)}`,
    '::ffff:10.1.2',
    '::ffff:10.1.2.3.4',
    '/run/app.sock',
    '@',
    '10.1.2.3\0',
    '10.1.2.3,10.1.2.4',
    '１０.1.2.3',
  ])('of %j is none', (text) => {
    expect(canonicalAddress(text)).toBeUndefined();
  });

  it('is one for each address, however it is written, and as others write it', () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }), fc.constant(0xffff));
    const groups = fc.array(group, { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(groups, fc.boolean(), fc.constantFrom('', '%eth0', '%3'), (eight, isUpper, zone) => {
        const plain = eight.map((each) => each.toString(16));
        const padded = plain.map((each) => each.padStart(4, '0'));
        const dotted = [eight[6] ?? 0, eight[7] ?? 0].flatMap((each) => [each >> 8, each & 255]).join('.');
        const spellings = [plain.join(':'), padded.join(':'), [...plain.slice(0, 6), dotted].join(':')].map(
          (spelling) => (isUpper ? spelling.toUpperCase() : spelling) + zone,
        );
        const isMapped = plain.slice(0, 6).join() === '0,0,0,0,0,ffff';
        const expected = isMapped ? dotted : new URL(`http://[${plain.join(':')}]`).hostname.slice(1, -1);
        for (const spelling of spellings) {
          expect(canonicalAddress(spelling)).toBe(expected);
          expect(canonicalAddress(`[${spelling}]:80`)).toBe(expected);
        }
        expect(isIP(expected)).toBe(isMapped ? 4 : 6);
      }),
      propertyRuns(5_000),
    );
  });

  it('takes for an address what Node takes for one', () => {
    const part = fc.constantFrom('0', '1', 'ffff', '00000', 'aB', 'g', '10.1.2.3', '10.1.2', '', '1.2.3.4');
    const text = fc.array(part, { maxLength: 9 }).map((parts) => parts.join(':'));
    fc.assert(
      fc.property(text, (given) => {
        const isAddress = isIP(given) !== 0 || /^[^[]*\.\d+:\d{1,5}$/.test(given);
        if (canonicalAddress(given) !== undefined) expect(isAddress).toBe(true);
        else expect(isIP(given)).toBe(0);
      }),
      propertyRuns(20_000),
    );
  });

  it('is none of what is no address, whatever it holds', () => {
    const text = fc.string({ unit: fc.constantFrom(...'0129af:.%[]/ ,g"\0'), maxLength: 24 });
    fc.assert(
      fc.property(text, (given) => {
        const address = canonicalAddress(given);
        if (address === undefined) return;
        expect(isIP(address)).not.toBe(0);
        expect(address).not.toMatch(/[%[\]A-Z]/);
        expect(canonicalAddress(address)).toBe(address);
        expect(SocketAddress.parse(isIP(address) === 6 ? `[${address}]:0` : `${address}:0`)).toBeDefined();
      }),
      propertyRuns(20_000),
    );
  });
});

describe('canonicalNetwork', () => {
  it.each([
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['10.9.8.200/24', '10.9.8.200/24'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['10.9.8.7', '10.9.8.7'],
    ['::ffff:10.9.8.7', '10.9.8.7'],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['::FFFF:0A00:0000/128', '10.0.0.0/32'],
    ['::ffff:0:0/96', '0.0.0.0/0'],
    ['::ffff:0:0/95', '::ffff:0.0.0.0/95'],
    ['::/0', '::/0'],
    ['2001:0DB8:0::/32', '2001:db8::/32'],
    ['fe80::1%eth0/64', 'fe80::1/64'],
  ])('of %s is %s', (text, expected) => {
    expect(canonicalNetwork(text)).toBe(expected);
  });

  it.each([
    '',
    '/8',
    'here',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0.0/8 ',
    '10.0.0/8',
    '10.0.0.0:80/8',
    '[2001:db8::]/32',
    '2001:db8::/129',
    '::ffff:10.0.0.0/129',
  ])('of %j is none', (text) => {
    expect(canonicalNetwork(text)).toBeUndefined();
  });

  it('holds the same addresses as the network that was given', () => {
    const byte = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(
        fc.tuple(byte, byte, byte, byte),
        fc.tuple(byte, byte, byte, byte),
        fc.nat(32),
        (net, other, bits) => {
          const [given = '', prefix] = (canonicalNetwork(`::ffff:${net.join('.')}/${bits + 96}`) ?? '').split('/');
          const list = (of: string, length: number) => {
            const made = new BlockList();
            made.addSubnet(of, length, 'ipv4');
            return made;
          };
          const address = canonicalAddress(`::ffff:${other.join('.')}`) ?? '';
          expect(list(given, Number(prefix)).check(address)).toBe(list(net.join('.'), bits).check(other.join('.')));
        },
      ),
      propertyRuns(2_000),
    );
  });
});
