import { execFile } from 'node:child_process';
import { access, constants, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { identifier } from './identifier.ts';
import { splitPassword } from './url.ts';

const DEBIAN_VERSIONS = '/usr/lib/postgresql';
const OTHER_PLACES = ['/usr/local/bin', '/usr/bin', '/opt/homebrew/bin'];
const TIMEOUT_MS = 30_000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

/**
 * The statements that make one schema as it is: tables, indexes, constraints, functions and rights, without owners, in
 * an order that does not depend on how it came about. Needs a pg_dump that is not older than the server. Rejects when
 * pg_dump is not there or fails.
 */
export async function dumpSchema({ url, schema }: { url: string; schema: string }): Promise<string> {
  const target = splitPassword(url);
  const { stdout } = await promisify(execFile)(
    await findPgDump(),
    ['--schema-only', '--no-owner', `--schema=${identifier(schema)}`, `--dbname=${target.url}`],
    { env: { PGPASSWORD: target.password }, timeout: TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX },
  );
  return tidyDump(stdout);
}

/** What pg_dump printed, without what says nothing about the schema. */
export function tidyDump(dump: string): string {
  const tidy = dump
    .replace(/^--\n(-- .*\n)+--\n/gm, '')
    .replace(/^-- (Dumped|Started|Completed) .*\n/gm, '')
    .replace(/^\\(un)?restrict .*\n/gm, '')
    .replace(/^SET [a-z_]+ = .*;\n/gm, '')
    .replace(/^SELECT pg_catalog\.set_config\('search_path', .*;\n/gm, '')
    .replace(/\n{3,}/g, '\n\n');
  return `${tidy.trim()}\n`;
}

/** The newest version that Debian's packages put beside its server, else one where programs usually are. */
async function findPgDump(): Promise<string> {
  const versions = await readdir(DEBIAN_VERSIONS).catch(() => []);
  const newestFirst = versions.sort((a, b) => Number(b) - Number(a)).map((name) => join(DEBIAN_VERSIONS, name, 'bin'));
  for (const directory of [...newestFirst, ...OTHER_PLACES]) {
    const path = join(directory, 'pg_dump');
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  throw new Error("pg_dump is not there: install PostgreSQL's client programs.");
}
