import type { Chance } from '@gatehouse/testing/chance';
import { GETTERS, KEYS, randomLiteral, ZONES } from './random-values.ts';

/** A piece of an expression: what it is meant to be, and its text, in which other pieces stand. */
export interface Expression {
  readonly type: string;
  readonly parts: readonly (string | Expression)[];
}

export function textOf({ parts }: Expression): string {
  return parts.map((part) => (typeof part === 'string' ? part : textOf(part))).join('');
}

/** Types of one word. A list is `list<int>`; maps are from string to anything. */
const PLAIN = ['bool', 'int', 'uint', 'double', 'string', 'bytes', 'timestamp', 'duration', 'map', 'null'] as const;
const NUMBERS = ['int', 'uint', 'double'];
const ORDERED = ['bool', 'int', 'uint', 'double', 'string', 'bytes', 'timestamp', 'duration'];

/** One in so many pieces is of another type than its place asks for. */
const ILL_TYPED = 60;

/** How expressions of a type are put together; what stands in braces is a piece of that type. `T`: any type, the same one each time. */
const SHAPES: Readonly<Record<string, readonly string[]>> = {
  bool: [
    '!{bool}',
    '({bool} && {bool})',
    '({bool} || {bool})',
    '({bool} && {bool} && {bool})',
    '({bool} ? {bool} : {bool})',
    '({T} == {T})',
    '({T} != {T})',
    '({number} == {number})',
    '({number} < {number})',
    '({number} <= {number})',
    '({number} > {number})',
    '({number} >= {number})',
    '({order} < {order})',
    '({order} <= {order})',
    '({order} > {order})',
    '({order} >= {order})',
    '(dyn({T}) == dyn({U}))',
    '({T} in {list<T>})',
    '({number} in {list<number>})',
    '({string} in {map})',
    '(dyn({key}) in {map})',
    'has({map}.KEY)',
    'has(context.m.KEY)',
    'has(context.KEY)',
    '{string}.startsWith({string})',
    '{string}.endsWith({string})',
    '{string}.contains({string})',
    'bool({string})',
    'bool({bool})',
    '(type({T}) == type({U}))',
    '{list<bool>}[{int}]',
    '(context.dyn == {T})',
    '(context.list == {list<double>})',
    '(context.m == {map})',
    '(context.a == context.b)',
    '({mixed} == {mixed})',
  ],
  int: [
    '({int} + {int})',
    '({int} - {int})',
    '({int} * {int})',
    '({int} / {int})',
    '({int} % {int})',
    '-({int})',
    'size({string})',
    '{string}.size()',
    'size({bytes})',
    'size({list<T>})',
    'size({map})',
    '{string}.indexOf({string})',
    '{string}.lastIndexOf({string})',
    '{string}.indexOf({string}, {int})',
    '{string}.lastIndexOf({string}, {int})',
    'int({double})',
    'int({uint})',
    'int({string})',
    'int({timestamp})',
    'int({int})',
    '{timestamp}.GETTER()',
    '{timestamp}.GETTER("ZONE")',
    '{duration}.getHours()',
    '{duration}.getMinutes()',
    '{duration}.getSeconds()',
    '{duration}.getMilliseconds()',
    '{list<int>}[{int}]',
    '({bool} ? {int} : {int})',
    'request.authentication_level',
  ],
  uint: [
    '({uint} + {uint})',
    '({uint} - {uint})',
    '({uint} * {uint})',
    '({uint} / {uint})',
    '({uint} % {uint})',
    'uint({int})',
    'uint({double})',
    'uint({string})',
    '{list<uint>}[{int}]',
  ],
  double: [
    '({double} + {double})',
    '({double} - {double})',
    '({double} * {double})',
    '({double} / {double})',
    '-({double})',
    'double({int})',
    'double({uint})',
    'double({string})',
    'context.n',
    'context.list[{int}]',
    '{list<double>}[{int}]',
    'context.o',
  ],
  string: [
    '({string} + {string})',
    'string({int})',
    'string({uint})',
    'string({bool})',
    'string({double})',
    'string({bytes})',
    'string({timestamp})',
    'string({duration})',
    '{string}.lowerAscii()',
    '{string}.upperAscii()',
    '{string}.trim()',
    '{string}.substring({int})',
    '{string}.substring({int}, {int})',
    '{string}.charAt({int})',
    '{string}.replace({string}, {string})',
    // Larger counts keep @bufbuild/cel busy for ever.
    '{string}.replace({string}, {string}, 0)',
    '{string}.replace({string}, {string}, 2)',
    '{string}.replace({string}, {string}, -1)',
    '{list<string>}.join({string})',
    '{list<string>}.join()',
    '{list<string>}[{int}]',
    'context.s',
    'context.t',
    'context.strings[{int}]',
    'request.user_id',
    'context.m.KEY',
    'context.m["KEY"]',
    '({bool} ? {string} : {string})',
    'request.ip',
  ],
  bytes: ['({bytes} + {bytes})', 'bytes({string})', '{list<bytes>}[{int}]'],
  timestamp: [
    '({timestamp} + {duration})',
    '({duration} + {timestamp})',
    '({timestamp} - {duration})',
    'timestamp({string})',
    'timestamp({int})',
    'request.time',
    '{list<timestamp>}[{int}]',
  ],
  duration: [
    '({duration} + {duration})',
    '({duration} - {duration})',
    '({timestamp} - {timestamp})',
    'duration({string})',
    '{list<duration>}[{int}]',
  ],
  map: [
    '{{string}: {T}}',
    '{"KEY": {T}, "KEY": {U}}',
    'context.m',
    'context',
    '{{number}: {T}, {number}: {U}}',
    '{}',
    '({bool} ? {map} : {map})',
  ],
  null: ['null', 'context.nothing'],
  mixed: ['[{T}, {U}]', '{{key}: {T}}', '[{list<T>}, {map}]', 'context.dyn', 'context.deep', '[{number}, {number}]'],
};

