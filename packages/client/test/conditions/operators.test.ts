// Long, because it is a table: what cel-spec's language definition says of each operator, macro and literal.
import { describe, expect, it } from 'vitest';
import { ConditionError } from '../../src/policy/index.ts';
import { outcomeOf } from './asked.ts';

type Row = readonly [
  source: string,
  expected: 'true' | 'false' | 'error',
  attributes?: Readonly<Record<string, unknown>>,
];

/** `error` is undetermined when it runs, or refused before where that can be seen. */
function holds(title: string, rows: readonly Row[]): void {
  describe(title, () => {
    const asked = rows.map(([source, expected, attributes = {}]) => [source, expected, attributes] as const);
    it.each(asked)('%s is %s with %j', (source, expected, attributes) => {
      let outcome: string;
      try {
        outcome = outcomeOf(source, attributes);
      } catch (error) {
        if (!(error instanceof ConditionError)) throw error;
        outcome = expected === 'error' ? 'undetermined' : `refused: ${error.message}`;
      }
      expect(outcome).toBe(expected === 'error' ? 'undetermined' : expected);
    });
  });
}

const MAX = '9223372036854775807';
const MIN = '-9223372036854775808';
const UMAX = '18446744073709551615u';

holds('integers', [
  ['1 + 2 == 3', 'true'],
  ['7 / 2 == 3 && -7 / 2 == -3 && 7 / -2 == -3', 'true'],
  ['7 % 3 == 1 && -7 % 3 == -1 && 7 % -3 == 1', 'true'],
  ['2 - 3 * 4 == -10 && (2 - 3) * 4 == -4', 'true'],
  ['0x10 == 16 && -0x10 == -16', 'true'],
  [`${MAX} + 1 > 0`, 'error'],
  [`${MIN} - 1 < 0`, 'error'],
  [`${MAX} * 2 > 0`, 'error'],
  [`-(${MIN}) > 0`, 'error'],
  [`${MIN} / -1 > 0`, 'error'],
  [`${MIN} % -1 == 0`, 'true'],
  ['1 / 0 == 0', 'error'],
  ['1 % 0 == 0', 'error'],
  ['9223372036854775808 > 0', 'error'],
  ['int(context.s) == 9223372036854775807', 'true', { s: MAX }],
  ['int(context.s) > 0', 'error', { s: '9223372036854775808' }],
  ['1 + 1u == 2', 'error'],
  ['1 + 1.0 == 2.0', 'error'],
]);

holds('unsigned integers', [
  ['1u + 2u == 3u && 7u / 2u == 3u && 7u % 4u == 3u && 2u * 3u == 6u', 'true'],
  ['1u - 2u == 0u', 'error'],
  [`${UMAX} + 1u > 0u`, 'error'],
  [`${UMAX} * 2u > 0u`, 'error'],
  ['1u / 0u == 0u', 'error'],
  ['1u % 0u == 0u', 'error'],
  ['-(1u) == 1u', 'error'],
  ['0xFFu == 255u && 0xffU == 255u', 'true'],
  ['18446744073709551616u > 0u', 'error'],
  ['uint(-1) == 0u', 'error'],
  ['uint(context.n) == 3u', 'true', { n: 3.9 }],
  ['uint(context.n) == 0u', 'error', { n: -1 }],
]);

holds('doubles', [
  ['1.5 + 1.5 == 3.0 && 3.0 / 2.0 == 1.5 && 1.5 * 2.0 == 3.0 && -(1.5) < 0.0', 'true'],
  ['1.0 / 0.0 > 1e308', 'true'],
  ['-1.0 / 0.0 < -1e308', 'true'],
  ['0.0 / 0.0 == 0.0 / 0.0', 'false'],
  ['0.0 / 0.0 != 0.0 / 0.0', 'true'],
  ['0.0 / 0.0 < 1.0 || 0.0 / 0.0 >= 1.0', 'false'],
  ['-0.0 == 0.0', 'true'],
  ['5.0 % 3.0 == 2.0', 'error'],
  ['1e3 == 1000.0 && 1E+3 == 1000.0 && 1e-3 == 0.001', 'true'],
  ['.5 == 0.5', 'error'],
  ['context.n + 1.0 == 2.0', 'true', { n: 1 }],
  ['context.n + 1 == 2', 'error', { n: 1 }],
]);

