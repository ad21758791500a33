import { propertyRuns } from '@gatehouse/testing/chance';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cookieValues, withoutCookie } from './cookies.ts';

const NAME = '__Host-gatehouse_session';

describe('cookieValues', () => {
  it.each([
    [`${NAME}=a`, ['a']],
    [`theme=dark; ${NAME}=a; lang=en`, ['a']],
    [`theme=dark;${NAME}=a;lang=en`, ['a']],
    [`theme=dark;\t ${NAME}\t= a \t;lang=en`, ['a']],
    [`${NAME}="a"`, ['a']],
    [`${NAME}=a=b==`, ['a=b==']],
    [`${NAME}=`, ['']],
    [`${NAME}=a; ${NAME}=b`, ['a', 'b']],
    [`; ;${NAME}=a;; ;`, ['a']],
    [`flag; ${NAME}=a; flag`, ['a']],
    [`o="x; y"; ${NAME}=a`, ['a']],
    [`consent={"ads":false,"stats":true}; ${NAME}=a`, ['a']],
    [`$Version=1; ${NAME}="a"; $Path="/"`, ['a']],
  ])('finds them in %s', (header, values) => {
    expect(cookieValues(header, NAME)).toEqual(values);
  });

  it.each([
    '',
    NAME,
    `x${NAME}=a`,
    `${NAME}x=a`,
    `a=${NAME}=b`,
    `=${NAME}=a`,
    `${NAME.toLowerCase()}=a`,
    `${NAME.toUpperCase()}=a`,
    `prefs=x,${NAME}=a`,
    `prefs=x, ${NAME}=a`,
    `prefs="x,${NAME}=a"`,
    `a=1&${NAME}=a`,
    `a=1\n${NAME}=a`,
  ])('finds none in %j', (header) => {
    expect(cookieValues(header, NAME)).toEqual([]);
  });

  it.each([...'\v\f\r\n\0\x1c\x1f\x7f\x85\xa0\xad\u1680\u2000\u200a\u200b\u2028\u2029\u202f\u205f\u3000\ufeff'])(
    'takes %j for a part of a name',
    (blank) => {
      for (const pair of [`${blank}${NAME}=a`, `${NAME}${blank}=a`, ` ${blank} ${NAME}=a`]) {
        expect(cookieValues(`b=1; ${pair}`, NAME)).toEqual([]);
        expect(withoutCookie(`b=1; ${pair}`, NAME)).toBeUndefined();
      }
    },
  );

  it('takes what is joined by a comma for the value that it has become', () => {
    expect(cookieValues(`${NAME}=a,theme=dark`, NAME)).toEqual(['a,theme=dark']);
    expect(cookieValues(`${NAME}=a, ${NAME}=b`, NAME)).toEqual([`a, ${NAME}=b`]);
  });
});

describe('withoutCookie', () => {
  it.each([
    [`theme=dark; ${NAME}=a; lang=en`, 'theme=dark; lang=en'],
    [`${NAME}=a; theme=dark`, 'theme=dark'],
    [`theme=dark; ${NAME}=a`, 'theme=dark'],
    [`x=1;${NAME}=a;y=2`, 'x=1;y=2'],
    [`a=1  ;   b=2; ${NAME} = "a" ; c`, 'a=1  ;   b=2; c'],
    [`${NAME}=a; b=1,2; ${NAME}=c; d={"e":[1,2]}`, 'b=1,2; d={"e":[1,2]}'],
    [`o="x; y"; ${NAME}=a; \u00a0e=\u20ac; f`, 'o="x; y"; \u00a0e=\u20ac; f'],
    [`${NAME}=a`, ''],
    [`; ;\t${NAME}=a; ;; `, ''],
    [`${NAME}=a;${NAME}=b`, ''],
  ])('%j', (header, rest) => {
    expect(withoutCookie(header, NAME)).toBe(rest);
  });

  it.each(['', 'theme=dark', `a=${NAME}`, `theme=dark,${NAME}=a`, `a=1; x${NAME}=a;;`])(
    'has nothing to cut out of %j',
    (header) => {
      expect(withoutCookie(header, NAME)).toBeUndefined();
    },
  );

  it('leaves every other pair as it was, whatever octets they hold', () => {
    const octet = fc.integer({ min: 0x20, max: 0xff }).filter((code) => code !== 0x3b);
    const other = fc
      .string({ unit: octet.map((code) => String.fromCharCode(code)), minLength: 1, maxLength: 12 })
      .filter((pair) => pair.trim() === pair && !pair.includes(NAME));
    const own = fc.stringMatching(/^[\w-]{0,8}$/).map((value) => ({ own: `${NAME}=${value}` }));
    const pairs = fc.array(fc.oneof(other, own), { maxLength: 8 });
    fc.assert(
      fc.property(pairs, fc.constantFrom('; ', ';', ' ; ', ';\t'), (chosen, separator) => {
        const header = chosen.map((pair) => (typeof pair === 'string' ? pair : pair.own)).join(separator);
        const others = chosen.filter((pair) => typeof pair === 'string');
        const count = chosen.length - others.length;
        expect(cookieValues(header, NAME)).toHaveLength(count);
        const rest = withoutCookie(header, NAME);
        if (count === 0) expect(rest).toBeUndefined();
        else expect(rest?.split(/[ \t]*;[ \t]*/).filter(Boolean)).toEqual(others);
      }),
      propertyRuns(2_000),
    );
  });
});
