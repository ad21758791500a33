import { propertyRuns } from '@gatehouse/testing/chance';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAuthorization } from './authorization.ts';

describe('readAuthorization', () => {
  it.each([
    ['Bearer ghs_a'],
    ['bearer ghs_a'],
    ['BEARER    ghs_a'],
    [' Bearer ghs_a\t'],
    ['Bearer ghs_a, Bearer  ghs_a'],
    [['Bearer ghs_a', 'bearer ghs_a']],
  ])('finds one bearer token in %j', (header) => {
    expect(readAuthorization(header)).toEqual({ kind: 'bearer', token: 'ghs_a' });
  });

  it('finds every token of the grammar, and leaves it as it is', () => {
    const token = fc.stringMatching(/^[A-Za-z0-9._~+/-]{1,40}={0,2}$/);
    fc.assert(
      fc.property(token, fc.integer({ min: 1, max: 5 }), (text, spaces) => {
        const header = `Bearer${' '.repeat(spaces)}${text}`;
        expect(readAuthorization(header)).toEqual({ kind: 'bearer', token: text });
        expect(readAuthorization([header, header])).toEqual({ kind: 'bearer', token: text });
      }),
      propertyRuns(2_000),
    );
  });

  it.each([[undefined], [[]]])('finds none where there is no header: %j', (header) => {
    expect(readAuthorization(header)).toEqual({ kind: 'none' });
  });

  it.each([
    ['Basic dTpw'],
    ['Basic dTpw=='],
    ['Digest username="Bearer x, Bearer y", realm="a \\", Bearer z"'],
    ['AWS4-HMAC-SHA256 Credential=AKIA/20261130/eu/s3/aws4_request, SignedHeaders=host;range, Signature=fe5f'],
    ['Bearerish ghs_a'],
    ['Bearer-ish ghs_a'],
    ['Custom x=1, bearer=ghs_a'],
    ['ApiKey a:b'],
    [['Basic dTpw', 'Negotiate YII=']],
  ])('leaves alone what is of another scheme: %j', (header) => {
    expect(readAuthorization(header)).toEqual({ kind: 'other-scheme' });
  });

  it.each([
    [''],
    [' '],
    ['Bearer'],
    ['Bearer '],
    ['Bearer\tghs_a'],
    ['Bearer \tghs_a'],
    ['Bearer\u00a0ghs_a'],
    ['\u00a0Bearer ghs_a'],
    ['\u2000Bearer ghs_a'],
    ['Bearer ghs_a b'],
    ['Bearer "ghs_a"'],
    ['Bearer: ghs_a'],
    ['Bearer=ghs_a'],
    ['"Bearer ghs_a"'],
    ['Bearer gh=s_a'],
    ['Bearer =='],
    ['Bearer ghs_ä'],
    ['Bearer ghs_a,'],
    [',Bearer ghs_a'],
    ['Bearer ghs_a, realm="x"'],
    ['Bearer ghs_a, Bearer'],
    ['Bearer Bearer ghs_a'],
    ['ghs_a'],
    ['Basic'],
    ['Basic '],
    ['Digest username="x, Bearer ghs_a'],
    [['Bearer ghs_a', '']],
    [['', 'Bearer ghs_a']],
    [['Basic dTpw', 'ghs_a']],
  ])('does not pass over what is no good: %j', (header) => {
    expect(readAuthorization(header)).toEqual({ kind: 'malformed' });
  });

  it.each([
    ['Bearer ghs_a, Bearer ghs_b'],
    ['Bearer ghs_a,Bearer ghs_b'],
    ['Basic dTpw, Bearer ghs_a'],
    ['Bearer ghs_a, Basic dTpw'],
    [['Bearer ghs_a', 'Bearer ghs_b']],
    [['Bearer ghs_a', 'Basic dTpw']],
    [['Bearer ghs_a', 'Bearer ghs_a, Bearer ghs_b']],
  ])('does not choose among several: %j', (header) => {
    expect(readAuthorization(header)).toEqual({ kind: 'ambiguous' });
  });

  it('takes time that grows with the length and no faster', () => {
    const long = 24 * 1024;
    for (const part of ['"', '\\"', ',', 'a,', 'Bearer a,', 'Bearer ', '"\\', 'a="b",']) {
      expect(readAuthorization(`Bearer ${part.repeat(long)}`).kind).not.toBe('none');
    }
  });
});
