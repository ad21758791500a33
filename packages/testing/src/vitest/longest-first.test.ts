import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LONG_FILES } from './longest-first.ts';

it.each(LONG_FILES)('%s, which is started first, is there', (path) => {
  expect(existsSync(join(import.meta.dirname, '../../../..', path))).toBe(true);
});