holds('equality of numbers, whatever their types', [
  ['1 == 1.0 && 1 == 1u && 1u == 1.0', 'true'],
  ['1 != 1.5 && dyn(2u) == 2', 'true'],
  ['dyn(-1) == dyn(18446744073709551615u)', 'false'],
  ['9007199254740993 == 9007199254740992.0', 'false'],
  [`dyn(${MAX}) == dyn(9223372036854775808.0)`, 'false'],
  [`dyn(${MAX}) < 9223372036854775808.0 || dyn(9223372036854775808.0) > ${MAX}`, 'false'],
  [`dyn(${UMAX}) >= dyn(18446744073709551616.0) && dyn(9007199254740993) <= 9007199254740992.0`, 'true'],
  ['dyn(9007199254740992) < dyn(9007199254740993u)', 'true'],
  ['dyn(1) < dyn(1.5) && dyn(2u) > dyn(1.5) && dyn(-1) < dyn(0u)', 'true'],
  ['dyn(1) <= dyn(0.0 / 0.0) || dyn(1) >= dyn(0.0 / 0.0)', 'false'],
  ['context.n == 1 && context.n == 1u && context.n >= 1 && context.n < 2', 'true', { n: 1 }],
  ['context.n == 9007199254740993', 'false', { n: 9007199254740992 }],
  ['context.n in [1, 2]', 'true', { n: 2 }],
]);

holds('order', [
  ['false < true && !(true < false) && true <= true', 'true'],
  ['"a" < "b" && "B" < "a" && "" < "a" && "a" < "aa"', 'true'],
  ['context.s < context.t', 'true', { s: '\uffff', t: '\u{10000}' }],
  ['context.s > context.t', 'false', { s: '\uffff', t: '\u{10000}' }],
  ['b"a" < b"b" && b"" < b"a" && b"a" < b"aa" && b"\\x7f" < b"\\xff"', 'true'],
  ['timestamp("2024-01-01T00:00:00Z") < timestamp("2024-01-01T00:00:00.000000001Z")', 'true'],
  ['duration("-1s") < duration("0s") && duration("1s") >= duration("1000ms")', 'true'],
  ['[1] < [2]', 'error'],
  ['{} < {}', 'error'],
  ['null < null', 'error'],
  ['dyn("a") < dyn(1)', 'error'],
  ['context.a < context.b', 'error', { a: null, b: null }],
  ['context.a < "b"', 'error', { a: 1 }],
]);

holds('equality', [
  ['"a" == "a" && "a" != "b" && b"a" == bytes("a") && null == null', 'true'],
  ['dyn("1") == dyn(1) || dyn(true) == dyn("true") || dyn(null) == dyn(false)', 'false'],
  ['context.a == 1', 'false', { a: '1' }],
  ['context.a != 1', 'true', { a: '1' }],
  ['context.a == null', 'false', { a: 0 }],
  ['context.a == "é"', 'false', { a: 'e\u0301' }],
  ['[1, 2] == [1, 2] && [1, 2] != [2, 1] && [] == []', 'true'],
  ['[1] == [1.0] && [1u, 2.0] == [1, 2]', 'true'],
  ['[0.0 / 0.0] == [0.0 / 0.0]', 'false'],
  ['[1, [2, [3]]] == [1, [2, [3]]]', 'true'],
  ['{"a": 1, "b": 2} == {"b": 2, "a": 1}', 'true'],
  ['{"a": 1} == {"a": 1, "b": 2} || {"a": 1} == {"b": 1} || {"a": 1} == {}', 'false'],
  ['{1: "a"} == {1u: "a"}', 'true'],
  ['{1.0: "a"} == {}', 'error'],
  ['dyn({1: "a"}) == dyn({"1": "a"})', 'false'],
  ['dyn({true: "a"}) == dyn({"true": "a"})', 'false'],
  ['context.a == {"constructor": "x"}', 'false', { a: {} }],
  ['context.a == {"__proto__": {}}', 'false', { a: {} }],
  ['context.a == {"toString": "x"} || {"toString": "x"} == context.a', 'false', { a: { b: 1 } }],
  ['context.a == {"x": 1}', 'false', JSON.parse('{"a": {"__proto__": {"x": 1}}}')],
  ['context.a == {"__proto__": {"x": 1}}', 'true', JSON.parse('{"a": {"__proto__": {"x": 1}}}')],
  ['context.a == context.b', 'false', JSON.parse('{"a": {"__proto__": 1}, "b": {"constructor": 1}}')],
  ['context.a == context.b', 'true', JSON.parse('{"a": {"__proto__": [1], "b": 2}, "b": {"b": 2, "__proto__": [1]}}')],
  ['context.a == {"a": {"b": [1, null]}}', 'true', { a: { a: { b: [1, null] } } }],
  ['type(context.n) == double && type(1) == int && type(1u) == uint && type("") == string', 'true', { n: 1 }],
  ['type(null) == null_type && type([]) == list && type({}) == map && type(type(1)) == type', 'true'],
  ['type(1) == type(1u) || type(1) == type("")', 'false'],
  ['type(true) == bool && type(b"") == bytes', 'true'],
]);

