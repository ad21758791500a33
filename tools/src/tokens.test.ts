// biome-ignore-all lint/suspicious/noTemplateCurlyInString: The source under test is text.
import { describe, expect, it } from 'vitest';
import { tokenize } from './tokens.ts';

const kindsOf = (source: string) => tokenize(source).map(({ kind, text }) => `${kind} ${text}`);

describe('tokenize', () => {
  it('leaves out comments of both kinds and the first line of a script', () => {
    expect(kindsOf("#!/usr/bin/env node\n// 'a'\n/* b\n'c' */ d")).toEqual(['word d']);
  });

  it('counts lines through comments, templates and escaped ends of line', () => {
    const lines = tokenize('a /*\n\n*/ b `\n` c "\\\n" d').map(({ text, line }) => `${text.trim()}${line}`);
    expect(lines).toEqual(['a1', 'b3', '3', 'c4', '\\4', 'd5']);
  });

  it('keeps what a string holds in one token', () => {
    expect(kindsOf(`'it''s' "a \\" // b" \`c\``)).toEqual(['string it', 'string s', 'string a \\" // b', 'string c']);
  });

  it('ends an unfinished string with its line', () => {
    expect(kindsOf("'a\nb")).toEqual(['string a', 'word b']);
  });

  it('reads the code inside a template, nested ones too', () => {
    expect(kindsOf('`a${b({ c: `d${e}f` })}g` h')).toEqual([
      'template a',
      'word b',
      'mark (',
      'mark {',
      'word c',
      'mark :',
      'template d',
      'word e',
      'template f',
      'mark }',
      'mark )',
      'template g',
      'word h',
    ]);
  });

  it.each([
    ["x = /'/; y", ['word x', 'mark =', "regex /'/", 'mark ;', 'word y']],
    ["return /[/']/g", ['word return', "regex /[/']/g"]],
    ["if (a) /'/.test(b)", ['word if', 'mark (', 'word a', 'mark )', "regex /'/"]],
    ['a / b / c', ['word a', 'mark /', 'word b', 'mark /', 'word c']],
    ['(a) / 2 / d', ['mark (', 'word a', 'mark )', 'mark /', 'word 2', 'mark /', 'word d']],
    ['`a${b}` / c / d', ['template a', 'word b', 'template ', 'mark /', 'word c', 'mark /', 'word d']],
    ['`${/x/}`', ['template ', 'regex /x/', 'template ']],
  ])('tells a regular expression from a division in %s', (source, expected) => {
    expect(kindsOf(source).slice(0, expected.length)).toEqual(expected);
  });

  it('reads any text to its end', () => {
    for (const text of ['`', '`${', '}', ')', "'", '/', '/*', '\\', '€', '`a${`'])
      expect(() => tokenize(text)).not.toThrow();
  });
});
