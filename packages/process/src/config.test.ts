import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseConfig } from './config.ts';
import { ConfigError } from './config-error.ts';
import { across, hostPort, integer, readableFile, readBy, serviceAddress } from './setting.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-config-'));
afterAll(() => rmSync(folder, { recursive: true }));
const good = join(folder, 'good');
writeFileSync(good, 'good');

const secret = readBy((text) => {
  if (text !== 'open sesame') throw new Error('It opens nothing.');
}, 'the word');
const schema = z
  .object({
    LISTEN: hostPort,
    WORD: secret,
    LIMIT: integer(1, 10).default(5),
    KIND: z.enum(['a', 'b']).default('a'),
    TEXT: z.string().min(3).max(5).optional(),
    PAGE: z.url().optional(),
    PEER: serviceAddress.optional(),
    FILE: readableFile('a file that is good', (content) => {
      if (content.toString() !== 'good') throw new Error('hunter2');
    }).optional(),
  })
  .refine(({ KIND, TEXT }) => KIND === 'a' || TEXT !== undefined, across(['TEXT', 'KIND'], 'a text, for the kind b'));

const env = { LISTEN: '[::1]:7001', WORD: 'open sesame' };
const problemsOf = (change: Record<string, string | undefined>) => {
  try {
    parseConfig(schema, { ...env, ...change });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n').slice(1);
  }
};

describe('parseConfig', () => {
  it('reads what is set and fills in what is not', () => {
    const config = parseConfig(schema, { ...env, LIMIT: '', OTHER: 'x', FILE: good });
    expect(config).toEqual({
      LISTEN: { host: '::1', port: 7001 },
      WORD: 'open sesame',
      LIMIT: 5,
      KIND: 'a',
      FILE: good,
    });
  });

  it.each([
    [{ LISTEN: undefined }, 'LISTEN is not set. Expected: host:port'],
    [{ LISTEN: '' }, 'LISTEN is not set. Expected: host:port'],
    [{ LISTEN: 'hunter2' }, 'LISTEN is something else. Expected: host:port'],
    [{ LISTEN: 'hunter2:70000' }, 'LISTEN names no port. Expected: a port of at most 65535.'],
    [{ WORD: undefined }, 'WORD is not set. Expected: the word.'],
    [{ WORD: 'hunter2' }, "WORD can't be used: It opens nothing. Expected: the word."],
    [{ LIMIT: 'hunter2' }, 'LIMIT is something else. Expected: a whole number from 1 to 10.'],
    [{ LIMIT: '0' }, 'LIMIT is too small. Expected: a whole number from 1 to 10.'],
    [{ LIMIT: '11' }, 'LIMIT is too large. Expected: a whole number from 1 to 10.'],
    [{ KIND: 'hunter2' }, 'KIND is something else. Expected: one of a, b.'],
    [{ KIND: 'b' }, 'TEXT is not set. Expected: a text, for the kind b.'],
    [{ TEXT: 'x' }, 'TEXT is something else. Expected: a text of at least 3 characters.'],
    [{ TEXT: 'hunter2' }, 'TEXT is something else. Expected: a text of at most 5 characters.'],
    [{ PAGE: 'hunter2' }, 'PAGE is something else. Expected: a URL.'],
    [{ PEER: 'hunter 2' }, 'PEER is something else. Expected: the address of a service'],
    [{ FILE: '/hunter2' }, 'FILE names a file that is not there. Expected: a file that is good.'],
    [{ FILE: `${good}/hunter2` }, 'FILE names a file that is not there. Expected: a file that is good.'],
    [{ FILE: folder }, 'FILE names no file. Expected: a file that is good.'],
    [{ FILE: '/proc/self/cmdline' }, 'FILE names a file that holds something else. Expected: a file that is good.'],
  ])('says of %o what is wrong and what is expected, and nothing of the value', (change, line) => {
    const [first = '', ...others] = problemsOf(change);
    expect(others).toEqual([]);
    expect(first.slice(0, line.length + 2)).toBe(`  ${line}`);
    expect(first).not.toMatch(/hunter2|Invalid|received|undefined/);
  });

  it('names all that is wrong at once, and what can be used', () => {
    const wrong = { LISTEN: 'h:1', WORD: 'x', LIMIT: '99', KIND: 'c', TEXT: 'x', PAGE: 'x' };
    expect(problemsOf(wrong).map((line) => line.split(' ')[2])).toEqual(['WORD', 'LIMIT', 'KIND', 'TEXT', 'PAGE']);
    const read = () => parseConfig(schema, wrong);
    expect(read).toThrow(expect.objectContaining({ usable: { LISTEN: { host: 'h', port: 1 } } }));
  });

  it('names with them what does not fit together, unless it could not be read', () => {
    const unfit = '  TEXT is not set. Expected: a text, for the kind b.';
    expect(problemsOf({ KIND: 'b' })).toEqual([unfit]);
    const others = { KIND: 'b', WORD: undefined, LIMIT: '99', LISTEN: 'nowhere', PAGE: 'x' };
    expect(problemsOf(others)).toHaveLength(5);
    expect(problemsOf(others)).toContain(unfit);
    expect(problemsOf({ KIND: 'b', TEXT: 'x', LIMIT: '99' }).map((line) => line.split(' ')[2])).toEqual([
      'LIMIT',
      'TEXT',
    ]);
    expect(problemsOf({ KIND: 'c', LIMIT: '99' }).map((line) => line.split(' ')[2])).toEqual(['LIMIT', 'KIND']);
  });
});
