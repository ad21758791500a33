import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { passwordFileOf, writePrivateFile } from '../postgres/cluster.ts';
import { baseSettings } from '../postgres/settings.ts';
import type { PostgresInstance, PostgresOptions } from '../postgres/start-postgres.ts';
import { startContainer } from './container.ts';
import { ownAccount } from './own-account.ts';

const IMAGE = 'postgres:17-bookworm';
const INNER_PORT = 5432;
const INNER_DIRECTORY = '/var/lib/postgresql/data';

/** Starts Postgres in a container. The image has no pgBackRest, so WAL can't be archived there. */
export async function startContainedPostgres(options: PostgresOptions): Promise<PostgresInstance> {
  if (options.archive) throw new Error('WAL can not be archived from a container: install PostgreSQL and pgBackRest.');
  const { dataDirectory } = options;
  const password = dataDirectory === undefined ? makePassword() : keptPassword(dataDirectory);
  const settings = { ...baseSettings(options.durable ?? false), ...options.settings };
  const container = await startContainer({
    name: 'PostgreSQL',
    image: IMAGE,
    innerPort: INNER_PORT,
    port: options.port,
    environment: {
      POSTGRES_PASSWORD: password,
      POSTGRES_INITDB_ARGS: '--no-sync --data-checksums --encoding=UTF8 --locale=C',
    },
    command: ['postgres', ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    ...(dataDirectory === undefined ? {} : { folders: { [dataDirectory]: INNER_DIRECTORY }, user: ownAccount() }),
    // Over TCP, because while it makes its data the image runs a server that listens on the socket only.
    answers: ['pg_isready', '--host=127.0.0.1', '--username=postgres'],
  });
  return {
    adminUrl: `postgres://postgres:${password}@${container.host}:${container.port}/postgres`,
    port: container.port,
    dataDirectory: dataDirectory ?? INNER_DIRECTORY,
    pgBackRest: undefined,
    get running() {
      return container.running;
    },
    stop: container.stop,
    kill: container.kill,
    restart: container.restart,
    pause: container.pause,
    resume: container.resume,
    [Symbol.asyncDispose]: container.stop,
  };
}

function makePassword(): string {
  return randomBytes(24).toString('base64url');
}

/** The image sets the password only when it makes the data, so that of kept data is kept beside it. */
function keptPassword(dataDirectory: string): string {
  const file = passwordFileOf(dataDirectory);
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  if (!existsSync(file)) writePrivateFile(file, makePassword(), undefined);
  return readFileSync(file, 'utf8').trim();
}
