import { describe, expect, it } from 'vitest';
import { Failed, type Value } from '../values.ts';
import { codePoints } from './code-points.ts';
import { STRING_FUNCTIONS } from './strings.ts';

const typeOf = (value: Value) => (typeof value === 'bigint' ? 'int' : Array.isArray(value) ? 'list<string>' : 'string');

function overloadOf(name: string, values: readonly Value[]) {
  const found = STRING_FUNCTIONS.find((each) => each.name === name && `${each.parameters}` === `${values.map(typeOf)}`);
  if (!found) throw new Error(`No ${name}(${values.map(typeOf)}).`);
  return found;
}

function call(name: string, ...values: Value[]): Value {
  const value = overloadOf(name, values).call(...(values as never[]));
  return value instanceof Failed ? value.why : value;
}

function cost(name: string, ...values: Value[]): number {
  return overloadOf(name, values).cost?.(...(values as never[])) ?? 0;
}

const OUT = 'An index lies outside of the text';

describe('texts', () => {
  it.each<[name: string, values: Value[], expected: Value]>([
    ['contains', ['tacocat', 'coc'], true],
    ['contains', ['tacocat', ''], true],
    ['contains', ['e\u0301', 'é'], false],
    ['startsWith', ['🦊x', '🦊'], true],
    ['startsWith', ['a', 'ab'], false],
    ['endsWith', ['naïf', 'ïf'], true],
    ['endsWith', ['', ''], true],
    ['charAt', ['tacocat', 3n], 'o'],
    ['charAt', ['tacocat', 7n], ''],
    ['charAt', ['tacocat', 8n], OUT],
    ['charAt', ['tacocat', -1n], OUT],
    ['charAt', ['a🦊b', 1n], '🦊'],
    ['charAt', ['a🦊b', 2n], 'b'],
    ['charAt', ['a🦊b', 4n], OUT],
    ['charAt', ['a', 2n ** 63n - 1n], OUT],
    ['indexOf', ['tacocat', ''], 0n],
    ['indexOf', ['tacocat', 'ac'], 1n],
    ['indexOf', ['tacocat', 'none'], -1n],
    ['indexOf', ['', 'x'], -1n],
    ['indexOf', ['🦊🦊x', 'x'], 2n],
    ['indexOf', ['tacocat', '', 3n], 3n],
    ['indexOf', ['tacocat', '', 7n], 7n],
    ['indexOf', ['tacocat', '', 8n], OUT],
    ['indexOf', ['tacocat', 'a', 3n], 5n],
    ['indexOf', ['ta©o©αT', '©α', 5n], -1n],
    ['indexOf', ['🦊a🦊a', 'a', 2n], 3n],
    ['indexOf', ['tacocat', 'a', 30n], OUT],
    ['indexOf', ['tacocat', 'a', -1n], OUT],
    ['lastIndexOf', ['', '@@'], -1n],
    ['lastIndexOf', ['tacocat', ''], 7n],
    ['lastIndexOf', ['🦊a🦊a', 'a'], 3n],
    ['lastIndexOf', ['tacocat', '', 3n], 3n],
    ['lastIndexOf', ['tacocat', 'a', 3n], 1n],
    ['lastIndexOf', ['bananananana', 'nana', 7n], 6n],
    ['lastIndexOf', ['🦊a🦊a', 'a', 2n], 1n],
    ['lastIndexOf', ['tacocat', 'a', 30n], OUT],
    ['lastIndexOf', ['tacocat', 'a', -1n], OUT],
    ['lowerAscii', ['TacoCÆt Xii'], 'tacocÆt xii'],
    // The sign of the kelvin is no K, and a small i without its dot no i.
    ['lowerAscii', ['\u212aATE'], '\u212aate'],
    ['upperAscii', ['adm\u0131ns ß'], 'ADM\u0131NS ß'],
    ['upperAscii', ['tacoCat'], 'TACOCAT'],
    ['replace', ['hello hello', 'he', 'we'], 'wello wello'],
    ['replace', ['hello hello', 'he', 'we', 1n], 'wello hello'],
    ['replace', ['hello hello', 'he', 'we', 0n], 'hello hello'],
    ['replace', ['hello hello', 'he', 'we', -1n], 'wello wello'],
    ['replace', ['aaa', 'aa', 'b'], 'ba'],
    ['replace', ['a$b', '$', '$&$&'], 'a$&$&b'],
    ['replace', ['a🦊', '', '-'], '-a-🦊-'],
    ['replace', ['ab', '', '-', 2n], '-a-b'],
    ['replace', ['', '', '-'], '-'],
    ['split', ['a,b,,c', ','], ['a', 'b', '', 'c']],
    ['split', ['', ','], ['']],
    ['split', ['', ''], []],
    ['split', ['a🦊b', ''], ['a', '🦊', 'b']],
    ['split', ['a🦊b', '', 2n], ['a', '🦊b']],
    ['split', ['hello world events!', ' ', 0n], []],
    ['split', ['hello world events!', ' ', 1n], ['hello world events!']],
    ['split', ['hello world events!', ' ', 2n], ['hello', 'world events!']],
    ['split', ['o©o©o', '©', -1n], ['o', 'o', 'o']],
    ['split', ['a', 'ab'], ['a']],
    ['substring', ['tacocat', 4n], 'cat'],
    ['substring', ['tacocat', 7n], ''],
    ['substring', ['tacocat', 8n], OUT],
    ['substring', ['tacocat', -1n], OUT],
    ['substring', ['🦊x🦊', 1n], 'x🦊'],
    ['substring', ['tacocat', 0n, 4n], 'taco'],
    ['substring', ['🦊x🦊', 0n, 1n], '🦊'],
    ['substring', ['🦊x🦊', 3n, 3n], ''],
    ['substring', ['tacocat', 1n, 50n], OUT],
    ['substring', ['tacocat', 49n, 50n], OUT],
    ['substring', ['tacocat', 4n, 3n], 'A part of a text ends before it starts'],
    ['trim', [' \f\n\r\t\vtext  '], 'text'],
    ['trim', ['\u0085\u00a0\u1680text\u200a\u2028\u2029\u202f\u205f\u3000'], 'text'],
    ['trim', ['\u180etext\u200b\u2060\ufeff'], '\u180etext\u200b\u2060\ufeff'],
    ['trim', [' \u2003 '], ''],
    ['join', [['x', 'y']], 'xy'],
    ['join', [['x', 'y'], '-'], 'x-y'],
    ['join', [[], '-'], ''],
    ['join', [['x', 1n], '-'], 'Only a list of texts can be joined'],
    ['reverse', ['a🦊b'], 'b🦊a'],
    ['lowerAscii', ['A漢Z🦊@['.repeat(1_000)], 'a漢z🦊@['.repeat(1_000)],
    ['upperAscii', ['a漢z🦊`{'.repeat(1_000)], 'A漢Z🦊`{'.repeat(1_000)],
    ['strings.quote', ['a"\\\u0007\b\t\n\v\f\r🦊\u0001'], '"a\\"\\\\\\a\\b\\t\\n\\v\\f\\r🦊\u0001"'],
    ['strings.quote', [''], '""'],
  ])('%s of %o is %o', (name, values, expected) => {
    expect(call(name, ...values)).toEqual(expected);
  });

  it('cost by their length before anything is done', () => {
    const long = 'a'.repeat(65_536);
    expect(cost('contains', long, 'a'.repeat(3_200))).toBe(16_384 * 201);
    expect(cost('lowerAscii', long)).toBe(32_770);
    expect(cost('split', long, '')).toBeGreaterThan(65_536);
    expect(cost('split', long, 'a', 3n)).toBeLessThan(17_000);
    expect(cost('trim', long)).toBe(16_384);
    expect(cost('startsWith', long, 'a')).toBe(0);
    expect(cost('join', Array(1_000).fill('b'.repeat(160)), 'c'.repeat(32))).toBe(1_000 * (2 + 10 + 2));
  });

  it('are never made faster than they are paid for', () => {
    const long = 'ab'.repeat(5_000);
    for (const [old, by] of [
      ['a', 'x'.repeat(1_000)],
      ['', 'x'.repeat(1_000)],
      ['ab', 'x'.repeat(100)],
    ] as const) {
      const made = call('replace', long, old, by) as string;
      expect(made.length / 16).toBeLessThan(cost('replace', long, old, by) + 16);
    }
    const texts = Array(1_000).fill('b'.repeat(160));
    expect((call('join', texts, 'cc') as string).length / 16).toBeLessThan(cost('join', texts, 'cc'));
  });

  it('have as many characters as code points', () => {
    expect(['', 'abc', 'é', '🦊', 'a🦊b'].map(codePoints)).toEqual([0, 3, 1, 1, 3]);
  });
});
