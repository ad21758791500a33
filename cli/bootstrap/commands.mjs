import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Node runs TypeScript as it stands from this version on. */
const NODE_MINIMUM = [22, 18];

/**
 * What each npm script runs, and which programs beside npm packages it cannot do without. `options` are for its help; a
 * command without them tells of its own.
 */
export const COMMANDS = {
  up: {
    summary: 'start Postgres, Redis and the five services, and run one real flow through them',
    entry: ['cli/src/main.ts', 'up'],
    stores: ['postgres', 'redis', 'pgbackrest'],
  },
  reset: { summary: 'remove the data that up keeps', entry: ['cli/src/main.ts', 'reset'], stores: [] },
  authz: { summary: 'work with roles and permissions', entry: ['cli/src/main.ts', 'authz'], stores: [] },
  test: {
    summary: 'run all tests',
    options: [
      ['<part>', 'only those whose path holds it'],
      ['-t <part>', 'only those whose name holds it'],
      ['--project <tier>', 'only one tier: unit, service, mesh, faults, or soak'],
      ['--changed [commit]', 'only those that a change since the commit, or origin/main, can have broken'],
    ],
    entry: ['tools/run-tests.ts'],
    stores: ['postgres', 'redis', 'pgbackrest', 'nginx', 'caddy'],
  },
  check: {
    summary: 'check format, types, protos, boundaries, schemas and all that needs no service',
    options: [],
    entry: ['tools/check.ts'],
    stores: ['postgres', 'redis', 'pgbackrest'],
  },
  bench: {
    summary: 'put load on session and authz, against a bare server',
    entry: ['bench/src/main.ts'],
    stores: ['postgres', 'redis', 'pgbackrest', 'h2load'],
  },
  generate: { summary: 'generate the code of the protos again', options: [], entry: undefined, stores: [] },
  format: {
    summary: 'format, and fix what the linter can fix',
    options: [],
    entry: ['node_modules/@biomejs/biome/bin/biome', 'check', '--write'],
    stores: [],
  },
};

/** The script that a command runs, with its arguments; undefined when the bootstrap itself has done all of it. */
export function entryOf(command, args) {
  const { entry } = COMMANDS[command];
  return entry === undefined ? undefined : [...entry, ...args];
}

/** The Node that package.json pins; else the running one, where npm has none for this platform. */
export function pinnedNode(root, running = { file: process.execPath, version: process.versions.node }) {
  const pinned = join(root, 'node_modules', '.bin', 'node');
  if (existsSync(pinned)) return pinned;
  if (isNewEnough(running.version)) return running.file;
  throw new Error(
    `npm has no Node 24 for this platform, and the one here is ${running.version}. ` +
      `Install Node ${NODE_MINIMUM.join('.')} or later.`,
  );
}

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > NODE_MINIMUM[0] || (major === NODE_MINIMUM[0] && minor >= NODE_MINIMUM[1]);
}
