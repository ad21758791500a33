import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findPart, PARTS } from '@gatehouse/testing/parts';
import { aptInstall } from './apt.mjs';
import { dockerAnswers } from './docker.mjs';
import { say } from './processes.mjs';

/** Servers that may run elsewhere, with the variable that says where. */
const ELSEWHERE = { postgres: 'GATEHOUSE_POSTGRES_URL', redis: 'GATEHOUSE_REDIS_URL' };
/** Tests put the session service behind them. */
const WEB_SERVERS = ['nginx', 'caddy'];
/** Without them everything works except what needs them, and a line says so. */
const OPTIONAL = ['pgbackrest', ...WEB_SERVERS];
/** Traces of an init system (systemd, OpenRC, System V), which starts whatever a package brings. */
const INIT_SYSTEMS = ['/run/systemd/system', '/run/openrc', '/run/initctl'];
/** What can run in a container instead. */
const CONTAINED = ['postgres', 'redis'];

/** Makes sure that the programs which a command needs are there, or throws one line that says what to install. */
export async function ensureStores(root, needed) {
  if (needed.length === 0) return;
  const facts = {
    env: process.env,
    isRoot: process.getuid?.() === 0,
    hasApt: existsSync('/usr/bin/apt-get'),
    hasInit: INIT_SYSTEMS.some((path) => existsSync(path)),
  };
  const unavailable = join(root, '.gatehouse', 'apt-lacks');
  let missing = findMissing(needed);
  const { apt } = planStores({ ...facts, missing, refused: recall(unavailable) });
  if (apt.length > 0) {
    say(`Installing ${apt.map((name) => PARTS[name].title).join(', ')} with apt …`);
    // What could not be installed may still run in a container, and else is named below.
    await aptInstall(apt, OPTIONAL).catch((error) => say(error.message));
    missing = findMissing(needed);
    remember(
      unavailable,
      missing.filter((name) => OPTIONAL.includes(name)),
    );
  }
  const answers = requiredOf(missing, facts.env).length > 0 && (await dockerAnswers(process.env));
  const { error, note } = planStores({ ...facts, missing, refused: missing, hasDocker: answers });
  if (error !== undefined) throw new Error(error);
  if (note !== undefined) say(note);
}

/**
 * What to do about missing programs: the ones to install with apt (all that may be; `refused` are those that apt does not
 * have), the line to fail with when something stays missing that nothing stands in for, and the line to go on with. Web
 * servers are left alone where an init system would start them on port 80 as soon as they are installed.
 */
export function planStores({ missing, env, isRoot, hasApt, hasInit = false, refused = [], hasDocker = false }) {
  const wanted = missing.filter((name) => !env[ELSEWHERE[name]]);
  const wouldStart = (name) => hasInit && WEB_SERVERS.includes(name);
  const apt = isRoot && hasApt ? wanted.filter((name) => !refused.includes(name) && !wouldStart(name)) : [];
  const left = wanted.filter((name) => !apt.includes(name) && !OPTIONAL.includes(name));
  const fatal = left.filter((name) => !(hasDocker && CONTAINED.includes(name)));
  return {
    apt,
    error: fatal.length > 0 ? whatToInstall(fatal) : undefined,
    note: whatIsSkipped(wanted),
  };
}

function requiredOf(missing, env) {
  return missing.filter((name) => !OPTIONAL.includes(name) && !env[ELSEWHERE[name]]);
}

function whatToInstall(names) {
  const programs = names.map((name) => PARTS[name]);
  const contained = names.filter((name) => CONTAINED.includes(name));
  const variables = contained.map((name) => ELSEWHERE[name]).join(' and ');
  const instead = contained.length > 0 ? `, or set ${variables}, or start a Docker engine` : '';
  const packages = programs.map(({ command }) => command.split(' ').at(-1)).join(' ');
  return `${programs.map(({ title }) => title).join(' and ')} not found: install ${packages}${instead}.`;
}

function whatIsSkipped(names) {
  const servers = WEB_SERVERS.filter((name) => names.includes(name)).map((name) => PARTS[name].title);
  const lines = [
    ...(names.includes('pgbackrest') ? ['pgBackRest is not installed: what needs backups will be skipped.'] : []),
    ...(servers.length > 0 ? [`${servers.join(' and ')} not installed: what needs it will be skipped.`] : []),
  ];
  return lines.length > 0 ? lines.join('\n') : undefined;
}

/** The needed programs that are not on this machine. */
function findMissing(needed) {
  return needed.filter((name) => findPart(name, process.env) === undefined);
}

/** Remembers what apt could not install, so that not every start asks it again. `npm run reset` forgets it. */
function remember(file, names) {
  if (names.length === 0) return rmSync(file, { force: true });
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${names.join('\n')}\n`);
}

function recall(file) {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
}
