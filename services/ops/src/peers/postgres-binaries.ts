import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '@gatehouse/failure';
import { runCommand } from './command.ts';
import type { Launch } from './launch.ts';

const PG_CONFIG_TIMEOUT_MS = 10_000;

/**
 * Finds the program that can start a restored data directory: in `configured` when that is given, else where Debian puts
 * the version that made the data, else beside pg_config. Throws Failure `precondition` POSTGRES_NOT_FOUND.
 */
export async function findPostgres(
  dataDirectory: string,
  configured: string | undefined,
  launch: Launch,
  signal: AbortSignal,
): Promise<string> {
  const version = (await readFile(join(dataDirectory, 'PG_VERSION'), 'utf8')).trim();
  const folders = configured
    ? [configured]
    : [`/usr/lib/postgresql/${version}/bin`, ...(await pgConfigFolder(launch, signal))];
  for (const folder of folders) {
    const file = join(folder, 'postgres');
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  throw new Failure(
    'precondition',
    'POSTGRES_NOT_FOUND',
    `No PostgreSQL ${version} server was found in ${folders.join(', ')}. GATEHOUSE_OPS_POSTGRES_BIN can name its folder.`,
  );
}

async function pgConfigFolder(launch: Launch, signal: AbortSignal): Promise<string[]> {
  const options = { launch, signal, timeoutMs: PG_CONFIG_TIMEOUT_MS };
  const ended = await runCommand('pg_config', ['--bindir'], options).catch(() => undefined);
  return ended?.exitCode === 0 ? [ended.stdout.trim()] : [];
}