/** What other engines do not have, or do not take with every argument. */
const OWN_SHAPES: readonly string[] = [
  '({string}.replace({string}, {string}, {int}) == {string})',
  '({string}.split({string}, {int}) == {list<string>})',
  'request.ip.inCidr({string})',
  '{string}.inCidr("10.0.0.0/8")',
  'isIP({string})',
  'isCIDR({string})',
  'ip({string}).isLoopback()',
  '(ip({string}) == ip({string}))',
  'cidr({string}).containsIP({string})',
  '(string(cidr("10.1.2.3/8").masked()) == {string})',
  '({string}.reverse() == strings.quote({string}))',
];

/** A random condition; with functions that are our own where that is wanted. */
export function randomCondition(chance: Chance, depth: number, withOwn = false): Expression {
  return piece('bool', depth, []);

  function piece(wanted: string, left: number, scope: readonly Expression[]): Expression {
    const type = chance.below(ILL_TYPED) === 0 ? chance.pick(PLAIN) : wanted;
    const known = scope.filter((each) => each.type === type);
    if (known.length > 0 && chance.happens(0.4)) return chance.pick(known);
    if (left <= 0) return simplest(chance, type);
    const list = /^list<(.*)>$/.exec(type)?.[1];
    if (list !== undefined) return listOf(list, left, scope);
    if (type === 'bool' && chance.happens(0.15))
      return macro(chance.pick(['all', 'exists', 'exists_one']), 'bool', left, scope);
    const shapes = withOwn && type === 'bool' && chance.happens(0.2) ? OWN_SHAPES : SHAPES[type];
    if (!shapes || chance.happens(0.15)) return simplest(chance, type);
    return shaped(type, chance.pick(shapes), left, scope);
  }

  function shaped(type: string, shape: string, left: number, scope: readonly Expression[]): Expression {
    const bound = new Map([
      ['T', chance.pick(PLAIN)],
      ['U', chance.pick(PLAIN)],
      ['order', chance.pick(ORDERED)],
      ['key', chance.pick(['string', 'int', 'uint', 'double', 'bool', 'null'])],
    ]);
    const parts = shape.split(/(\{[\w<>]+\}|KEY|GETTER|ZONE)/).map((part): string | Expression => {
      if (part === 'KEY') return chance.pick(KEYS.slice(0, -1));
      if (part === 'GETTER') return chance.pick(GETTERS);
      if (part === 'ZONE') return chance.pick(ZONES);
      const name = /^\{([\w<>]+)\}$/.exec(part)?.[1];
      if (name === undefined) return part;
      const wanted = name.replace(/\w+/g, (word) =>
        word === 'number' ? chance.pick(NUMBERS) : (bound.get(word) ?? word),
      );
      return piece(wanted, left - 1, scope);
    });
    return { type, parts };
  }

  function listOf(item: string, left: number, scope: readonly Expression[]): Expression {
    const type = `list<${item}>`;
    if (chance.happens(0.15)) return macro('filter', type, left, scope, item);
    if (chance.happens(0.15)) return macro('map', type, left, scope, item);
    if (chance.happens(0.15))
      return { type, parts: ['(', piece(type, left - 1, scope), ' + ', piece(type, left - 1, scope), ')'] };
    if (item === 'double' && chance.happens(0.3)) return { type, parts: ['context.list'] };
    if (item === 'string' && chance.happens(0.3)) return { type, parts: ['context.strings'] };
    if (item === 'string' && chance.happens(0.2))
      return { type, parts: [piece('string', left - 1, scope), '.split(', piece('string', left - 1, scope), ')'] };
    const items = Array.from({ length: chance.below(4) }, () => piece(item, left - 1, scope));
    return { type, parts: ['[', ...items.flatMap((each, index) => (index === 0 ? [each] : [', ', each])), ']'] };
  }

  function macro(name: string, type: string, left: number, scope: readonly Expression[], item?: string): Expression {
    const over = name === 'filter' && item !== undefined ? item : chance.pick(PLAIN);
    const variable: Expression = { type: over, parts: [`v${scope.length}`] };
    const range =
      over === 'string' && name !== 'filter' && chance.happens(0.3)
        ? piece('map', left - 1, scope)
        : piece(`list<${over}>`, left - 1, scope);
    const inner = piece(name === 'map' && item !== undefined ? item : 'bool', left - 1, [...scope, variable]);
    return { type, parts: [range, `.${name}(${textOf(variable)}, `, inner, ')'] };
  }
}

/** An expression of the type that holds no other one. */
function simplest(chance: Chance, type: string): Expression {
  return { type, parts: [randomLiteral(chance, type)] };
}
