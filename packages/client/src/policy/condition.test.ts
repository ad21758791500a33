import { describe, expect, it } from 'vitest';
import { CONDITION_CHARACTERS_MAX, compileCondition } from './condition.ts';
import type { ConditionInput } from './condition-environment.ts';
import { ConditionError } from './condition-error.ts';

const NOW_MS = Date.UTC(2026, 2, 1, 9);
/** A machine that others use as well is allowed ten times what this takes. */
const QUICK_MS = 2_000;

function input(given: Partial<ConditionInput> = {}): ConditionInput {
  return {
    ip: '10.1.2.3',
    nowMs: NOW_MS,
    authenticationLevel: 2,
    userId: 'ada',
    permission: 'invoices:approve',
    resource: 'tenant/7',
    resourceAttributes: {},
    attributes: {},
    ...given,
  };
}

function refusalOf(source: string): ConditionError {
  try {
    compileCondition(source);
  } catch (error) {
    if (error instanceof ConditionError) return error;
    throw error;
  }
  throw new Error(`It was not refused: ${source}`);
}

const list = (count: number, prefix = 'item') => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

describe('a condition', () => {
  it.each([
    ['true', 'true'],
    ['request.authentication_level >= 2', 'true'],
    ['request.authentication_level > 2', 'false'],
    ['request.user_id == "ada" && request.permission == "invoices:approve"', 'true'],
    ['request.resource.startsWith("tenant/")', 'true'],
    ['request.time < timestamp("2026-03-01T09:00:00Z")', 'false'],
    ['request.time + duration("1h30m") > timestamp("2026-03-01T10:29:59Z")', 'true'],
    ['request.time.getHours() == 9', 'true'],
    ['request.time.getHours("Europe/Berlin") == 10', 'true'],
    ['resource.owner == request.user_id', 'true'],
    ['resource["owner"] != request.user_id', 'false'],
    ['context.amount <= 100 && context.amount == 99', 'true'],
    ['"billing" in context.groups', 'true'],
    ['context.groups.exists(group, group in ["sales", "billing"])', 'true'],
    ['context.groups.all(group, group.startsWith("b"))', 'false'],
    ['context.groups.exists_one(group, group == "billing")', 'true'],
    ['context.groups.filter(group, group != "billing").size() == 1', 'true'],
    ['has(context.missing)', 'false'],
    ['has(context.amount) && size(context.groups) == 2', 'true'],
    ['true || context.missing', 'true'],
    ['context.missing || true', 'true'],
    ['context.missing && false', 'false'],
  ])('%s is %s', (source, outcome) => {
    const asked = input({ resourceAttributes: { owner: 'ada' }, attributes: { amount: 99, groups: ['billing', 'x'] } });
    expect(compileCondition(source).evaluate(asked)).toEqual({ outcome, why: '' });
  });

  it.each([
    ['what is not given', 'context.missing == 1', 'No such key: missing.'],
    ['a value that is no bool', 'context.text', 'It gave string, not a bool.'],
    ['types that do not go together', 'context.text > 1', /no such overload/],
    ['a division by zero', '1 / context.zero == 1', /zero|overload/],
    ['an index out of range', 'context.groups[7] == "x"', /index|No such key/i],
    ['a number too large', 'int(context.text) == 1', /convert/],
    ['a zone that nobody knows', 'request.time.getHours(context.text) == 1', /time zone/],
    ['a range that is none', 'request.ip.inCidr(context.text)', 'Not a range of IP addresses: text.'],
  ])('is undetermined by %s, and says why', (_title, source, why) => {
    const asked = input({ attributes: { text: 'text', zero: 0, groups: [] } });
    const { outcome, why: found } = compileCondition(source).evaluate(asked);
    expect(outcome).toBe('undetermined');
    expect(found).toMatch(why);
  });

  it('never throws, whatever the context', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 20_000; level += 1) deep = [deep];
    let other: unknown = 1;
    for (let level = 0; level < 20_000; level += 1) other = [other];
    const condition = compileCondition('context.a == context.b');
    expect(condition.evaluate(input({ attributes: { a: deep, b: other } })).outcome).toBe('undetermined');
    expect(condition.facts(input({ attributes: { a: deep, b: 2 } }))).toEqual([
      { name: 'context.a', value: '(too deep to show)' },
      { name: 'context.b', value: '2' },
    ]);
  });

  it.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])(
    'finds no %s where none was given',
    (key) => {
      expect(compileCondition(`has(context.${key})`).evaluate(input()).outcome).toBe('false');
      expect(compileCondition(`"${key}" in context`).evaluate(input()).outcome).toBe('false');
      expect(compileCondition(`context.${key} != 1`).evaluate(input()).outcome).toBe('undetermined');
      expect(compileCondition(`context["${key}"] != 1`).evaluate(input()).outcome).toBe('undetermined');
      expect(refusalOf(`request.${key} != 1`).message).toBe(`No such key: ${key}.`);
      expect(compileCondition(`context.${key} != 1`).facts(input())).toEqual([
        { name: `context.${key}`, value: '(not given)' },
      ]);
    },
  );

  it.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'])(
    'takes %s for a key like any other where it was given, at every depth',
    (key) => {
      const given = (value: unknown) => JSON.parse(`{"driver":"x","${key}":${JSON.stringify(value)}}`);
      const attributes = { ...given('Ferrari'), inside: given(['a', given('b')]), list: [given('c')] };
      const facts = input({ attributes, resourceAttributes: given({ deep: given(true) }) });
      for (const source of [
        'context.driver == "x"',
        `context.${key} == "Ferrari"`,
        `context["${key}"] == "Ferrari"`,
        `has(context.${key}) && "${key}" in context`,
        `context.inside.${key}[1].${key} == "b"`,
        `context.list[0].${key} == "c"`,
        `context.exists(name, name == "${key}")`,
        'size(context) == 4',
        `resource.${key}.deep.${key} == true`,
        'resource.driver == "x" && !has(context.other)',
      ]) {
        expect([source, compileCondition(source).evaluate(facts)]).toEqual([source, { outcome: 'true', why: '' }]);
      }
      expect(compileCondition(`context.${key} == "Fiat"`).evaluate(facts).outcome).toBe('false');
      expect(compileCondition(`context.${key} == "Fiat"`).facts(facts)).toEqual([
        { name: `context.${key}`, value: '"Ferrari"' },
      ]);
    },
  );

  it('is the same object for the same source', () => {
    expect(compileCondition('request.authentication_level > 1')).toBe(
      compileCondition('request.authentication_level > 1'),
    );
  });

  it('tells what it looks at, each once, and cuts what is long', () => {
    const condition = compileCondition(
      'request.ip == "" || resource.owner.id == context["owner"] || resource.owner.id == context.missing || ' +
        'request.authentication_level > 1 || context.long == ""',
    );
    const asked = input({
      resourceAttributes: { owner: { id: 'ada' } },
      attributes: { owner: 'bob', long: 'x'.repeat(500) },
    });
    expect(Object.fromEntries(condition.facts(asked).map(({ name, value }) => [name, value]))).toEqual({
      'request.ip': '"10.1.2.3"',
      'resource.owner.id': '"ada"',
      'context.owner': '"bob"',
      'context.missing': '(not given)',
      'request.authentication_level': '2',
      'context.long': `"${'x'.repeat(199)}…`,
    });
  });
});

