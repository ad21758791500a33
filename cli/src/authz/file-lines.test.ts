import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { type FileLine, readLines } from './file-lines.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-lines-'));
afterAll(() => rmSync(folder, { recursive: true }));

const MAX = 16;
const NOT_UTF8 = 'The line is not UTF-8.';
const TOO_LONG = `The line has more than ${MAX} bytes.`;

async function linesOf(content: string | Buffer): Promise<(string | undefined)[]> {
  const file = join(folder, 'lines');
  writeFileSync(file, content);
  const lines: FileLine[] = [];
  for await (const line of readLines(file, MAX)) lines.push(line);
  expect(lines.map(({ line }) => line)).toEqual(lines.map((_, index) => index + 1));
  return lines.map((each) => each.text ?? ('problem' in each ? each.problem : undefined));
}

it.each([
  ['nothing', '', []],
  ['one without an end', 'a', ['a']],
  ['one with an end', 'a\n', ['a']],
  ['empty ones', '\n\na\n\n', ['', '', 'a', '']],
  ['those of Windows', 'a\r\nb\r\n', ['a', 'b']],
  ['those of an old Mac, which are one', 'a\rb\r', ['a\rb']],
  ['other separators, which are none', 'a\u2028b\u2029c\u0085d\n\f\v\n', ['a\u2028b\u2029c\u0085d', '\f\v']],
  ['a mark at the beginning', '\ufeffa\n\ufeffb\n', ['a', '\ufeffb']],
  ['U+0000', 'a\0b\nc', ['a\0b', 'c']],
  ['one as long as may be', `${'x'.repeat(MAX)}\r\na`, ['x'.repeat(MAX), 'a']],
  ['one that is too long', `${'x'.repeat(MAX + 1)}\na\n${'y'.repeat(300_000)}\nb`, [TOO_LONG, 'a', TOO_LONG, 'b']],
  ['bytes that are no UTF-8', Buffer.from('a\ncaf\xe9\nb', 'latin1'), ['a', NOT_UTF8, 'b']],
  ['UTF-16', Buffer.from('\ufeffab\ncd', 'utf16le'), [NOT_UTF8, '\0c\0d\0']],
] as const)('of a file are told apart: %s', async (_what, content, expected) => {
  expect(await linesOf(content as string | Buffer)).toEqual(expected);
});

it('are whole wherever the file is cut', async () => {
  const lines = Array.from({ length: 30_000 }, (_, index) => `🦊 ${index}`);
  expect(await linesOf(lines.join('\n'))).toEqual(lines);
});

it('of a file that is not there are an error', async () => {
  await expect(readLines(join(folder, 'absent'), MAX).next()).rejects.toMatchObject({ code: 'ENOENT' });
});
