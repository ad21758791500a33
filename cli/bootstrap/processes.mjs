import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** The same signal again within this time is the same wish: npm and the terminal both pass on a Ctrl-C. */
const SAME_SIGNAL_MS = 1000;
/** How much of a step's output is repeated when it fails. */
const OUTPUT_CHARACTERS = 4000;

/** Says what takes long. On standard error, because a command's standard output is its own. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Ends the bootstrap with a line that says why. */
export function fail(error) {
  say(`gatehouse: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

/** Runs the command in the foreground until it ends, and answers the exit code that stands for how it ended. */
export async function become(file, args, { cwd, parentChannel }) {
  // The channel closes when this process dies, even by SIGKILL, which tells the child to stop.
  const stdio = ['inherit', 'inherit', 'inherit', ...(parentChannel ? ['ipc'] : [])];
  const { code, signal } = await ended(spawn(file, args, { cwd, stdio }));
  return signal === null ? code : 128 + constants.signals[signal];
}

/** Runs one step of the set-up quietly, and throws with what it printed when it fails. Answers its standard output. */
export async function step(file, args, { cwd, env = process.env }) {
  const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => {
      output[name] += text;
    });
  }
  const { code, signal } = await ended(child);
  if (code === 0) return output.stdout;
  const printed = `${output.stdout}${output.stderr}`.trim().slice(-OUTPUT_CHARACTERS);
  throw new Error(`${file} ${args.join(' ')} ended with ${signal ?? `exit code ${code}`}:\n${printed}`);
}

/** The environment in which programs of node_modules find the pinned Node, and each other, first. */
export function withLocalPrograms(root) {
  return { ...process.env, PATH: [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter) };
}

/** The environment in which npm runs on the machine's own Node, since it is about to replace the pinned one. */
export function withoutLocalPrograms(root) {
  const local = join(root, 'node_modules');
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.startsWith(local));
  return { ...process.env, PATH: folders.join(delimiter) };
}

/** Whether a signal has to be passed on: a Ctrl-C has reached the child already, and a repetition says nothing new. */
export function shouldForward(signal, { inForeground, sinceLastMs }) {
  if (signal === 'SIGINT' && inForeground) return false;
  return sinceLastMs > SAME_SIGNAL_MS;
}

/** Waits for the child, through signals: they are the child's to answer. */
function ended(child) {
  const last = new Map();
  const forward = (signal) => {
    const sinceLastMs = performance.now() - (last.get(signal) ?? Number.NEGATIVE_INFINITY);
    last.set(signal, performance.now());
    if (shouldForward(signal, { inForeground: isInForeground(), sinceLastMs })) child.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  }).finally(() => {
    for (const signal of FORWARDED) process.off(signal, forward);
  });
}

/** Whether this process group is the one that a Ctrl-C on the terminal reaches. */
function isInForeground() {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    // After the name in parentheses: state, parent, process group, session, terminal, foreground process group.
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return group === foreground;
  } catch {
    return process.stdin.isTTY === true;
  }
}