describe('inCidr', () => {
  it.each([
    ['10.1.2.3', '10.0.0.0/8', 'true'],
    ['11.1.2.3', '10.0.0.0/8', 'false'],
    ['10.1.2.3', '10.1.2.3/32', 'true'],
    ['10.1.2.3', '0.0.0.0/0', 'true'],
    ['2001:db8::1', '2001:db8::/32', 'true'],
    ['2001:db9::1', '2001:db8::/32', 'false'],
    ['2001:db8::1', '0.0.0.0/0', 'false'],
    ['10.1.2.3', '2001:db8::/32', 'false'],
    // A socket that takes both versions calls IPv4 addresses so.
    ['::ffff:10.1.2.3', '10.0.0.0/8', 'true'],
    ['::FFFF:0a01:0203', '10.0.0.0/8', 'true'],
    ['10.1.2.3', '::ffff:10.0.0.0/104', 'true'],
    ['11.1.2.3', '::ffff:10.0.0.0/104', 'false'],
    ['[::ffff:10.1.2.3]:443', '10.0.0.0/8', 'true'],
    ['10.1.2.3:443', '10.0.0.0/8', 'true'],
    ['fe80::1%eth0', 'fe80::/10', 'true'],
    ['', '10.0.0.0/8', 'undetermined'],
    ['10.1.2', '10.0.0.0/8', 'undetermined'],
    ['example.com', '10.0.0.0/8', 'undetermined'],
  ])('%j in %s is %s', (ip, range, outcome) => {
    expect(compileCondition(`request.ip.inCidr("${range}")`).evaluate(input({ ip })).outcome).toBe(outcome);
    expect(compileCondition('request.ip.inCidr(context.range)').evaluate(input({ ip, attributes: { range } }))).toEqual(
      compileCondition(`request.ip.inCidr("${range}")`).evaluate(input({ ip })),
    );
  });

  it.each([
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0/8',
    '::/129',
    'x/8',
    '1.1.1.1/8/8',
    '',
  ])('refuses %j, which is no range', (range) => {
    expect(refusalOf(`request.ip.inCidr("${range}")`).message).toBe(`Not a range of IP addresses: ${range}.`);
  });
});

