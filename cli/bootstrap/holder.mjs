import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';

/** Clocks and file systems round times; nothing starts, writes its pid, dies and has its pid reused within this time. */
const SLACK_MS = 2000;
/** Ticks of the clock in /proc/<pid>/stat, which Linux fixes for all platforms that Node runs on. */
const TICKS_PER_SECOND = 100;

/**
 * The id of the process that wrote a pid file (or lock file), if it still runs. The file's first line is the pid. A
 * process that started after the file was written has merely been given the same number, as happens in every container.
 */
export function liveHolder(file) {
  const pid = pidIn(file);
  if (pid === undefined || !isRunning(pid)) return undefined;
  const writtenMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  const startedMs = startTimeMs(pid);
  if (writtenMs === undefined || startedMs === undefined) return undefined;
  return startedMs <= writtenMs + SLACK_MS ? pid : undefined;
}

/** Undefined as well when the file goes away while it is looked at. */
function pidIn(file) {
  try {
    const [first] = readFileSync(file, 'utf8').split('\n');
    return /^\d+$/.test(first.trim()) ? Number(first) : undefined;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** When a process started, or undefined when it has gone or is a zombie. */
function startTimeMs(pid) {
  if (!existsSync('/proc/self/stat'))
    return Date.parse(printed('ps', ['-o', 'lstart=', '-p', String(pid)])) || undefined;
  const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '';
  // After the name in parentheses: the state is the first field, the start in ticks since boot the twentieth.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields.length < 20 || fields[0] === 'Z') return undefined;
  const booted = /^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'));
  return (Number(booted?.[1]) + Number(fields[19]) / TICKS_PER_SECOND) * 1000;
}

function printed(file, args) {
  try {
    return execFileSync(file, args, { encoding: 'utf8' });
  } catch {
    return '';
  }
}
