import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Node runs TypeScript as it stands from this version on. */
const NODE_MINIMUM = [22, 18];

/** What each npm script runs, and which programs beside npm packages it cannot do without. */
export const COMMANDS = {
  up: { entry: ['cli/src/main.ts', 'up'], stores: ['postgres', 'redis', 'pgbackrest'] },
  reset: { entry: ['cli/src/main.ts', 'reset'], stores: [] },
  authz: { entry: ['cli/src/main.ts', 'authz'], stores: [] },
  test: {
    entry: ['tools/run-tests.ts'],
    stores: ['postgres', 'redis', 'pgbackrest', 'nginx', 'caddy'],
  },
  check: { entry: ['tools/check.ts'], stores: ['postgres', 'redis', 'pgbackrest'] },
  bench: { entry: ['bench/src/main.ts'], stores: ['postgres', 'redis', 'pgbackrest', 'h2load'] },
  generate: { entry: undefined, stores: [] },
  format: { entry: ['node_modules/@biomejs/biome/bin/biome', 'check', '--write'], stores: [] },
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