describe('what is refused', () => {
  it.each([
    ['regular expressions', 'context.a.matches("(a+)+$")', /^Regular expressions are not available/, 0, 27],
    ['as a function too', 'true || matches("a", "b")', /^Regular expressions are not available/, 8, 25],
    ['bindings', 'cel.bind(x, 1, x == 1)', /^cel.bind is not available/, 0, 22],
    ['map', 'context.a.map(x, x) == []', /^map is not available/, 0, 19],
    ['join', '"a".split("").join("aa") == ""', /^join is not available/, 0, 24],
    ['json', 'bytes(context.a).json().b', /^json is not available/, 0, 23],
    ['optional values', 'optional.of(1).hasValue()', /^Optional values/, 0, 8],
    ['their syntax', 'context.?a == 1', /^Expected IDENTIFIER/, 8, 9],
    ['a macro in a macro', 'context.a.all(x, context.b.all(y, y == x))', 'Macros do not nest.', 0, 42],
    ['a macro on a macro', 'true && context.a.filter(x, x).all(y, y)', 'Macros do not nest.', 8, 40],
    ['zones in a macro', 'context.a.all(x, request.time.getHours("UTC") > 1)', /^Time zones/, 17, 45],
    ['an unknown variable', 'true && user == "ada"', 'Unknown variable: user.', 8, 12],
    ['an unknown field', 'request.level > 1', 'No such key: level.', 8, 13],
    ['an unknown function', 'true && frobnicate(1)', /frobnicate/, 8, 21],
    ['half a sentence', 'true &&', /EOF/, 7, 7],
    ['nothing', '', /EOF/, 0, 0],
    ['a number', '1 + 1', 'It is of type int, not bool.', 0, 5],
    ['a text', '"yes"', 'It is of type string, not bool.', 0, 5],
    ['a map', 'context', 'It is of type map<string, dyn>, not bool.', 0, 7],
    ['types that do not go together', 'true && request.ip > 1', /no such overload/, 8, 22],
    ['a range that is none', 'true && request.ip.inCidr("10.0.0.0/33")', /^Not a range of IP addresses/, 8, 40],
    ['a duration that is none', 'duration("soon") > duration("1h")', /^Not a duration/, 0, 16],
    ['a duration from elsewhere', 'duration(context.a) > duration("1h")', /^A duration has to be written down/, 0, 19],
    ['a time that is none', 'request.time > timestamp("2026-13-01T00:00:00Z")', /^Not a time such as/, 15, 48],
    ['a zone that is none', 'request.time.getHours("Berlin") > 1', /^Not a time zone/, 0, 31],
  ])('%s', (_title, source, message, start, end) => {
    const error = refusalOf(source);
    expect(error.message).toMatch(message);
    expect([error.start, error.end]).toEqual([start, end]);
  });

  it('what is too long, too large or too deep', () => {
    const full = 'true || '.padEnd(CONDITION_CHARACTERS_MAX - 4, ' ');
    expect(compileCondition(`${full}true`).evaluate(input()).outcome).toBe('true');
    expect(refusalOf(`${full} true`).message).toBe('It is longer than 1024 characters.');
    expect(refusalOf(Array(130).fill('true').join('&&')).message).toMatch(/maxAstNodes/);
    expect(refusalOf(`${'('.repeat(40)}true${')'.repeat(40)}`).message).toMatch(/maxDepth/);
    expect(refusalOf(`${'!'.repeat(1_000)}true`).message).toMatch(/maxAstNodes/);
    expect(refusalOf(`1 in [${Array(65).fill('1').join(',')}]`).message).toMatch(/maxListElements/);
  });

  it('what looks too often at the question for each item, or searches too often for what is not known', () => {
    const searches = (count: number) => Array(count).fill('context.a.contains(context.b)').join(' || ');
    expect(() => compileCondition(searches(4))).not.toThrow();
    expect(refusalOf(searches(5)).message).toMatch(/^At most 4 searches/);
    const repeated = (count: number) => `context.a.all(x, ${Array(count).fill('x in context.b').join(' || ')})`;
    expect(() => compileCondition(repeated(4))).not.toThrow();
    expect(refusalOf(repeated(5)).message).toBe('What all repeats looks at context and resource too often.');
    expect(refusalOf(`context.a.all(x, [${Array(7).fill('context.b').join(', ')}] == [1])`).message).toBe(
      'What all repeats looks at context and resource too often.',
    );
    expect(refusalOf(Array(5).fill('context.a.all(x, x in context.b)').join(' && ')).message).toMatch(/too often/);
  });
});

