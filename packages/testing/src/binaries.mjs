// Plain JavaScript without dependencies, because the bootstrap reads it on whatever Node the machine has.
import { execFileSync } from 'node:child_process';
import { accessSync, constants, readdirSync, realpathSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';

/** Oldest major version of Postgres that Gatehouse runs on. */
export const POSTGRES_MINIMUM = 15;
/** Oldest version of Redis that Gatehouse runs on, as major and minor. */
export const REDIS_MINIMUM = [6, 2];

/** Where packagers put the server's binaries, which are seldom on the PATH. A star stands for a version. */
const POSTGRES_HOMES = [
  '/usr/lib/postgresql/*/bin',
  '/usr/pgsql-*/bin',
  '/usr/libexec/postgresql*',
  '/opt/homebrew/opt/postgresql@*/bin',
  '/usr/local/opt/postgresql@*/bin',
];
const VERSION_TIMEOUT_MS = 5000;

/** Server installations that are new enough, newest first. `path` is a PATH variable. */
export function findPostgres(path) {
  const onPath = path
    .split(delimiter)
    .map((folder) => executable(join(folder, 'postgres')))
    .filter((file) => file !== undefined)
    .map((file) => dirname(file));
  const directories = new Set([...POSTGRES_HOMES.flatMap(expandStar), ...onPath]);
  return [...directories]
    .filter((directory) => executable(join(directory, 'postgres')) && executable(join(directory, 'initdb')))
    .map((directory) => ({ directory, major: postgresMajor(directory) }))
    .filter(({ major }) => major >= POSTGRES_MINIMUM)
    .sort((a, b) => b.major - a.major);
}

/** The Redis (or Valkey) server on the PATH, or undefined when there is none or it is too old. */
export function findRedis(path) {
  const file = findExecutable('redis-server', path) ?? findExecutable('valkey-server', path);
  if (file === undefined) return undefined;
  const [, major, minor] = /v=(\d+)\.(\d+)/.exec(versionOf(file)) ?? [];
  const [oldestMajor, oldestMinor] = REDIS_MINIMUM;
  const old = Number(major) < oldestMajor || (Number(major) === oldestMajor && Number(minor) < oldestMinor);
  return major === undefined || old ? undefined : file;
}

/** The first executable of that name on the PATH. */
export function findExecutable(name, path) {
  for (const folder of path.split(delimiter)) {
    if (folder !== '' && executable(join(folder, name))) return join(folder, name);
  }
  return undefined;
}

/** The real file when it can be run. */
function executable(file) {
  try {
    accessSync(file, constants.X_OK);
    return realpathSync(file);
  } catch {
    return undefined;
  }
}

function expandStar(pattern) {
  const starred = pattern.split('/').findIndex((part) => part.includes('*'));
  const parts = pattern.split('/');
  const parent = parts.slice(0, starred).join('/');
  const [before] = parts[starred].split('*');
  const rest = parts.slice(starred + 1).join('/');
  return namesIn(parent)
    .filter((name) => name.startsWith(before))
    .map((name) => join(parent, name, rest))
    .map((folder) => executable(folder))
    .filter((folder) => folder !== undefined);
}

function namesIn(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Debian says the version in the path; elsewhere the binary is asked. */
function postgresMajor(directory) {
  const named = /^\d+$/.exec(basename(dirname(directory)));
  if (named) return Number(named[0]);
  return Number(/(\d+)/.exec(versionOf(join(directory, 'postgres')))?.[1] ?? 0);
}

function versionOf(file) {
  try {
    return execFileSync(file, ['--version'], {
      encoding: 'utf8',
      timeout: VERSION_TIMEOUT_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return '';
  }
}
