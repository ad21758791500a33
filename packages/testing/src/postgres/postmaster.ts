import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Daemon, startDaemon } from '../daemon.ts';
import type { OsUser } from '../os-user.ts';
import { CALL_LIMIT_MS } from '../patience.ts';
import { PortTaken } from '../port-taken.ts';

/** A start may have to replay the WAL of a killed server first. */
const START_TIMEOUT_MS = CALL_LIMIT_MS;
const POLL_MS = 10;
/** The line of postmaster.pid on which the server says how far it is. */
const STATUS_LINE = 7;

export interface PostmasterOptions {
  readonly binaries: string;
  readonly dataDirectory: string;
  readonly args: readonly string[];
  readonly user: OsUser | undefined;
  readonly removeOnOrphan: string | undefined;
}

/** Starts the server and answers once it takes connections. */
export async function startPostmaster(options: PostmasterOptions): Promise<Daemon> {
  const daemon = await startDaemon({
    file: join(options.binaries, 'postgres'),
    args: options.args,
    directory: options.dataDirectory,
    logFile: `${options.dataDirectory}.log`,
    user: options.user,
    stopSignal: 'INT',
    removeOnOrphan: options.removeOnOrphan,
  });
  try {
    await takesConnections(daemon, join(options.dataDirectory, 'postmaster.pid'));
    return daemon;
  } catch (error) {
    await daemon.kill();
    await daemon.release();
    throw error;
  }
}

async function takesConnections(daemon: Daemon, pidFile: string): Promise<void> {
  const giveUpAt = performance.now() + START_TIMEOUT_MS;
  while (!isReady(daemon.pid, pidFile)) {
    if (!daemon.running()) {
      const log = daemon.logTail();
      if (log.includes('could not bind')) throw new PortTaken(`Postgres could not listen: ${log}`);
      throw new Error(`Postgres did not start: ${log}`);
    }
    if (performance.now() > giveUpAt) throw new Error(`Postgres took over ${START_TIMEOUT_MS} ms: ${daemon.logTail()}`);
    await sleep(POLL_MS);
  }
}

/** The first line must name this very process, because a killed server leaves its file behind. */
function isReady(pid: number, pidFile: string): boolean {
  try {
    const lines = readFileSync(pidFile, 'utf8').split('\n');
    return Number(lines[0]) === pid && lines[STATUS_LINE]?.trim() === 'ready';
  } catch {
    return false;
  }
}
