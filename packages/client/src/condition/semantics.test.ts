import { describe, expect, it } from 'vitest';
import { compileCondition, type Outcome } from './condition.ts';
import type { ConditionInput } from './condition-input.ts';

const ATTRIBUTES = {
  n: 1,
  negative: -0,
  large: 9007199254740992,
  text: 'text',
  fox: '🦊x',
  list: [1, 2, 3],
  mixed: [1, 'a', null, true],
  groups: ['billing', 'sales'],
  m: { a: 1, '1': 'text key' },
  nested: { list: [[1], { a: [2] }] },
  nothing: null,
  yes: true,
};

const INPUT: ConditionInput = {
  ip: '10.1.2.3',
  nowMs: Date.UTC(2026, 2, 1, 9, 0, 0, 250),
  authenticationLevel: 2,
  userId: 'ada',
  permission: 'invoices:approve',
  resource: 'tenant/7',
  resourceAttributes: {},
  attributes: ATTRIBUTES,
};

function outcomeOf(source: string, attributes: Record<string, unknown> = ATTRIBUTES): Outcome {
  return compileCondition(source).evaluate({ ...INPUT, attributes }).outcome;
}

/** Each line: an expression, and what comes of it where that is not true. */
function expectLines(lines: readonly (string | readonly [string, Outcome])[]): void {
  const rows = lines.map((line) => (typeof line === 'string' ? ([line, 'true'] as const) : line));
  expect(rows.map(([source]) => [source, outcomeOf(source)])).toEqual(rows);
}

describe('literals', () => {
  it('are read as CEL reads them', () => {
    expectLines([
      '-9223372036854775808 < -9223372036854775807',
      '- 9223372036854775808 == -9223372036854775807 - 1',
      '-0x8000000000000000 == -9223372036854775808',
      ['--9223372036854775808 < 0', 'undetermined'],
      '0xFF == 255 && 0xffu == 255u',
      '18446744073709551615u > 9223372036854775807u',
      '1e3 == 1000.0 && 1.5E-1 == 0.15',
      'size(b"é") == 2 && b"é" == b"\\xc3\\xa9" && b"\\303\\251" == b"é"',
      'b"\\xff" != bytes("\\u00ff") && size(b"\\xff") == 1',
      "b'''a\n\"'''.size() == 3",
      'b"\\a\\b\\f\\n\\r\\t\\v\\\\\\"\\\'\\`\\?".size() == 12',
      'b"🦊".size() == 4',
      '"\\u00e9\\x41\\101\\U0001F98A" == "éAA🦊"',
      "r'\\n' == '\\\\n' && R\"\\\\\" == '\\\\\\\\'",
      '"""a"b\nc""" == "a\\"b\\nc"',
      "'''it's''' == \"it's\"",
      'true // a comment with "quotes" and (\n&& true',
      '[1, 2,] == [1, 2] && {"a": 1,} == {"a": 1}',
    ]);
  });

  it('and operators bind as CEL binds them', () => {
    expectLines([
      '1 + 2 * 3 == 7 && 10 - 2 - 3 == 5 && 7 / 2 * 2 == 6',
      'true || false && false',
      '(1 < 2) == true && true == (1 < 2)',
      '1 < 2 == true',
      '!false == true && -1 + 2 == 1',
      'false ? false : true ? true : false',
      'true == ((1) in [1]) && "(" != ")"',
      'context.m.a in [1] && -context.n == -1.0',
    ]);
  });
});

