import { describe, expect, it } from 'vitest';
import { errorText, redact } from './tool-output.ts';

describe('errorText', () => {
  it('keeps errors with the lines that continue them, and drops the rest', () => {
    const output = `WARN: option is not set
      HINT: set it
ERROR: [055]: unable to open '/x'
       HINT: is it there?
INFO: done
2026-11-20 19:40:20.664 GMT [1] FATAL:  WAL ends before end of online backup
2026-11-20 19:40:20.664 GMT [1] HINT:  All WAL generated must be available.
2026-11-20 19:40:20.664 GMT [1] LOG:  shutting down`;
    expect(errorText(output, [])).toBe(`ERROR: [055]: unable to open '/x'
       HINT: is it there?
2026-11-20 19:40:20.664 GMT [1] FATAL:  WAL ends before end of online backup
2026-11-20 19:40:20.664 GMT [1] HINT:  All WAL generated must be available.`);
  });

  it('keeps the end of an output that names no error', () => {
    expect(errorText(`first\n\n${'x'.repeat(3000)}last\n`, [])).toMatch(/^x{1996}last$/);
  });

  it('does not take those who were turned away before the start for errors', () => {
    const output = 'FATAL:  the database system is starting up\nFATAL:  could not open file\n';
    expect(errorText(output, [])).toBe('FATAL:  could not open file');
  });

  it('answers what a text column takes', () => {
    expect(errorText('ERROR: a\0b', [])).toBe('ERROR: ab');
  });
});

describe('redact', () => {
  it.each([
    ['a secret wherever it stands', 'key=abcdef, "abcdef"', ['abcdef'], 'key=[redacted], "[redacted]"'],
    ['the longer of two secrets first', 'abcdefgh', ['abcd', 'abcdefgh'], '[redacted]'],
    ['a password in a URL', 'at postgres://me:pass@host/db', [], 'at postgres://me:[redacted]@host/db'],
    ['nothing that is too short to be a secret', 'a b c', ['b', ''], 'a b c'],
  ])('masks %s', (_, text, secrets, expected) => {
    expect(redact(text, secrets)).toBe(expected);
  });
});