holds('in', [
  ['1 in [1, 2] && 1.0 in [1, 2] && 1u in [1, 2] && !(3 in [1, 2])', 'true'],
  ['"a" in ["a"] && !("a" in [])', 'true'],
  ['context.a in ["1", null]', 'true', { a: null }],
  ['[1] in [[1.0], [2]]', 'true'],
  ['"a" in {"a": 1} && !("b" in {"a": 1})', 'true'],
  ['1 in {1: "a"} && 1u in {1: "a"} && 1.0 in {1: "a"} && !(1.5 in {1: "a"})', 'true'],
  ['dyn("1") in {1: "a"}', 'false'],
  ['dyn(1) in context.m', 'false', { m: { 1: 'a' } }],
  ['dyn(true) in context.m', 'false', { m: { true: 'a' } }],
  ['"1" in context.m', 'true', { m: { 1: 'a' } }],
  ['"constructor" in context.m || "__proto__" in context.m || "toString" in context', 'false', { m: {} }],
  [
    '"__proto__" in context.m && "constructor" in context.m',
    'true',
    JSON.parse('{"m":{"__proto__":1,"constructor":2}}'),
  ],
  ['1 in context.a', 'error', { a: 'text' }],
  ['1 in context.a', 'error', { a: null }],
  ['"a" in "abc"', 'error'],
]);

holds('index and select', [
  ['[7, 8][0] == 7 && [7, 8][1] == 8', 'true'],
  ['[7, 8][dyn(1.0)] == 8 && [7, 8][dyn(1u)] == 8', 'true'],
  ['[7, 8][dyn(0.5)] == 7', 'error'],
  ['[7, 8][2] == 7', 'error'],
  ['[7, 8][-1] == 8', 'error'],
  ['[7, 8]["0"] == 7', 'error'],
  ['context.list[dyn("length")] == 2', 'error', { list: [1, 2] }],
  ['context.list.length == 2.0', 'error', { list: [1, 2] }],
  ['context.s.length == 2', 'error', { s: 'ab' }],
  ['context.s[0] == "a"', 'error', { s: 'ab' }],
  ['context.list[context.i] == "b"', 'true', { list: ['a', 'b'], i: 1 }],
  ['{"a": 1}["a"] == 1 && {"a": 1}.a == 1', 'true'],
  ['{"a": 1}["b"] == 1', 'error'],
  ['{"a": 1}.b == 1', 'error'],
  ['{1: "x"}[1u] == "x" && {1u: "x"}[1.0] == "x"', 'true'],
  ['{1: "x"}[dyn(1.5)] == "x"', 'error'],
  ['{true: "x"}[true] == "x" && {false: "y"}[false] == "y"', 'true'],
  ['context.m[dyn(1)] == "x"', 'error', { m: { 1: 'x' } }],
  ['context.driver == "x"', 'true', { driver: 'x', constructor: 'Ferrari' }],
  ['context.constructor == "Ferrari" && context["constructor"] == "Ferrari"', 'true', { constructor: 'Ferrari' }],
  ['context.constructor == 1', 'error'],
  ['context["__proto__"] == 1', 'error'],
  ['context.a.toString == 1', 'error', { a: {} }],
  ['context.a.b == 1', 'error', { a: null }],
  ['context.a.b == 1', 'error', { a: 1 }],
  ['{"a": 1, "a": 2}["a"] == 2', 'error'],
  ['{1: "a", 1u: "b"}[1] == "b"', 'error'],
  ['{null: 1}[null] == 1', 'error'],
  ['{[1]: 1} == {}', 'error'],
]);

