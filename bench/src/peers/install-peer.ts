import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** The packages of a peer, in a folder of their own: nobody gets them who does not ask for this comparison. */
export interface InstalledPeer {
  /** The folder of a package that another one of them depends on. */
  folderOf(name: string, of: string): string;
}

const PEERS = join(import.meta.dirname, '../../peers');
const INSTALL_MS_MAX = 300_000;

/** Installs what `bench/peers/<name>/package.json` names, at exactly these versions, and runs no scripts of theirs. */
export async function installPeer(name: string, signal: AbortSignal): Promise<InstalledPeer> {
  const folder = join(PEERS, name);
  const args = ['install', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  await promisify(execFile)('npm', args, { cwd: folder, signal, timeout: INSTALL_MS_MAX });
  const { resolve } = createRequire(join(folder, 'package.json'));
  return {
    folderOf: (dependency, of) =>
      dirname(createRequire(resolve(`${of}/package.json`)).resolve(`${dependency}/package.json`)),
  };
}
