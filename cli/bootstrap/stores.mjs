import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findExecutable, findPostgres, findRedis } from '@gatehouse/testing/binaries';
import { aptInstall } from './apt.mjs';
import { dockerAnswers } from './docker.mjs';
import { say } from './processes.mjs';

/** What each program is called for people, and by the packagers. */
const PROGRAMS = {
  postgres: { title: 'PostgreSQL 15 or later', hint: 'postgresql', variable: 'GATEHOUSE_POSTGRES_URL' },
  redis: { title: 'Redis 6.2 or later', hint: 'redis-server', variable: 'GATEHOUSE_REDIS_URL' },
  pgbackrest: { title: 'pgBackRest', hint: 'pgbackrest' },
  h2load: { title: 'h2load', hint: 'nghttp2-client' },
};
/** Without it everything works except backups, which say so. */
const OPTIONAL = ['pgbackrest'];
/** What can run in a container instead. */
const CONTAINED = ['postgres', 'redis'];

/** Makes sure that the programs which a command needs are there, or throws one line that says what to install. */
export async function ensureStores(root, needed) {
  if (needed.length === 0) return;
  const facts = { env: process.env, isRoot: process.getuid?.() === 0, hasApt: existsSync('/usr/bin/apt-get') };
  const unavailable = join(root, '.gatehouse', 'pgbackrest-unavailable');
  let missing = findMissing(needed);
  const { apt } = planStores({ ...facts, missing, refused: existsSync(unavailable) ? OPTIONAL : [] });
  if (apt.length > 0) {
    say(`Installing ${apt.map((name) => PROGRAMS[name].title).join(', ')} with apt …`);
    // What could not be installed may still run in a container, and else is named below.
    await aptInstall(apt, OPTIONAL).catch((error) => say(error.message));
    missing = findMissing(needed);
    remember(unavailable, missing.includes('pgbackrest'));
  }
  const answers = requiredOf(missing, facts.env).length > 0 && (await dockerAnswers(process.env));
  const { error, note } = planStores({ ...facts, missing, refused: missing, hasDocker: answers });
  if (error !== undefined) throw new Error(error);
  if (note !== undefined) say(note);
}

/**
 * What to do about missing programs: the ones to install with apt (all that may be; `refused` are those that apt does not
 * have), the line to fail with when something stays missing that nothing stands in for, and the line to go on with.
 */
export function planStores({ missing, env, isRoot, hasApt, refused = [], hasDocker = false }) {
  const wanted = missing.filter((name) => !env[PROGRAMS[name].variable]);
  const apt = isRoot && hasApt ? wanted.filter((name) => !refused.includes(name)) : [];
  const left = wanted.filter((name) => !apt.includes(name) && !OPTIONAL.includes(name));
  const fatal = left.filter((name) => !(hasDocker && CONTAINED.includes(name)));
  return {
    apt,
    error: fatal.length > 0 ? whatToInstall(fatal) : undefined,
    note: wanted.includes('pgbackrest')
      ? 'pgBackRest is not installed: what needs backups will be skipped.'
      : undefined,
  };
}

function requiredOf(missing, env) {
  return missing.filter((name) => !OPTIONAL.includes(name) && !env[PROGRAMS[name].variable]);
}

function whatToInstall(names) {
  const programs = names.map((name) => PROGRAMS[name]);
  const contained = names.filter((name) => CONTAINED.includes(name));
  const variables = contained.map((name) => PROGRAMS[name].variable).join(' and ');
  const instead = contained.length > 0 ? `, or set ${variables}, or start a Docker engine` : '';
  const packages = programs.map(({ hint }) => hint).join(' ');
  return `${programs.map(({ title }) => title).join(' and ')} not found: install ${packages}${instead}.`;
}

/** The needed programs that are not on this machine. */
function findMissing(needed) {
  const path = process.env.PATH ?? '';
  const found = {
    postgres: () => findPostgres(path).length > 0,
    redis: () => findRedis(path) !== undefined,
    pgbackrest: () => findExecutable('pgbackrest', path) !== undefined,
    h2load: () => findExecutable('h2load', path) !== undefined,
  };
  return needed.filter((name) => !found[name]());
}

/** Remembers that apt has no pgBackRest, so that not every start asks it again. `npm run reset` forgets it. */
function remember(file, isUnavailable) {
  if (!isUnavailable) return rmSync(file, { force: true });
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '');
}
