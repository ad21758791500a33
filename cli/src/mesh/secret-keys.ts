import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const KEY_BYTES = 32;
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/**
 * The secret keys of a service under a folder, as `GATEHOUSE_<SERVICE>_SECRET_KEYS` takes them: those of the file
 * `secrets/<service>-keys`, which is made once and never overwritten. Without those of session every refresh token and signing
 * key is worthless. Two processes that ask at the same time get the same keys.
 */
export function secretKeys(home: string, service: string): string {
  const directory = join(home, 'secrets');
  const file = join(directory, `${service}-keys`);
  mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE });
  return readKeys(file) ?? makeKeys(directory, file);
}

function readKeys(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Writes new keys beside the file and gives them its name only when they are whole and nobody else was first. */
function makeKeys(directory: string, file: string): string {
  const keys = `1:${randomBytes(KEY_BYTES).toString('base64url')}`;
  const draft = join(directory, `.keys-${randomBytes(8).toString('hex')}`);
  try {
    writeThrough(draft, `${keys}\n`);
    linkSync(draft, file);
    syncDirectory(directory);
    return keys;
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    return readFileSync(file, 'utf8').trim();
  } finally {
    rmSync(draft, { force: true });
  }
}

function writeThrough(file: string, text: string): void {
  const opened = openSync(file, 'wx', FILE_MODE);
  try {
    writeSync(opened, text);
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}

function syncDirectory(directory: string): void {
  const opened = openSync(directory, 'r');
  try {
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