holds('has', [
  ['has(context.a)', 'true', { a: 1 }],
  ['has(context.a)', 'false'],
  ['has(context.a)', 'true', { a: null }],
  ['has(context.a) && context.a == null', 'true', { a: null }],
  ['has({"a": 1}.a) && !has({"a": 1}.b)', 'true'],
  ['has(context.a.b)', 'error'],
  ['has(context.a) && has(context.a.b)', 'false', { a: null }],
  ['has(context.a.b)', 'false', { a: 'text' }],
  [
    'has(context.constructor) || has(context.toString) || has(context.__proto__) || has(context.m.valueOf)',
    'false',
    { m: {} },
  ],
  [
    'has(context.__proto__) && has(context.m.constructor)',
    'true',
    JSON.parse('{"__proto__": 1, "m": {"constructor": 1}}'),
  ],
  ['has(context)', 'error'],
  ['has(context["a"])', 'error', { a: 1 }],
]);

holds('the logical operators, with errors on either side', [
  ['true && true', 'true'],
  ['true && false || true', 'true'],
  ['true || false && false', 'true'],
  ['!true || !false', 'true'],
  ['context.missing && false', 'false'],
  ['false && context.missing', 'false'],
  ['context.missing || true', 'true'],
  ['true || context.missing', 'true'],
  ['context.missing && true', 'error'],
  ['true && context.missing', 'error'],
  ['context.missing || false', 'error'],
  ['false || context.missing', 'error'],
  ['context.missing && context.other', 'error'],
  ['!context.missing', 'error'],
  ['!(context.missing && false)', 'true'],
  ['1 / 0 == 1 || 1 / 0 == 1 || true', 'true'],
  ['(1 / 0 == 1 && false) || (1 / 0 == 1 || true)', 'true'],
  ['context.s || true', 'true', { s: 'text' }],
  ['context.s && false', 'false', { s: 'text' }],
  ['context.s || false', 'error', { s: 'text' }],
  ['context.b && context.b', 'true', { b: true }],
  ['context.b', 'error', { b: 'true' }],
  ['context.b', 'error', { b: 1 }],
  ['context.b', 'error', { b: null }],
]);

holds('the conditional', [
  ['true ? true : context.missing', 'true'],
  ['false ? context.missing : true', 'true'],
  ['context.missing ? true : true', 'error'],
  ['true ? context.missing : true', 'error'],
  ['context.s ? true : true', 'error', { s: 'true' }],
  ['(true ? 1 : 2) == 1 && (false ? 1 : 2) == 2', 'true'],
  ['true ? false : true ? true : true', 'false'],
  ['1 > 0 ? "a" == "a" : false', 'true'],
]);

