import type { SpawnOptions } from 'node:child_process';
import { type OsAccount, runAs } from './os-account.ts';

/** How programs of the cluster are started. */
export interface Launch {
  /** Owner of the cluster. */
  readonly account: OsAccount;
  /** Whether that is another account than that of this process. */
  readonly switches: boolean;
  /** Folders in which programs are looked for. */
  readonly path: string;
}

/** How programs run as the named account are started; or why they can't be. */
export function launchAs(name: string | undefined, path: string): Launch | { readonly why: string } {
  const found = runAs(name);
  return 'why' in found ? found : { ...found, path };
}

/**
 * What is common to all of them: no variable of our environment reaches them, neither a secret nor one that would steer
 * them somewhere else. Each leads a process group, so that it can be ended with its children and a Ctrl-C reaches only us.
 */
export function spawnOptions({ account, switches, path }: Launch): SpawnOptions {
  return {
    cwd: '/',
    env: { PATH: path, LC_ALL: 'C', TZ: 'UTC' },
    detached: true,
    ...(switches ? { uid: account.uid, gid: account.gid } : {}),
  };
}

/** Sends a signal to a process that was started so, and to its children. One that has gone is no error. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