describe('numbers', () => {
  it('are equal across their types exactly, and ordered as the doubles next to them', () => {
    expectLines([
      '1 == 1.0 && 1u == 1 && 1.0 == 1u && dyn(1) == dyn(1u)',
      '9007199254740993 != 9007199254740992.0',
      '9007199254740993 >= 9007199254740992.0 && 9007199254740992.0 >= 9007199254740993u',
      '9223372036854775807 >= 9223372036854775808.0 && 9007199254740992 < 9007199254740993u',
      'context.large <= 9007199254740993 && context.large == 9007199254740992 && context.large != 9007199254740993',
      '-1 < 0u && 18446744073709551615u > -1 && 9223372036854775807 < 1e19',
      'context.negative == 0 && context.negative == 0.0 && !(context.negative < 0)',
      '1.5 > 1 && 1 < 1.5 && 2u > 1.5 && !(1.5 == 1)',
      'double("NaN") != double("NaN")',
      ['double("NaN") < 1.0', 'false'],
      ['double("NaN") >= 1.0', 'false'],
      ['[double("NaN")] == [double("NaN")]', 'false'],
      'context.n in [1, 2] && 1u in context.list && 2 in [1.0, 2.0]',
      'double("Infinity") > 9223372036854775807 && -double("Infinity") < -1',
    ]);
  });

  it('are calculated within 64 bits and within one type', () => {
    expectLines([
      '-7 / 2 == -3 && -7 % 2 == -1 && 7 % -2 == 1',
      ['9223372036854775807 + 1 > 0', 'undetermined'],
      ['-9223372036854775808 - 1 < 0', 'undetermined'],
      ['9223372036854775807 * 2 > 0', 'undetermined'],
      ['-9223372036854775808 / -1 > 0', 'undetermined'],
      ['-(-9223372036854775807 - 1) > 0', 'undetermined'],
      ['0u - 1u < 1u', 'undetermined'],
      ['18446744073709551615u + 1u > 0u', 'undetermined'],
      ['1 / 0 == 1', 'undetermined'],
      ['1 % 0 == 1', 'undetermined'],
      ['1u % 0u == 1u', 'undetermined'],
      '1.0 / 0.0 == double("Infinity") && 1.0 / -0.0 == double("-Infinity")',
      ['context.n + 1 == 2', 'undetermined'],
      'context.n + 1.0 == 2 && int(context.n) + 1 == 2',
    ]);
  });
});

describe('texts and bytes', () => {
  it('are ordered by code points and counted in them', () => {
    expectLines([
      '"\\U0001F98A" > "\\uFFFD" && "a" < "b" && "a" < "aa" && "" < "a" && !("a" < "a")',
      'context.fox.size() == 2 && size(context.fox) == 2 && size("e\\u0301") == 2',
      '"é" != "e\\u0301"',
      'b"a" < b"b" && b"a" < b"aa" && b"\\xff" > b"a"',
      '"a" + "b" == "ab" && b"a" + b"b" == b"ab" && size(b"ab") == 2',
    ]);
  });
});

