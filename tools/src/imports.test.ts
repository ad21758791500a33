// biome-ignore-all lint/suspicious/noTemplateCurlyInString: The source under test is text.
import { describe, expect, it } from 'vitest';
import { readImports } from './imports.ts';
import { tokenize } from './tokens.ts';

const specifiersIn = (source: string) => readImports(tokenize(source)).map(({ specifier }) => specifier);

describe('readImports', () => {
  it.each([
    "import 'm'",
    "import a from 'm'",
    "import a, { b as c, type D, } from 'm'",
    "import * as a from 'm'",
    "import type { A } from 'm'",
    "import type A from 'm'",
    "import { a } from 'm' with { type: 'json' }",
    "import {\n  a, // from 'x'\n  b,\n} from 'm'",
    "import { 'a-b' as c } from 'm'",
    "export { a } from 'm'",
    "export type { A } from 'm'",
    "export * from 'm'",
    "export * as a from 'm'",
    "await import('m')",
    "await import('m', { with: { type: 'json' } })",
    'await import(`m`)',
    "type A = import('m').A",
    "type A = typeof import('m')",
    "const a = require('m')",
    "import.meta.resolve('m')",
    "`${await import('m')}`",
  ])('finds the module in %s', (source) => {
    expect(specifiersIn(source)).toEqual(['m']);
  });

  it.each([
    "// import 'm'",
    "/* export * from 'm' */",
    '"import \'m\'"',
    "`import 'm'`",
    "export const from = 'm'",
    "export { a }; const b = 'm'",
    'export { a };\nfrom;',
    "import.meta.url + 'm'",
    "loader.import('m')",
    "a.require('m')",
    'class A { import() {} }',
    'class A { require(m: string) {} }',
    "({ import: 'm' })",
  ])('finds none in %s', (source) => {
    expect(specifiersIn(source)).toEqual([]);
  });

  it.each(['import(name)', 'import(`./${name}`)', "import('a' + name)", 'require(name)'])(
    'says that the module in %s is computed',
    (source) => {
      expect(specifiersIn(source)).toEqual([undefined]);
    },
  );

  it('keeps the order and the line of each', () => {
    const source = "import 'a';\n\nimport {\n  b,\n} from 'b';\nexport * from 'c';\n";
    expect(readImports(tokenize(source))).toEqual([
      { specifier: 'a', line: 1 },
      { specifier: 'b', line: 3 },
      { specifier: 'c', line: 6 },
    ]);
  });
});
