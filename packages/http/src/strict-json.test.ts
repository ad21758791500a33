import { describe, expect, it } from 'vitest';
import { JSON_DEPTH_MAX, parseStrictJson } from './strict-json.ts';

const reasonOf = (text: string) => {
  try {
    return parseStrictJson(text);
  } catch (error) {
    return (error as { refusal: { status: number; reason: string } }).refusal;
  }
};
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

describe('JSON of a body', () => {
  it.each([
    '{"a":1,"b":{"a":[{"a":2},{"a":3}]},"c":"{\\"a\\":1,\\"a\\":2}"}',
    '[1,2.5e3,true,null,"a\\\\"]',
    '"text"',
    ' { } ',
    '{"a":["a","a"],"":{"":""}}',
    nested(JSON_DEPTH_MAX),
  ])('is what JSON.parse says: %s', (text) => {
    expect(parseStrictJson(text)).toEqual(JSON.parse(text));
  });

  it.each(['"\\ud800"', '["\\uDBFF"]', '{"\\udc00":1}', '{"a":"\\udc00\\ud800"}', '{"a":"x\\uD83Dy"}'])(
    'holds no half of a character: %s',
    (text) => {
      expect(reasonOf(text)).toMatchObject({ status: 400, reason: 'JSON_NOT_UNICODE' });
    },
  );

  it.each(['"\\ud83e\\udd89"', '"\\\\ud800"', '{"\\uD83E\\uDD89":"\\ufffd"}'])('may hold whole ones: %s', (text) => {
    expect(parseStrictJson(text)).toEqual(JSON.parse(text));
  });

  it.each(['', '{', '{"a":1,}', "{'a':1}", 'undefined', '{"a":1}{}', '\ufeff{}', '[1 2]', '{"a":01}', '"\n"'])(
    'is not: %j',
    (text) => {
      expect(reasonOf(text)).toMatchObject({ status: 400, reason: 'JSON_MALFORMED' });
    },
  );

  it.each([
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"x":[{"a":{"b":1},"c":2,"a":3}]}',
    '{"":1,"":2}',
    '{"__proto__":1,"__proto__":2}',
  ])('may not name a member twice: %s', (text) => {
    expect(reasonOf(text)).toMatchObject({ status: 400, reason: 'JSON_NAME_REPEATED' });
  });

  it.each([nested(JSON_DEPTH_MAX + 1), nested(100_000), `{"a":${nested(JSON_DEPTH_MAX)}}`])(
    'may not lie too deep',
    (text) => {
      expect(reasonOf(text)).toMatchObject({ status: 400, reason: 'JSON_TOO_DEEP' });
    },
  );

  it('changes no prototype by a name', () => {
    const value = parseStrictJson('{"__proto__":{"admin":true},"constructor":1}') as Record<string, unknown>;
    expect(value.admin).toBeUndefined();
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>).admin).toBeUndefined();
  });
});