describe('lists and maps', () => {
  it('are equal by what they hold', () => {
    expectLines([
      '[1, 2] == [1.0, 2.0] && [] == [] && [[1]] == [[1u]] && [1] != [1, 1]',
      '{"a": 1, "b": 2} == {"b": 2.0, "a": 1u} && {} == {} && {1: "a"} == {1u: "a"}',
      ['{"a": 1} == {"b": 1}', 'false'],
      ['{"a": 1} == {"a": 1, "b": 2}', 'false'],
      'context.m == {"a": 1, "1": "text key"} && context.list == [1, 2, 3]',
      'context.nested == {"list": [[1], {"a": [2]}]}',
      'context.mixed == [1, "a", null, true] && context.mixed[1] != context.mixed[0]',
      ['context.m == context.list', 'false'],
    ]);
  });

  it('are equal by their own keys and nothing else', () => {
    const given = (text: string) => ({ a: JSON.parse(text) });
    for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
      expect(outcomeOf(`context.a == {"${key}": "x"}`, given('{"a": {}}'))).toBe('false');
      expect(outcomeOf(`context.a == {"${key}": "x"}`, given(`{"${key}": "x"}`))).toBe('true');
      expect(outcomeOf(`{"${key}": {}} == context.a`, given('{}'))).toBe('false');
      expect(outcomeOf(`context.a == {"${key}": {}}`, given(`{"${key}": {}}`))).toBe('true');
      expect(outcomeOf(`"${key}" in context.a || has(context.a.${key})`, given('{}'))).toBe('false');
      expect(outcomeOf(`context.a["${key}"] == context.a.${key}`, given(`{"${key}": 1}`))).toBe('true');
    }
  });

  it('are looked into', () => {
    expectLines([
      'context.list[0] == 1 && [7, 8][1] == 8 && context.list[int(context.n)] == 2 && context.list[context.n] == 2',
      ['context.list[3] == 1', 'undetermined'],
      ['context.list[-1] == 1', 'undetermined'],
      ['context.list[dyn(0.5)] == 1', 'undetermined'],
      ['context.list[dyn("a")] == 1', 'undetermined'],
      ['context.list[9223372036854775807] == 1', 'undetermined'],
      '{1: "a"}[1u] == "a" && {true: 1}[true] == 1 && {"a": 1}.a == 1 && {1u: "a"}[dyn(1.0)] == "a"',
      ['{1: "a"}[2] == "a"', 'undetermined'],
      ['{1: 1, 1u: 2}[1] == 1', 'undetermined'],
      '1 in {1: null} && 1u in {1: null} && "a" in context.m && !("b" in context.m)',
      ['1 in context.m', 'false'],
      ['context.m[1] == "text key"', 'undetermined'],
      'context.m["1"] == "text key"',
      'context.nothing == null && context["nothing"] == null && null in context.mixed',
      'size(context.m) == 2 && context.list.size() == 3 && size({}) == 0 && size([1] + [2]) == 2',
      ['context.text.field == 1', 'undetermined'],
    ]);
  });

  it('may be nested as deep as anybody means it, and no deeper', () => {
    const deep = (levels: number) => {
      let value: unknown = 1;
      for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
      return value;
    };
    const compared = (levels: number) => outcomeOf('context.a == context.b', { a: deep(levels), b: deep(levels) });
    expect(compared(64)).toBe('true');
    expect(compared(65)).toBe('undetermined');
    expect(compared(10_000)).toBe('undetermined');
  });
});

describe('has', () => {
  it('is whether a field is there', () => {
    expectLines([
      'has(context.n) && has(context.nothing) && has({"a": 1}.a) && has(request.ip)',
      ['has(context.missing)', 'false'],
      ['has(context.text.field)', 'false'],
      ['has(context.nothing.field)', 'false'],
      ['has(context.list.size)', 'false'],
      ['has(context.missing.field)', 'undetermined'],
    ]);
  });
});

describe('logic', () => {
  it('goes by the side that decides, whatever becomes of the other', () => {
    expectLines([
      'true || 1 / 0 == 1',
      '1 / 0 == 1 || true',
      ['1 / 0 == 1 || false', 'undetermined'],
      ['false && 1 / 0 == 1', 'false'],
      ['1 / 0 == 1 && false', 'false'],
      ['1 / 0 == 1 && true', 'undetermined'],
      'context.text || true',
      ['context.text && true', 'undetermined'],
      'true ? true : 1 / 0 == 1',
      ['1 / 0 == 1 ? true : true', 'undetermined'],
      ['context.text ? true : true', 'undetermined'],
      ['!context.text', 'undetermined'],
      'context.yes && !!context.yes',
    ]);
  });
});

