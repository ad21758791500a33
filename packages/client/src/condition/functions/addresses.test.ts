import { describe, expect, it } from 'vitest';
import { Address, Failed, Network, type Value } from '../values.ts';
import { formatAddress, formatNetwork } from './address-text.ts';
import { ADDRESS_FUNCTIONS, areSameAddress, areSameNetwork } from './addresses.ts';

function typeOf(value: Value): string {
  if (value instanceof Address) return 'ip';
  return value instanceof Network ? 'cidr' : 'string';
}

function overloadOf(name: string, values: readonly Value[]) {
  const found = ADDRESS_FUNCTIONS.find(
    (each) => each.name === name && `${each.parameters}` === `${values.map(typeOf)}`,
  );
  if (!found) throw new Error(`No ${name}(${values.map(typeOf)}).`);
  return found;
}

/** What a call gives, and that it gives the same where its last argument is written down. */
function call(name: string, ...values: Value[]): Value {
  const overload = overloadOf(name, values);
  const value = overload.call(...(values as never[]));
  const written = values.map((each, index) => (index > 0 ? each : undefined));
  const prepared = overload.prepare?.(written);
  if (prepared) expect(prepared.call(...(values as never[]))).toEqual(value);
  return shown(value);
}

function shown(value: Value | Failed): Value {
  if (value instanceof Failed) return value.why;
  if (value instanceof Address) return formatAddress(value);
  return value instanceof Network ? formatNetwork(value) : value;
}

function made<T extends Value>(name: 'ip' | 'cidr', text: string): T {
  const value = overloadOf(name, [text]).call(text as never);
  if (value instanceof Failed) throw new Error(value.why);
  return value as T;
}

const ip = (text: string) => made<Address>('ip', text);
const cidr = (text: string) => made<Network>('cidr', text);