holds('macros', [
  ['[1, 2].all(x, x > 0) && ![1, 2].all(x, x > 1) && [].all(x, false)', 'true'],
  ['[1, 2].exists(x, x > 1) && ![1, 2].exists(x, x > 2) && ![].exists(x, true)', 'true'],
  ['[1, 2].exists_one(x, x > 1) && ![1, 2].exists_one(x, x > 0) && ![].exists_one(x, true)', 'true'],
  ['[1, 2, 3].filter(x, x > 1) == [2, 3] && [].filter(x, true) == []', 'true'],
  ['[1, 2, 3].map(x, x * 2) == [2, 4, 6] && [1, 2, 3].map(x, x > 1, x * 2) == [4, 6]', 'true'],
  ['[1, 0].all(x, 1 / x == 1 && x > 5)', 'false'],
  ['[0, 1].all(x, 2 / x == 5)', 'false'],
  ['[0, 1].all(x, 2 / x == 2)', 'error'],
  ['[0, 1].exists(x, 2 / x == 2)', 'true'],
  ['[0, 1].exists(x, 2 / x == 3)', 'error'],
  ['[0, 1].exists_one(x, 2 / x == 2)', 'error'],
  ['size([0, 1].filter(x, 2 / x == 2)) == 1', 'error'],
  ['size([0, 1].map(x, 2 / x)) == 2', 'error'],
  ['[1].all(x, "text")', 'error'],
  ['context.list.all(x, x)', 'error', { list: [true, 'text'] }],
  ['context.list.exists(x, x)', 'true', { list: ['text', true] }],
  ['context.list.all(x, x)', 'false', { list: ['text', false] }],
  ['{"a": 1, "b": 2}.all(k, k in ["a", "b"]) && {"a": 1}.exists(k, k == "a")', 'true'],
  [
    '{1: "a", 2: "b"}.exists_one(k, k == 2) && {1: "a"}.filter(k, k == 1) == [1] && {"k": 1}.map(k, k) == ["k"]',
    'true',
  ],
  [
    'context.m.exists(k, k == "__proto__") && context.m.filter(k, k == "constructor") == ["constructor"]',
    'true',
    JSON.parse('{"m":{"__proto__":1,"constructor":2}}'),
  ],
  ['context.m.exists(k, true)', 'false', { m: {} }],
  ['[[1, 2], [3]].all(list, list.exists(x, x > 1))', 'true'],
  ['[1, 2].all(x, [1, 2].exists(y, x == y))', 'true'],
  ['[1].exists(x, [2].exists(x, x == 2) && x == 1)', 'true'],
  ['[1].exists(context, context == 1)', 'true'],
  ['[1, 2].filter(x, x > 1).map(x, x + 1).exists(x, x == 3)', 'true'],
  ['context.s.all(x, true)', 'error', { s: 'text' }],
  ['context.s.exists(x, true)', 'error', { s: null }],
  ['1.all(x, true)', 'error'],
]);

holds('lists, strings and bytes together', [
  ['[1] + [2] == [1, 2] && [] + [] == [] && [1] + [] == [1]', 'true'],
  ['"a" + "b" == "ab" && b"a" + b"b" == b"ab"', 'true'],
  ['context.a + context.b == [1, 2]', 'true', { a: [1], b: [2] }],
  ['context.a + context.b == "ab"', 'error', { a: 'a', b: 1 }],
  ['"a" + 1 == "a1"', 'error'],
  ['{"a": 1} + {"b": 2} == {}', 'error'],
  ['size("🦊") == 1 && "🦊".size() == 1 && size(bytes("🦊")) == 4', 'true'],
  ['size([]) == 0 && [1, 2].size() == 2 && {"a": 1}.size() == 1 && size({}) == 0', 'true'],
  [
    'size(context.s) == 4 && size(context.m) == 2',
    'true',
    JSON.parse('{"s":"naïf","m":{"__proto__":1,"constructor":2}}'),
  ],
  ['size(context.n) == 1', 'error', { n: 1 }],
  ['size(null) == 0', 'error'],
]);

holds('string and bytes literals', [
  ['"\\u00e9" == "é" && "\\x41" == "A" && "\\101" == "A" && "\\U0001F98A" == "🦊"', 'true'],
  ['"\\a\\b\\f\\n\\r\\t\\v".size() == 7 && "\\"" == \'"\' && "\\\'" == "\'" && "\\`\\?" == "`?"', 'true'],
  ['r"\\d" == "\\\\d" && R\'\\n\' == "\\\\n"', 'true'],
  ['\'\'\'a\'b"c\'\'\' == "a\'b\\"c" && """a\nb""" == "a\\nb"', 'true'],
  ['b"é" == b"\\303\\251" && b"\\xff".size() == 1 && b"ÿ".size() == 2 && b"\\377" == b"\\xff"', 'true'],
  ['br"\\x" == b"\\\\x"', 'error'],
  ['"\\xff" == "ÿ"', 'true'],
  ['"\\ud800" == ""', 'error'],
  ['"\\U00110000" == ""', 'error'],
  ['"\\400" == ""', 'error'],
  ['"\\z" == ""', 'error'],
  ['"\\u12" == ""', 'error'],
  ['b"\\u0041" == b"A"', 'error'],
  ['"a\nb" == ""', 'error'],
  ['"a', 'error'],
  ['true // a comment', 'true'],
  ['true /* no comment */', 'error'],
  ['\t\n\r true', 'true'],
]);

