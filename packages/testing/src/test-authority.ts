import { copyFileSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { type Authority, createAuthority } from './certificates/authority.ts';
import { testStores } from './test-stores.ts';

/**
 * The authority of this test run, writing its certificates into a folder of the caller's own, so that test files which
 * run at the same time don't replace each other's. The folder goes with the run.
 */
export async function testAuthority(): Promise<Authority> {
  const { authorityDirectory, trustDomain } = testStores();
  const directory = mkdtempSync(join(authorityDirectory, 'peers-'));
  for (const file of ['ca.pem', 'ca.key']) copyFileSync(join(authorityDirectory, file), join(directory, file));
  return createAuthority({ directory, trustDomain });
}