/** What is an address, and its one form. */
const ADDRESSES = [
  ['192.168.0.1', '192.168.0.1'],
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['2001:db8::68', '2001:db8::68'],
  ['2001:DB8::68', '2001:db8::68'],
  ['2001:0db8:0000:0000:0000:0000:0000:0068', '2001:db8::68'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['::ffff', '::ffff'],
  ['::fffe:1.2.3.4', '::fffe:102:304'],
  ['::1.2.3.4', '::102:304'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
] as const;

const NO_ADDRESSES = [
  '',
  ' ',
  '1',
  '1.2.3',
  '1.2.3.',
  '.1.2.3',
  '1..2.3',
  '1.2.3.4.',
  '192.168.0.1.0',
  '256.0.0.1',
  '1.2.3.256',
  '1.2.3.1000',
  '010.0.0.1',
  '10.0.0.01',
  '00.0.0.0',
  '0x7f.0.0.1',
  '127.1',
  '2130706433',
  '1.2.3.-4',
  '+1.2.3.4',
  '1.2.3.4 ',
  ' 1.2.3.4',
  '1.2.3.4\n',
  '1.2.3.4:80',
  '1.2.3.4/32',
  '１.2.3.4',
  ':',
  ':::',
  ':1',
  '1:',
  '2001:db8:::68',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '::1:2:3:4:5:6:7:8',
  '12345::',
  '00001::',
  'g::',
  '::1%eth0',
  'fe80::1%en0',
  'fe80::1%',
  '[::1]',
  '[::1]:80',
  '::1/128',
  '::1.2.3',
  '::1.2.3.04',
  '::1.2.3.256',
  '1:2:3:4:5:6:7:1.2.3.4',
  '1.2.3.4::',
  '1:ffff:1.2.3.4::',
  'localhost',
];

/** IPv4 within IPv6 in whatever spelling. */
const MAPPED = [
  '::ffff:192.168.0.1',
  '::FFFF:10.1.2.3',
  '::ffff:c0a8:1',
  '0:0:0:0:0:ffff:1.2.3.4',
  '0000:0000:0000:0000:0000:ffff:0102:0304',
  '::ffff:0:0',
];

describe('an address', () => {
  it.each(ADDRESSES)('%s is %s', (text, form) => {
    expect(call('ip', text)).toBe(form);
    expect(call('isIP', text)).toBe(true);
    expect(call('ip.isCanonical', text)).toBe(text === form);
    expect(call('ip.isCanonical', form)).toBe(true);
    expect(areSameAddress(ip(text), ip(form))).toBe(true);
  });

  it.each(NO_ADDRESSES)('%j is none', (text) => {
    const why = `Not an IP address: ${text}`;
    expect(call('ip', text)).toBe(why);
    expect(call('isIP', text)).toBe(false);
    // cel-spec: an error and not false.
    expect(call('ip.isCanonical', text)).toBe(why);
    expect(overloadOf('ip', [text]).checkLiteral?.(0, text)).toBe(`${why}.`);
    expect(overloadOf('ip.isCanonical', [text]).checkLiteral?.(0, text)).toBe(`${why}.`);
    // Whether it is one may be asked of anything.
    expect(overloadOf('isIP', [text]).checkLiteral?.(0, text)).toBeUndefined();
  });

  it.each(MAPPED)('%s is none, but what inCidr takes', (text) => {
    const why = `Not an IP address but IPv4 within IPv6: ${text}`;
    expect(call('ip', text)).toBe(why);
    expect(call('isIP', text)).toBe(false);
    expect(call('ip.isCanonical', text)).toBe(why);
    expect(call('inCidr', text, '0.0.0.0/0')).toBe(true);
  });

  it('is quoted in short', () => {
    expect(call('ip', '1'.repeat(70_000))).toBe(`Not an IP address: ${'1'.repeat(64)}…`);
  });
});

describe('what kind of address it is', () => {
  const METHODS = ['isUnspecified', 'isLoopback', 'isGlobalUnicast', 'isLinkLocalMulticast', 'isLinkLocalUnicast'];

  it.each([
    ['0.0.0.0', 4n, ['isUnspecified']],
    ['0.0.0.1', 4n, ['isGlobalUnicast']],
    ['127.0.0.1', 4n, ['isLoopback']],
    ['127.255.255.255', 4n, ['isLoopback']],
    ['126.255.255.255', 4n, ['isGlobalUnicast']],
    ['128.0.0.0', 4n, ['isGlobalUnicast']],
    ['1.2.3.4', 4n, ['isGlobalUnicast']],
    ['192.168.0.1', 4n, ['isGlobalUnicast']],
    ['10.0.0.1', 4n, ['isGlobalUnicast']],
    ['169.254.169.254', 4n, ['isLinkLocalUnicast']],
    ['169.253.255.255', 4n, ['isGlobalUnicast']],
    ['169.255.0.0', 4n, ['isGlobalUnicast']],
    ['223.255.255.255', 4n, ['isGlobalUnicast']],
    ['224.0.0.0', 4n, ['isLinkLocalMulticast']],
    ['224.0.0.255', 4n, ['isLinkLocalMulticast']],
    ['224.0.1.1', 4n, []],
    ['239.255.255.255', 4n, []],
    ['240.0.0.1', 4n, ['isGlobalUnicast']],
    ['255.255.255.254', 4n, ['isGlobalUnicast']],
    ['255.255.255.255', 4n, []],
    ['::', 6n, ['isUnspecified']],
    ['::1', 6n, ['isLoopback']],
    ['::2', 6n, ['isGlobalUnicast']],
    ['1::1', 6n, ['isGlobalUnicast']],
    ['2001:db8::abcd', 6n, ['isGlobalUnicast']],
    ['fd00::1', 6n, ['isGlobalUnicast']],
    ['fe7f::1', 6n, ['isGlobalUnicast']],
    ['fe80::1', 6n, ['isLinkLocalUnicast']],
    ['febf:ffff::1', 6n, ['isLinkLocalUnicast']],
    ['fec0::1', 6n, ['isGlobalUnicast']],
    ['ff00::1', 6n, []],
    ['ff01::1', 6n, []],
    ['ff02::1', 6n, ['isLinkLocalMulticast']],
    ['ff12::1', 6n, ['isLinkLocalMulticast']],
    ['ff05::2', 6n, []],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 6n, []],
    ['7f00::1', 6n, ['isGlobalUnicast']],
    ['::7f00:1', 6n, ['isGlobalUnicast']],
  ])('%s', (text, family, kinds) => {
    expect(call('family', ip(text))).toBe(family);
    expect(METHODS.filter((name) => call(name, ip(text)) === true)).toEqual(kinds);
  });
});

describe('a range', () => {
  it.each([
    ['192.168.0.0/24', '192.168.0.0/24', '192.168.0.0', 24n, '192.168.0.0/24'],
    ['192.168.0.129/25', '192.168.0.129/25', '192.168.0.129', 25n, '192.168.0.128/25'],
    ['10.255.255.255/9', '10.255.255.255/9', '10.255.255.255', 9n, '10.128.0.0/9'],
    ['10.1.2.3/0', '10.1.2.3/0', '10.1.2.3', 0n, '0.0.0.0/0'],
    ['10.1.2.3/32', '10.1.2.3/32', '10.1.2.3', 32n, '10.1.2.3/32'],
    ['2001:DB8::/32', '2001:db8::/32', '2001:db8::', 32n, '2001:db8::/32'],
    ['2001:db8:ffff::1/33', '2001:db8:ffff::1/33', '2001:db8:ffff::1', 33n, '2001:db8:8000::/33'],
    ['::1/0', '::1/0', '::1', 0n, '::/0'],
    ['::1/128', '::1/128', '::1', 128n, '::1/128'],
  ])('%s', (text, form, address, prefixLength, masked) => {
    expect(call('cidr', text)).toBe(form);
    expect(call('isCIDR', text)).toBe(true);
    expect(call('ip', cidr(text))).toBe(address);
    expect(call('prefixLength', cidr(text))).toBe(prefixLength);
    expect(call('masked', cidr(text))).toBe(masked);
    expect(areSameNetwork(cidr(text), cidr(form))).toBe(true);
    expect(areSameNetwork(cidr(text), cidr(masked))).toBe(form === masked);
  });

  it.each([
    '',
    '/',
    '/24',
    '192.168.0.0',
    '192.168.0.0/',
    '192.168.0.0/33',
    '192.168.0.0/-1',
    '192.168.0.0/+8',
    '192.168.0.0/08',
    '192.168.0.0/00',
    '192.168.0.0/8.0',
    '192.168.0.0/1e1',
    '192.168.0.0/ 8',
    '192.168.0.0 /8',
    '192.168.0.0/8 ',
    '192.168.0.0/8\n',
    '192.168.0.0/255.255.255.0',
    '192.168.0.0/8/8',
    '192.168.0/24',
    '192.168.00.0/24',
    '256.0.0.0/8',
    '::/129',
    '::/1000',
    '2001:db8::',
    'fe80::1%en0/24',
    'fe80::1/24%en0',
    '[::]/0',
    'net/8',
  ])('%j is none', (text) => {
    const why = `Not a range of IP addresses: ${text}`;
    expect(call('cidr', text)).toBe(why);
    expect(call('isCIDR', text)).toBe(false);
    expect(overloadOf('cidr', [text]).checkLiteral?.(0, text)).toBe(`${why}.`);
    expect(call('containsCIDR', cidr('::/0'), text)).toBe(why);
    expect(overloadOf('containsCIDR', [cidr('::/0'), text]).checkLiteral?.(1, text)).toBe(`${why}.`);
  });

  it.each(['::ffff:192.168.0.1/24', '::ffff:c0a8:1/120', '::ffff:0:0/96'])('%s is none', (text) => {
    expect(call('cidr', text)).toBe(`Not a range of IP addresses but IPv4 within IPv6: ${text}`);
    expect(call('isCIDR', text)).toBe(false);
  });

  it.each<[range: string, address: string, expected: Value]>([
    ['192.168.0.0/24', '192.168.0.1', true],
    ['192.168.0.0/24', '192.168.1.1', false],
    ['192.168.0.77/24', '192.168.0.1', true],
    ['192.168.0.128/25', '192.168.0.127', false],
    ['192.168.0.128/25', '192.168.0.128', true],
    ['10.0.0.1/32', '10.0.0.1', true],
    ['10.0.0.1/32', '10.0.0.0', false],
    ['10.0.0.1/31', '10.0.0.0', true],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['0.0.0.0/0', '::', false],
    ['::/0', '0.0.0.0', false],
    ['::/0', 'ffff::', true],
    ['2001:db8::/32', '2001:db8::1', true],
    ['2001:db8::/33', '2001:db8:8000::', false],
    ['2001:db8::/32', '2001:db9::', false],
    ['2001:db8::/32', '192.168.1.1', false],
    ['192.168.1.1/32', '2001:db8::1', false],
  ])('%s holds %s: %s', (range, address, expected) => {
    expect(call('containsIP', cidr(range), ip(address))).toBe(expected);
    expect(call('containsIP', cidr(range), address)).toBe(expected);
  });

  it.each(['', '1.2.3', '10.0.0.0/8', 'fe80::1%en0', '1.2.3.04'])('cannot hold %j', (text) => {
    const why = `Not an IP address: ${text}`;
    expect(call('containsIP', cidr('10.0.0.0/8'), text)).toBe(why);
    expect(overloadOf('containsIP', [cidr('10.0.0.0/8'), text]).checkLiteral?.(1, text)).toBe(`${why}.`);
  });

  it.each<[range: string, other: string, expected: Value]>([
    ['192.168.0.0/24', '192.168.0.0/25', true],
    ['192.168.0.0/24', '192.168.0.1/32', true],
    ['192.168.0.0/24', '192.168.0.0/23', false],
    ['192.168.0.0/24', '192.168.1.0/24', false],
    ['192.168.0.9/24', '192.168.0.200/24', true],
    ['10.0.0.0/8', '10.0.0.0/8', true],
    ['10.0.0.0/8', '0.0.0.0/0', false],
    ['0.0.0.0/0', '10.0.0.0/8', true],
    ['0.0.0.0/0', '::/0', false],
    ['::/0', '10.0.0.0/8', false],
    ['2001:db8::/32', '2001:db8::/33', true],
    ['2001:db8::/32', '2001:db8::/31', false],
    ['2001:db8::/32', '10.0.0.1/32', false],
  ])('%s holds the range %s: %s', (range, other, expected) => {
    expect(call('containsCIDR', cidr(range), cidr(other))).toBe(expected);
    expect(call('containsCIDR', cidr(range), other)).toBe(expected);
  });

  it('is the same as another as it is written', () => {
    expect(areSameNetwork(cidr('127.0.0.1/24'), cidr('127.0.0.1/24'))).toBe(true);
    expect(areSameNetwork(cidr('192.168.0.1/24'), cidr('192.168.0.0/24'))).toBe(false);
    expect(areSameNetwork(cidr('192.168.0.0/24'), cidr('192.168.0.0/25'))).toBe(false);
    expect(areSameNetwork(cidr('::/0'), cidr('0.0.0.0/0'))).toBe(false);
    expect(areSameAddress(ip('::'), ip('0.0.0.0'))).toBe(false);
    expect(areSameAddress(ip('2001:db8::1'), ip('2001:DB8::1'))).toBe(true);
    expect(areSameAddress(ip('127.0.0.1'), ip('10.0.0.1'))).toBe(false);
  });
});

describe('inCidr', () => {
  it.each<[address: string, range: string, expected: Value]>([
    ['10.1.2.3', '10.0.0.0/8', true],
    ['11.1.2.3', '10.0.0.0/8', false],
    ['::ffff:10.1.2.3', '10.0.0.0/8', true],
    ['::ffff:a01:203', '10.0.0.0/8', true],
    ['::ffff:11.1.2.3', '10.0.0.0/8', false],
    ['10.1.2.3', '::ffff:10.0.0.0/104', true],
    ['11.1.2.3', '::ffff:10.0.0.0/104', false],
    ['10.1.2.3:4711', '10.0.0.0/8', true],
    ['[2001:db8::1]:443', '2001:db8::/32', true],
    ['fe80::1%eth0', 'fe80::/10', true],
    ['2001:DB8::1', '2001:db8::/32', true],
    ['10.1.2.3', '2001:db8::/32', false],
    ['2001:db8::1', '0.0.0.0/0', false],
    ['::1', '0.0.0.0/0', false],
    ['', '10.0.0.0/8', 'The address of the caller is not known'],
    ['', 'no range', 'The address of the caller is not known'],
    ['010.1.2.3', '10.0.0.0/8', 'Not an IP address: 010.1.2.3'],
    ['10.1.2', '10.0.0.0/8', 'Not an IP address: 10.1.2'],
    ['unknown', '0.0.0.0/0', 'Not an IP address: unknown'],
    ['10.1.2.3', '10.0.0.0/33', 'Not a range of IP addresses: 10.0.0.0/33'],
    ['10.1.2.3', '10.0.0.0', 'Not a range of IP addresses: 10.0.0.0'],
    ['10.1.2.3', '10.0.0.0/08', 'Not a range of IP addresses: 10.0.0.0/08'],
    ['10.1.2.3', '', 'Not a range of IP addresses: '],
  ])('%j in %j: %s', (address, range, expected) => {
    expect(call('inCidr', address, range)).toBe(expected);
  });

  it('refuses a range that is written down wrongly, and no other text', () => {
    const { checkLiteral } = overloadOf('inCidr', ['', '']);
    expect(checkLiteral?.(1, '10.0.0.0/33')).toBe('Not a range of IP addresses: 10.0.0.0/33.');
    expect(checkLiteral?.(1, '10.0.0.0/8')).toBeUndefined();
    expect(checkLiteral?.(0, 'anything')).toBeUndefined();
  });
});

describe('the steps of an address', () => {
  it('are four for each character that is read', () => {
    const long = '1'.repeat(10_000);
    for (const name of ['ip', 'cidr', 'isIP', 'isCIDR', 'ip.isCanonical']) {
      expect([name, overloadOf(name, [long]).cost?.(long as never)]).toEqual([name, 40_000]);
    }
    const range = cidr('10.0.0.0/8');
    for (const name of ['containsIP', 'containsCIDR']) {
      expect(overloadOf(name, [range, long]).cost?.(range as never, long as never)).toBe(40_000);
    }
    const { cost, prepare } = overloadOf('inCidr', ['', '']);
    expect(cost?.('10.1.2.3' as never, '10.0.0.0/8' as never)).toBe(4 * 18);
    expect(prepare?.([undefined, '10.0.0.0/8'])?.cost?.('10.1.2.3' as never, '10.0.0.0/8' as never)).toBe(4 * 8);
  });
});