holds('words that are taken', [
  ['context.if == 1', 'true', { if: 1 }],
  ['context.in == 1', 'error', { in: 1 }],
  ['[1].exists(for, for == 1)', 'error'],
  ['{"a-b": true}.`a-b`', 'error'],
]);

holds('conversions', [
  ['int(1.9) == 1 && int(-1.9) == -1 && int("-5") == -5 && int(5u) == 5', 'true'],
  ['int(context.s) == 0', 'error', { s: '' }],
  ['int(context.s) == 3', 'error', { s: '0b11' }],
  ['int(context.s) == 16', 'error', { s: '0x10' }],
  ['int(context.s) == 1', 'error', { s: ' 1' }],
  ['int(context.s) == 1', 'error', { s: '1.0' }],
  ['int(context.n) > 0', 'error', { n: 1e30 }],
  ['int(0.0 / 0.0) == 0', 'error'],
  ['int(1.0 / 0.0) > 0', 'error'],
  ['int(9223372036854775808.0) > 0', 'error'],
  ['uint(18446744073709551616.0) > 0u', 'error'],
  ['double("1e3") == 1000.0 && double(1) == 1.0 && double(1u) == 1.0 && double("-0") == 0.0', 'true'],
  ['double(context.s) == 0.0', 'error', { s: '' }],
  ['double(context.s) == 16.0', 'error', { s: '0x10' }],
  ['double(context.s) == 1.0', 'error', { s: '1 ' }],
  [
    'string(1) == "1" && string(1u) == "1" && string(1.0) == "1" && string(1.5) == "1.5" && string(true) == "true"',
    'true',
  ],
  ['string(context.n) == "1"', 'true', { n: 1 }],
  ['string(b"\\xff") == ""', 'error'],
  ['string(bytes("é🦊")) == "é🦊"', 'true'],
  ['string(timestamp("2024-01-01T00:00:00.5Z")) == "2024-01-01T00:00:00.5Z"', 'true'],
  ['string(duration("90m")) == "5400s" && string(duration("-0.5s")) == "-0.5s"', 'true'],
  ['bool("true") && bool("TRUE") && bool("t") && bool("1") && bool("True")', 'true'],
  ['bool("false") || bool("f") || bool("0") || bool("False") || bool("FALSE")', 'false'],
  ['bool(context.s)', 'error', { s: 'yes' }],
  ['bool(context.s)', 'error', { s: '' }],
  ['bytes("é") == b"\\xc3\\xa9" && size(bytes("é")) == 2', 'true'],
  ['int(timestamp("1970-01-01T00:01:00.9Z")) == 60 && timestamp(60) == timestamp("1970-01-01T00:01:00Z")', 'true'],
  ['dyn(1) == 1 && dyn([1]) == [1]', 'true'],
  ['int(null) == 0', 'error'],
  ['string([1]) == ""', 'error'],
]);

