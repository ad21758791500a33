import { describe, expect, it } from 'vitest';
import { CONDITION_CHARACTERS_MAX, compileCondition } from './condition.ts';
import { ConditionError } from './condition-error.ts';
import type { ConditionInput } from './condition-input.ts';
import { EVALUATION_STEPS_MAX } from './steps.ts';

const NOW_MS = Date.UTC(2026, 2, 1, 9);

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
    ['types that do not go together', 'context.text > 1', 'string > int does not go together.'],
    [
      'a number of JSON and an int',
      'context.zero + 1 == 1',
      'double + int does not go together: a number that is given as JSON is a double, so write context.zero + 1.0, or int(context.zero) + 1.',
    ],
    ['a division by zero', '1 / int(context.zero) == 1', 'Division by zero.'],
    ['an index out of range', 'context.groups[7] == "x"', 'There is no item 7 in a list of 0.'],
    ['a text that is no number', 'int(context.text) == 1', /text/],
    ['a zone that nobody knows', 'request.time.getHours(context.text) == 1', /time zone/i],
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
      { name: 'context.a', value: `${'['.repeat(200)}…` },
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
      expect(refusalOf(`request.${key} != 1`).message).toMatch(`No such key: ${key}. request has ip, time,`);
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

describe('an address that is not known', () => {
  it.each([
    'request.ip == "10.0.0.9"',
    'request.ip != "10.0.0.9"',
    'request["ip"] != "10.0.0.9"',
    'request["i" + "p"] != "10.0.0.9"',
    '!(request.ip in ["10.0.0.9", "10.0.0.10"])',
    '!request.ip.startsWith("10.")',
    'size(request.ip) < 100',
    'request.ip < "9"',
    '!isIP(request.ip)',
    '!cidr("10.0.0.0/8").containsIP(request.ip)',
    '!request.ip.inCidr("10.0.0.0/8")',
    'string(request.ip) + "" == ""',
    '[request.ip].all(x, x != "10.0.0.9")',
    'request.ip == "" || request.user_id == "nobody"',
  ])('leaves undetermined: %s', (source) => {
    expect([source, compileCondition(source).evaluate(input({ ip: '' })).outcome]).toEqual([source, 'undetermined']);
  });

  it('is told, can be asked for, and is no matter where something else decides', () => {
    const unknown = input({ ip: '' });
    expect(compileCondition('request.ip != "10.0.0.9"').evaluate(unknown).why).toBe(
      'The address of the caller is not known.',
    );
    for (const [source, whether] of [
      ['has(request.ip)', 'false'],
      ['"ip" in request', 'false'],
      ['has(request.ip) && request.ip != "10.0.0.9"', 'false'],
      ['has(request.user_id) && has(request.resource)', 'true'],
      ['request.ip != "10.0.0.9" || true', 'true'],
    ] as const) {
      expect([source, compileCondition(source).evaluate(unknown).outcome]).toEqual([source, whether]);
    }
    expect(compileCondition('has(request.ip) && "ip" in request').evaluate(input()).outcome).toBe('true');
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
    ['json', 'bytes(context.a).json().b', /^json is not available/, 0, 23],
    ['optional values', 'optional.of(1).hasValue()', /^Optional values/, 0, 8],
    ['their syntax', 'context.?a == 1', 'Expected a name, got "?".', 8, 9],
    ['macros of two names', 'context.a.all(i, x, x == 1)', /^all takes one name for the item/, 0, 27],
    ['macros without a name', 'context.a.all(1, true)', /name for the item/, 14, 15],
    ['macros on what is no list', 'request.ip.all(x, true)', /^all goes through a list .* not string/, 0, 23],
    ['a has of no field', 'has(context)', /^has takes a field/, 0, 12],
    [
      'a has of a field that request does not have',
      'has(request.nothing)',
      /^No such key: nothing\. request has ip/,
      12,
      19,
    ],
    ['an unknown variable', 'true && user == "ada"', /^Unknown variable: user\./, 8, 12],
    ['an unknown field', 'request.level > 1', /^No such key: level\. request has ip, time/, 8, 13],
    ['a field of a text', 'request.ip.port == 1', 'A string has no fields, so no port.', 11, 15],
    ['an unknown function', 'true && frobnicate(1)', 'There is no function frobnicate.', 8, 21],
    ['half a sentence', 'true &&', 'Unexpected token: the end.', 7, 7],
    ['nothing', '', 'Unexpected token: the end.', 0, 0],
    ['a bracket that is left open', '(true', 'Expected ")", got the end.', 5, 5],
    ['a number', '1 + 1', 'It is of type int, not bool.', 0, 5],
    ['a text', '"yes"', 'It is of type string, not bool.', 0, 5],
    ['a map', 'context', 'It is of type map<string, dyn>, not bool.', 0, 7],
    ['types that do not go together', 'true && request.ip > 1', 'string > int does not go together.', 8, 22],
    ['arguments of other types', 'request.ip.startsWith(1)', /there is string.startsWith\(string\)\.$/, 0, 24],
    [
      'types that are never equal',
      'request.ip == 1',
      'string == int does not go together: they are never equal.',
      0,
      15,
    ],
    ['what is never in a list', '"a" in [1]', 'string in list<int> does not go together: it is never in it.', 0, 10],
    ['answers of two types', 'true ? 1 : "a"', /^Both answers of \?: have to be of one type/, 0, 14],
    ['lists of two types', '[1] + ["a"] == []', /^Both lists have to be of one type/, 0, 11],
    [
      'a key that no map has',
      '{1.5: 1} == {}',
      /^The key of a map is a string, an int, a uint or a bool, not double/,
      1,
      4,
    ],
    ['comparisons that can be read in two ways', 'true == 1 < 2', /bind alike: write brackets/, 0, 13],
    ['the same with brackets elsewhere', 'true == (1) < (2)', /bind alike: write brackets/, 0, 16],
    ['an int beyond 64 bits', '9223372036854775808 > 0', /^An int has at most 64 bits/, 0, 19],
    ['the same under a sign and brackets', '-(9223372036854775808) < 0', /^An int has at most 64 bits/, 2, 21],
    ['the same below', '-9223372036854775809 < 0', /^An int has at most 64 bits/, 1, 20],
    ['a uint beyond 64 bits', '18446744073709551616u > 0u', /^Invalid integer/, 0, 21],
    ['a raw string that CEL reads otherwise', 'r"\\" == " == "x"', /^A raw string ends at the first quote/, 0, 9],
    ['the same as an index', 'context[r"\\"] == "] == "x"', /^A raw string ends at the first quote/, 8, 18],
    ['half a character', '"\ud800" == ""', /^It holds half of a surrogate pair/, 1, 2],
    ['a range that is none', 'true && request.ip.inCidr("10.0.0.0/33")', /^Not a range of IP addresses/, 8, 40],
    ['a duration that is none', 'duration("soon") > duration("1h")', /^Not a duration/, 0, 16],
    ['a time that is none', 'request.time > timestamp("2026-13-01T00:00:00Z")', /^Not a time/, 15, 48],
    ['a day that is none', 'request.time > timestamp("2026-02-30T00:00:00Z")', /^Not a time/, 15, 48],
    ['a zone that is none', 'request.time.getHours("Berlin") > 1', /^Not a time zone/, 0, 31],
  ])('%s', (_title, source, message, start, end) => {
    const error = refusalOf(source);
    expect(error.message).toMatch(message);
    expect([error.start, error.end]).toEqual([start, end]);
  });

  it('says line and column', () => {
    const { line, column } = refusalOf('request.ip == "" ||\n  (\n    user == 1)');
    expect([line, column]).toEqual([3, 5]);
  });

  it.each([
    ['request.authentication_level + 1.0 > 2.0', 'write double(request.authentication_level) + 1.0, or'],
    ['1.0 + request.authentication_level > 2.0', 'or int(1.0) + request.authentication_level.'],
    ['2 * 1.5 > 2.0', 'write 2.0 * 1.5, or 2 * int(1.5).'],
    ['1u + 1 > 2u', 'write int(1u) + 1.'],
    ['5.0 % 2.0 == 1.0', 'write int(5.0) % int(2.0).'],
    ['"a" + 1 == "a1"', 'write string(1).'],
  ])('%s, and says what to write instead', (source, instead) => {
    expect(refusalOf(source).message).toContain(instead);
  });

  it('what is too long, too large or too deep', () => {
    const full = 'true || '.padEnd(CONDITION_CHARACTERS_MAX - 4, ' ');
    expect(compileCondition(`${full}true`).evaluate(input()).outcome).toBe('true');
    expect(refusalOf(`${full} true`).message).toBe('It is longer than 1024 characters.');
    const many = (count: number) => Array(count).fill('true').join('&&');
    expect(compileCondition(many(128)).evaluate(input()).outcome).toBe('true');
    expect(refusalOf(many(129)).message).toMatch(/^It has more than 256 parts/);
    const deep = (levels: number) => `${'('.repeat(levels)}true${')'.repeat(levels)}`;
    expect(compileCondition(deep(31)).evaluate(input()).outcome).toBe('true');
    expect(refusalOf(deep(32)).message).toBe('It is nested deeper than 32 levels.');
    expect(refusalOf(`${'!'.repeat(1_000)}true`).message).toMatch(/^It has more than 256 parts/);
    const listed = (count: number) => `1 in [${Array(count).fill('1').join(',')}]`;
    expect(compileCondition(listed(253)).evaluate(input()).outcome).toBe('true');
    expect(refusalOf(listed(254)).message).toMatch(/^It has more than 256 parts/);
  });
});

