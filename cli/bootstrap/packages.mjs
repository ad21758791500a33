import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withCheckoutLock } from './lock.mjs';
import { say, step, withoutLocalPrograms } from './processes.mjs';

/** Makes sure that node_modules is what package-lock.json says. */
export async function ensurePackages(root) {
  if (packagesNeeded(readState(root)) === 'nothing') return;
  await withCheckoutLock(root, async () => {
    const state = readState(root);
    const needed = packagesNeeded(state);
    if (needed === 'install') await install(root);
    // npm ci removes node_modules first, so an interrupted one leaves no stamp behind.
    if (needed !== 'nothing') writeFileSync(stampOf(root), state.lockHash);
  });
}

/**
 * What has to be done: 'install'; 'stamp' when somebody ran npm itself and what it installed is what the lock says; or
 * 'nothing'. `stamp` is the hash of the lock that was last installed, `locked` and `installed` the packages' versions.
 */
export function packagesNeeded({ lockHash, stamp, locked, installed }) {
  if (stamp === lockHash) return 'nothing';
  if (installed === undefined) return 'install';
  const wrong = Object.entries(locked).some(([path, entry]) => {
    const there = installed[path];
    return there === undefined ? !entry.optional : there.version !== entry.version;
  });
  return wrong || Object.keys(installed).some((path) => !(path in locked)) ? 'install' : 'stamp';
}

function readState(root) {
  const lock = readFileSync(join(root, 'package-lock.json'));
  const lockHash = createHash('sha256').update(lock).digest('hex');
  const stamp = existsSync(stampOf(root)) ? readFileSync(stampOf(root), 'utf8') : undefined;
  if (stamp === lockHash) return { lockHash, stamp };
  // npm keeps a copy of what it has installed.
  const hidden = join(root, 'node_modules', '.package-lock.json');
  return {
    lockHash,
    stamp,
    locked: packagesIn(JSON.parse(lock.toString('utf8'))),
    installed: existsSync(hidden) ? packagesIn(JSON.parse(readFileSync(hidden, 'utf8'))) : undefined,
  };
}

/** Only what lies in node_modules; the lock also names the workspaces themselves. */
function packagesIn(lock) {
  return Object.fromEntries(Object.entries(lock.packages).filter(([path]) => path.startsWith('node_modules/')));
}

function stampOf(root) {
  return join(root, 'node_modules', '.gatehouse-lock-sha256');
}

async function install(root) {
  say('Installing npm packages (about a minute the first time) …');
  const options = ['--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  await step('npm', ['ci', ...options], { cwd: root, env: withoutLocalPrograms(root) });
}
