import { describe, expect, it } from 'vitest';
import { splitStatements } from './split-statements.ts';

describe('splitStatements', () => {
  it.each([
    ['two statements', 'select 1; select 2;', ['select 1', 'select 2']],
    ['no semicolon at the end', 'select 1', ['select 1']],
    ['nothing but comments', '-- one; two\n/* three; */ ;', []],
    ['a semicolon in a string', "select 'a;''b;'; select 2", ["select 'a;''b;'", 'select 2']],
    ['a semicolon in a quoted name', 'select ";"; select 2', ['select ";"', 'select 2']],
    ['a dollar-quoted body', 'do $$ begin; end $$; select 2', ['do $$ begin; end $$', 'select 2']],
    ['a tagged body', "do $a$ select $$;$$; ';' $a$; select 2", ["do $a$ select $$;$$; ';' $a$", 'select 2']],
    ['a quote in a comment', "-- don't\nselect 1; select 2", ["-- don't\nselect 1", 'select 2']],
    ['parameters are no dollar quotes', 'select $1; select $2', ['select $1', 'select $2']],
  ])('%s', (_, sql, statements) => {
    expect(splitStatements(sql)).toEqual(statements);
  });
});