describe('the steps of an evaluation', () => {
  const long = 'a'.repeat(8_000);
  const attributes = { a: list(1_000), b: list(1_000, 'other'), c: list(1_000), long, other: `${long}b` };
  const taken = (source: string) => {
    const count = { steps: 0 };
    const { outcome, why } = compileCondition(source).evaluate(input({ attributes }), count);
    return { outcome, why, steps: count.steps };
  };

  it.each([
    ['true', 0],
    ['request.authentication_level >= 2', 2],
    ['context.long == context.other', 3],
    ['context.long == context.long', 3 + 8_000 / 64],
    ['context.a == context.c', 3 + 1_000],
    ['context.a.all(x, true)', 1 + 1_000],
    ['context.a.all(x, x != "")', 1 + 2_000],
    ['context.a.exists(x, x == "item-0")', 3],
    ['"item-9" in context.a', 2 + 10],
    ['size(context.a + context.b) == 2000', 2 + 1 + 2_000 + 1 + 1],
    ['has(context.missing)', 1],
    ['context.missing == 1', 1 + 8 + 0],
    ['timestamp("2026-01-01T00:00:00Z") < request.time', 2],
  ])('%s takes %d', (source, steps) => {
    expect(Math.abs(taken(source).steps - steps)).toBeLessThanOrEqual(1);
  });

  it('depend on the condition and the question alone, and are added up', () => {
    const condition = compileCondition('context.a.all(x, x.contains("item"))');
    const count = { steps: 0 };
    condition.evaluate(input({ attributes }), count);
    const once = count.steps;
    for (let round = 0; round < 5; round += 1) condition.evaluate(input({ attributes }), count);
    expect(count.steps).toBe(6 * once);
  });

  it.each([
    'context.a.all(x, context.b.all(y, y != x))',
    'context.a.all(x, context.b.exists(y, y == x) || true)',
    'context.a.all(x, context.b.exists(y, y == x)) || true',
    'context.a.exists(x, context.b.all(y, y != x)) ? false : true',
    'context.a.map(x, context.b.map(y, [x, y])).size() > 0',
    'context.a.map(x, context.a).map(y, context.a).size() > 0 && context.a.all(x, context.a == context.c)',
    'context.a.all(x, context.long.contains(context.other) == false)',
    'context.a.all(x, context.long.upperAscii().lowerAscii().startsWith(x) == false)',
    'context.a.all(x, x in context.long.split("") == false)',
    'context.a.exists(x, context.nothing)',
    'context.a.map(x, x + context.long + context.long + context.long + context.long).size() > 0 && context.a == context.c && context.a.all(x, x in context.b)',
    'context.a.all(x, {"a": context.a} == {"a": context.c})',
    'context.a.exists(x, context.a.exists(y, context.a.exists(z, false)))',
  ])('end, whatever would absorb an error: %s', (source) => {
    const { outcome, why, steps } = taken(source);
    if (steps === EVALUATION_STEPS_MAX) {
      expect([outcome, why]).toEqual(['undetermined', 'It took more steps than a condition may.']);
    }
    expect(steps).toBeLessThanOrEqual(EVALUATION_STEPS_MAX);
    // The one after it begins anew.
    expect(taken('context.a.all(x, x != "")').outcome).toBe('true');
  });

  it('are not absorbed', () => {
    const endless = 'context.a.all(x, context.b.all(y, y != x))';
    for (const source of [endless, `${endless} || true`, `true && !${endless}`, `${endless} ? true : true`]) {
      expect(taken(source)).toEqual({
        outcome: 'undetermined',
        why: 'It took more steps than a condition may.',
        steps: EVALUATION_STEPS_MAX,
      });
    }
    expect(taken(`true || ${endless}`).outcome).toBe('true');
  });
});