holds('strings', [
  ['"tacocat".startsWith("taco") && "tacocat".endsWith("cat") && "tacocat".contains("coc") && "".contains("")', 'true'],
  [
    'context.s.indexOf("x") == 1 && context.s.lastIndexOf("x") == 1 && context.s.indexOf("y") == -1',
    'true',
    { s: '🦊x' },
  ],
  [
    'context.s.substring(0, 1) == "🦊" && context.s.substring(1) == "x" && context.s.charAt(1) == "x" && context.s.charAt(2) == ""',
    'true',
    { s: '🦊x' },
  ],
  ['context.s.substring(3) == ""', 'error', { s: '🦊x' }],
  ['context.s.substring(1, 0) == ""', 'error', { s: '🦊x' }],
  ['context.s.substring(-1) == ""', 'error', { s: '🦊x' }],
  ['context.s.charAt(3) == ""', 'error', { s: '🦊x' }],
  ['context.s.charAt(-1) == ""', 'error', { s: '🦊x' }],
  ['context.s.indexOf("", 9) == 0', 'error', { s: 'ab' }],
  ['context.s.indexOf("b", -1) == 1', 'error', { s: 'ab' }],
  ['context.group.upperAscii() == "ADMINS"', 'false', { group: 'adm\u0131ns' }],
  ['context.name.lowerAscii() == "kate"', 'false', { name: '\u212aate' }],
  ['"KÉ".lowerAscii() == "kÉ" && "kéß".upperAscii() == "KéSS" || "kéß".upperAscii() == "KéSS"', 'false'],
  ['"kéß".upperAscii() == "Kéß"', 'true'],
  ['context.s.trim() == "a"', 'true', { s: '\u0085\u00a0\u2028 a\t\n' }],
  ['context.s.trim() == context.s', 'true', { s: '\u200ba\ufeff\u180e' }],
  ['"a,b,,c".split(",") == ["a", "b", "", "c"] && "🦊x".split("") == ["🦊", "x"] && "".split(",") == [""]', 'true'],
  [
    '"a,b,c".split(",", 2) == ["a", "b,c"] && "a,b".split(",", 0) == [] && "a,b".split(",", 1) == ["a,b"] && "a,b".split(",", -1) == ["a", "b"]',
    'true',
  ],
  [
    '"aXbXc".replace("X", "-") == "a-b-c" && "aXbXc".replace("X", "-", 1) == "a-bXc" && "ab".replace("", "_") == "_a_b_"',
    'true',
  ],
  ['"a".replace("X", "-", -1) == "a" && "aX".replace("X", "-", 0) == "aX"', 'true'],
  ['["a", "b"].join("-") == "a-b" && ["a", "b"].join() == "ab" && [].join("-") == ""', 'true'],
  ['context.list.join(",") == "a,1"', 'error', { list: ['a', 1] }],
  ['context.s.startsWith("a")', 'error', { s: 1 }],
]);