describe('macros', () => {
  it('do what CEL says of them, in one another too', () => {
    expectLines([
      'context.list.all(x, x > 0) && !context.list.all(x, x > 1) && [].all(x, 1 / 0 == x)',
      'context.list.exists(x, x == 2) && ![].exists(x, true)',
      'context.list.exists_one(x, x == 2) && !context.list.exists_one(x, x > 1)',
      'context.list.filter(x, x > 1) == [2, 3] && context.list.map(x, x * 2.0) == [2, 4, 6]',
      'context.list.map(x, x > 1, x + 1.0) == [3, 4] && [].map(x, x) == []',
      'context.m.exists(key, key == "a") && context.m.map(key, key).size() == 2 && {1: 2}.all(k, k == 1)',
      'context.list.map(x, context.list.filter(y, y < x)) == [[], [1], [1, 2]]',
      'context.list.all(x, context.list.exists(x, x == 3) && x < 4)',
      'context.list.filter(x, x > 1).map(y, y - 1.0).exists(z, z == 2)',
      '[1].exists(request, request == 1) && [1].exists(int, int == 1)',
      'context.list.all(x, [x].all(y, [y].all(z, x == z)))',
    ]);
  });

  it('absorb errors where a round decides, and not otherwise', () => {
    expectLines([
      '[0, 1].exists(x, 1 / x == 1)',
      ['[0, 2].exists(x, 1 / x == 1)', 'undetermined'],
      ['[0, 2].all(x, 1 / x == 1)', 'false'],
      ['[0, 1].all(x, 1 / x == 1)', 'undetermined'],
      ['[1, 0].exists_one(x, 1 / x == 1)', 'undetermined'],
      ['size([0].map(x, 1 / x)) == 1', 'undetermined'],
      ['size([0].filter(x, 1 / x == 1)) == 1', 'undetermined'],
      ['context.list.all(x, x)', 'undetermined'],
      ['context.text.all(x, true)', 'undetermined'],
      ['context.n.map(x, x) == []', 'undetermined'],
    ]);
  });
});

describe('types', () => {
  it('are values', () => {
    expectLines([
      'type(1) == int && type(1u) == uint && type(context.n) == double && type("") == string && type(b"") == bytes',
      'type(true) == bool && type(null) == null_type && type([]) == list && type({}) == map && type(int) == type',
      'type(request.time) == google.protobuf.Timestamp && type(duration("1s")) == google.protobuf.Duration',
      'type(context.m) == map && type(context.list) == list && type(ip("::1")) == net.IP',
      'type(1) != type(1u) && type(context.fox) in [string, int]',
    ]);
  });
});

describe('times', () => {
  it('are calculated within their bounds, and ordered', () => {
    expectLines([
      'request.time + duration("1h") > request.time && duration("1h") + request.time - request.time == duration("60m")',
      'request.time - duration("250ms") == timestamp("2026-03-01T09:00:00Z")',
      'duration("1h") - duration("90m") == duration("-30m") && duration("1h") > duration("59m")',
      ['timestamp("9999-12-31T23:59:59Z") + duration("1s") > request.time', 'undetermined'],
      ['timestamp("0001-01-01T00:00:00Z") - duration("1s") < request.time', 'undetermined'],
    ]);
  });

  it('that the question got wrong are no times', () => {
    const at = (nowMs: number) =>
      compileCondition('request.time == request.time').evaluate({ ...INPUT, nowMs }).outcome;
    expect([at(Number.NaN), at(1e18), at(0)]).toEqual(['undetermined', 'undetermined', 'true']);
  });
});

describe('what is no JSON', () => {
  it.each([
    ['a date', new Date(0)],
    ['a function', () => true],
    ['a symbol', Symbol('a')],
    ['a map of the language', new Map([['a', 1]])],
    ['an object of a class', new (class Owner {})()],
  ])('is never true or false: %s', (_title, value) => {
    for (const source of [
      'context.a == 1',
      'context.a != 1',
      'context.a',
      '1 == context.a',
      '"a" != context.a',
      'null != context.a',
      'true == context.a',
      '{} == context.a',
      '1u != context.a',
      'type(context.a) == map',
      'context.a in [1, 2]',
      'context.a.b == 1',
      'context.a > 1',
      '!context.a',
    ]) {
      expect([source, outcomeOf(source, { a: value })]).toEqual([source, 'undetermined']);
    }
  });

  it('is not there where it is undefined', () => {
    expect(outcomeOf('has(context.a)', { a: undefined })).toBe('false');
    expect(outcomeOf('context.a == null', { a: undefined })).toBe('undetermined');
  });
});
