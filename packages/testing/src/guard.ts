import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';

/**
 * Waits for a line on its input. A line means that all is well; the end of the input without one means that the process
 * that held the other end is dead, however it died. Then it stops what it guards, waits for up to ten seconds, and kills
 * what is left. A paused process is resumed first, because it could not end otherwise.
 */
const GUARD_SCRIPT = `
read line && exit 0
children() { cat "/proc/$1/task/$1/children" 2>/dev/null; }
kill -s CONT "$1" $(children "$1") 2>/dev/null
kill -s "$2" "$1" 2>/dev/null
left=100
while kill -0 "$1" 2>/dev/null && [ "$left" -gt 0 ]; do sleep 0.1; left=$((left - 1)); done
kill -s KILL "$1" $(children "$1") 2>/dev/null
[ -z "$3" ] || rm -rf -- "$3"
`;

export interface Guard {
  /** Sends the guard home; answers when it has gone. */
  release(): Promise<void>;
}

/** Starts a shell that stops the process `pid` should this process die without having done so, even by SIGKILL. */
export function standGuard(pid: number, stopSignal: 'INT' | 'TERM', removeOnOrphan?: string): Guard {
  const shell = spawn(
    '/bin/sh',
    ['-c', GUARD_SCRIPT, 'gatehouse-guard', String(pid), stopSignal, removeOnOrphan ?? ''],
    {
      cwd: '/',
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    },
  );
  const ended = once(shell, 'close');
  shell.unref();
  (shell.stdin as unknown as Socket).unref();
  // The guard may be killed first when a whole machine goes down; that must not take this process with it.
  shell.stdin.on('error', () => {});
  ended.catch(() => {});
  return {
    release: async () => {
      shell.ref();
      shell.stdin.end('done\n');
      await ended;
    },
  };
}