holds('times', [
  ['timestamp("2024-03-31T01:30:00Z").getHours("Europe/Berlin") == 3', 'true'],
  ['timestamp("2024-10-27T00:30:00Z").getHours("Europe/Berlin") == 2', 'true'],
  [
    'timestamp("2024-06-01T23:00:00Z").getHours("-02:30") == 20 && timestamp("2024-06-01T23:00:00Z").getMinutes("-02:30") == 30',
    'true',
  ],
  ['timestamp("2024-06-01T23:00:00Z").getHours("02:00") == 1', 'true'],
  ['timestamp("2024-06-01T22:00:00Z").getHours("Europe/Berlin") == 0', 'true'],
  [
    'timestamp("2024-06-01T22:30:00Z").getDate("Europe/Berlin") == 2 && timestamp("2024-06-01T22:30:00Z").getDayOfMonth("Europe/Berlin") == 1',
    'true',
  ],
  ['timestamp("2024-06-01T00:30:00Z").getDayOfYear("America/New_York") == 151', 'true'],
  [
    'timestamp("2024-06-02T00:00:00Z").getDayOfWeek() == 0 && timestamp("2024-06-01T00:00:00Z").getDayOfMonth() == 0',
    'true',
  ],
  [
    'timestamp("2024-12-31T00:00:00Z").getDayOfYear() == 365 && timestamp("2024-06-01T00:00:00Z").getMonth() == 5',
    'true',
  ],
  [
    'timestamp("1969-12-31T23:59:59.999Z").getMilliseconds() == 999 && timestamp("1969-12-31T23:59:59.999Z").getSeconds() == 59',
    'true',
  ],
  [
    'timestamp("0001-01-01T00:00:00Z").getFullYear() == 1 && timestamp("0001-01-01T00:00:00Z").getDayOfWeek() == 1',
    'true',
  ],
  ['timestamp("2011-12-30T10:00:00Z").getDate("Pacific/Apia") == 31', 'true'],
  ['timestamp("1900-01-01T00:00:00Z").getMinutes("Europe/Amsterdam") >= 0', 'true'],
  ['request.time.getHours(context.zone) == 3', 'true', { zone: 'Europe/Berlin' }],
  ['request.time.getHours(context.zone) == 1', 'error', { zone: 'Europe/Nowhere' }],
  ['request.time.getHours(context.zone) == 1', 'true', { zone: '' }],
  ['request.time.getHours(context.zone) == 1', 'error', { zone: '+25:00' }],
  ['timestamp(context.t) == timestamp("2024-01-01T00:00:00Z")', 'true', { t: '2024-01-01T02:00:00+02:00' }],
  ['timestamp(context.t) == timestamp("2024-03-01T00:00:00Z")', 'error', { t: '2024-02-30T00:00:00Z' }],
  ['timestamp(context.t) > request.time', 'error', { t: '2026-02-29T00:00:00Z' }],
  ['timestamp(context.t) > request.time', 'error', { t: '2026-01-01T24:00:00Z' }],
  ['timestamp(context.t) > request.time', 'error', { t: '2016-12-31T23:59:60Z' }],
  ['timestamp(context.t) > request.time', 'error', { t: '0000-01-01T00:00:00Z' }],
  ['timestamp(context.t) > request.time', 'error', { t: '2026-01-01' }],
  ['timestamp(context.t) > request.time', 'error', { t: '2026-01-01T00:00:00' }],
  ['timestamp(context.t) > request.time', 'error', { t: '' }],
  ['timestamp(253402300800) > request.time', 'error'],
  ['timestamp(-62135596801) < request.time', 'error'],
  ['timestamp("9999-12-31T23:59:59.999999999Z") + duration("1ns") > request.time', 'error'],
  ['timestamp("0001-01-01T00:00:00Z") - duration("1ns") < request.time', 'error'],
  ['timestamp("9999-12-31T23:59:59Z") - timestamp("0001-01-01T00:00:00Z") > duration("1s")', 'error'],
  ['timestamp("2024-01-01T00:00:00Z") + duration("36h") == timestamp("2024-01-02T12:00:00Z")', 'true'],
  ['duration("36h") + timestamp("2024-01-01T00:00:00Z") == timestamp("2024-01-02T12:00:00Z")', 'true'],
  ['timestamp("2024-01-02T00:00:00Z") - timestamp("2024-01-01T00:00:00Z") == duration("24h")', 'true'],
  ['timestamp("2024-01-01T00:00:00.000000001Z") - timestamp("2024-01-01T00:00:00Z") == duration("1ns")', 'true'],
  ['timestamp("2024-01-01T00:00:00Z") + timestamp("2024-01-01T00:00:00Z") > request.time', 'error'],
]);

holds('durations', [
  [
    'duration("1.5h") == duration("90m") && duration("1h30m") == duration("90m") && duration("-1.5h") == duration("-90m")',
    'true',
  ],
  [
    'duration("-0.5s") == duration("-500ms") && duration("-0.5s") < duration("0s") && duration("-1.5s") + duration("1.5s") == duration("0s")',
    'true',
  ],
  ['duration("1us") == duration("1000ns") && duration("1ms") == duration("1000us")', 'true'],
  [
    'duration("3730.5s").getHours() == 1 && duration("3730.5s").getMinutes() == 62 && duration("3730.5s").getSeconds() == 3730',
    'true',
  ],
  ['duration("3730.5s").getMilliseconds() == 500', 'true'],
  ['duration(context.d) == duration("90m")', 'true', { d: '1h30m' }],
  ['duration(context.d) > duration("0s")', 'error', { d: '1d' }],
  ['duration(context.d) > duration("0s")', 'error', { d: '' }],
  ['duration(context.d) > duration("0s")', 'error', { d: '1' }],
  ['duration(context.d) > duration("0s")', 'error', { d: '9999999999999h' }],
  ['duration(context.d) > duration("0s")', 'error', { d: '320000000000s' }],
  ['duration("200000000000s") + duration("200000000000s") > duration("0s")', 'error'],
  ['duration("1h") * 2 == duration("2h")', 'error'],
]);