describe('the worst that is allowed ends quickly', () => {
  const long = 'a'.repeat(8_000);
  const other = `${'a'.repeat(2_000)}b${'a'.repeat(2_000)}`;
  it.each([
    [
      'each of a thousand in a thousand, four times',
      `context.a.all(x, ${Array(4).fill('!(x in context.b)').join(' && ')})`,
    ],
    ['comparisons of lists for each item', 'context.a.all(x, [context.a, context.a] == [context.c, context.c])'],
    ['sums of lists for each item', 'context.a.all(x, size(context.a + context.b + context.c) > 1)'],
    ['texts for each item', 'context.a.all(x, context.long.upperAscii().lowerAscii().startsWith(x) == false)'],
    ['splits for each item', 'context.a.all(x, x in context.long.split("") == false)'],
    ['searches', Array(4).fill('context.long.contains(context.other)').join(' || ')],
    ['many cheap ones', `context.a.all(x, ${Array(55).fill('x != "q"').join('&&')})`],
    ['many lists', `context.a != [] && ${Array(24).fill('context.a == context.c').join(' && ')}`],
    ['many sums', `size(${Array(45).fill('context.a').join('+')}) > 1`],
  ])('%s', (_title, source) => {
    const attributes = { a: list(1_000), b: list(1_000, 'other'), c: list(1_000), long, other };
    const condition = compileCondition(source);
    const startedMs = performance.now();
    expect(condition.evaluate(input({ attributes })).why).toBe('');
    expect(performance.now() - startedMs).toBeLessThan(QUICK_MS);
  });
});
