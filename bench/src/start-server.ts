import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Cores, processorMs } from './machine.ts';
import { ASK_METRICS, type ServerMessage } from './servers/run-server.ts';

/** Where servers run. */
export interface Placement {
  /** Undefined: on whichever processor the system chooses. */
  readonly pin: { readonly taskset: string; readonly cores: Cores } | undefined;
  /** Folder for a processor profile of each server. Undefined: none is taken. */
  readonly profiles: string | undefined;
}

export interface ServerOptions {
  /** The file under `servers` that runs it, without its ending. */
  readonly name: 'ceiling' | 'session' | 'authz';
  readonly args?: readonly string[];
  /** Its whole environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly placement: Placement;
  readonly signal: AbortSignal;
}

/** A server in a process of its own. */
export interface StartedServer extends AsyncDisposable {
  /** On 127.0.0.1, by what they are for. Throws when there is no such port. */
  port(name: string): number;
  /** Processor time that it has used; undefined where the system does not say. Milliseconds. */
  cpuMs(): number | undefined;
  /** Its metrics in the Prometheus text format. */
  metrics(): Promise<string>;
}

const START_TIMEOUT_MS = 30_000;
const ANSWER_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 8_000;
const COMPLAINT_CHARACTERS_MAX = 4_000;

/** Starts a server on the server's processor and waits until it listens. Rejects with what it printed when it does not. */
export async function startServer({
  name,
  args = [],
  env = {},
  placement,
  signal,
}: ServerOptions): Promise<StartedServer> {
  signal.throwIfAborted();
  const child = launch(placement, [fileURLToPath(new URL(`./servers/${name}.ts`, import.meta.url)), ...args], env);
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-COMPLAINT_CHARACTERS_MAX);
  });
  try {
    const { ports } = await said(child, 'ports', START_TIMEOUT_MS, signal);
    return {
      port: (wanted) => {
        const port = ports[wanted];
        if (port === undefined) throw new Error(`The ${name} server has no port for ${wanted}.`);
        return port;
      },
      cpuMs: () => (child.pid === undefined ? undefined : processorMs(child.pid)),
      metrics: async () => {
        child.send(ASK_METRICS);
        return (await said(child, 'metrics', ANSWER_TIMEOUT_MS, signal)).text;
      },
      [Symbol.asyncDispose]: () => stop(child),
    };
  } catch (error) {
    await stop(child);
    signal.throwIfAborted();
    throw new Error(`The ${name} server did not start. ${complaint}`, { cause: error });
  }
}

/** The command line by which a program runs on the server's processor. */
export function onServerCore({ pin }: Placement, command: readonly string[]): readonly string[] {
  return pin ? [pin.taskset, '--cpu-list', String(pin.cores.server), ...command] : command;
}

function launch(placement: Placement, args: readonly string[], env: Readonly<Record<string, string>>) {
  const { profiles } = placement;
  const profiling = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`];
  const [file = '', ...rest] = onServerCore(placement, [process.execPath, ...profiling, ...args]);
  // Its log lines are written, as they would be, and kept by nobody.
  return spawn(file, rest, { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
}

type Said<Kind> = Extract<ServerMessage, { readonly kind: Kind }>;

/** The next message of this kind; rejects when the process ends or says nothing in time. */
async function said<Kind extends ServerMessage['kind']>(
  child: ChildProcess,
  kind: Kind,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Said<Kind>> {
  const over = new AbortController();
  const stopListening = AbortSignal.any([over.signal, signal, AbortSignal.timeout(timeoutMs)]);
  const ended = once(child, 'close', { signal: stopListening }).then(() => {
    throw new Error('Its process ended.');
  });
  try {
    for (;;) {
      const [message] = await Promise.race([once(child, 'message', { signal: stopListening }), ended]);
      if (isSaid(message, kind)) return message;
    }
  } finally {
    over.abort();
    ended.catch(() => {});
  }
}

function isSaid<Kind extends ServerMessage['kind']>(message: unknown, kind: Kind): message is Said<Kind> {
  return typeof message === 'object' && message !== null && 'kind' in message && message.kind === kind;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, 'close');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  child.kill('SIGTERM');
  await ended;
  clearTimeout(timer);
}
