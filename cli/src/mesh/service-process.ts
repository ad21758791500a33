import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface ServiceProcessOptions {
  /** `session`, or `session-2` for a second instance. */
  readonly name: string;
  /** The service's main.ts. */
  readonly entry: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly port: number;
  readonly adminPort: number;
  readonly httpPort: number | undefined;
  readonly logFile: string;
  readonly pidFile: string;
  readonly say: (line: string) => void;
}

/** A service in a process of its own, which is started again on the same ports when it ends by itself. */
export interface ServiceProcess {
  readonly name: string;
  readonly port: number;
  readonly adminPort: number;
  /** Undefined for a service that serves no HTTP but that of its admin port. */
  readonly httpPort: number | undefined;
  readonly logFile: string;
  /** The process that serves now; undefined while there is none. */
  readonly pid: number | undefined;
  /** Resolves when it serves; rejects with the end of its log when it does not come up. */
  start(): Promise<void>;
  /** SIGTERM, and SIGKILL when it overruns its budget. It is not started again. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 15_000;
const LOG_TAIL_LINES = 15;
const RESTART_AFTER_MS = 200;
const RESTART_AFTER_MS_MAX = 5_000;

/** A service that is kept running until it is stopped. It ends with this process, also when this one is killed. */
export function serviceProcess(options: ServiceProcessOptions): ServiceProcess {
  const { name, port, adminPort, httpPort, logFile, pidFile, say } = options;
  let child: ChildProcess | undefined;
  let serving: number | undefined;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let delayMs = RESTART_AFTER_MS;

  const launch = async () => {
    const started = spawnService(options);
    child = started;
    started.once('exit', (code, signal) => {
      const served = serving !== undefined;
      serving = undefined;
      rmSync(pidFile, { force: true });
      if (!stopped && served) comeBack(`${name} ended with ${signal ?? code}; starting it again.`);
    });
    await ready(started).catch((error: Error) => {
      started.kill('SIGKILL');
      throw new Error(`${name} did not start: ${error.message}\n${tail(logFile)}`);
    });
    serving = started.pid;
    delayMs = RESTART_AFTER_MS;
  };
  const comeBack = (why: string) => {
    say(why);
    timer = setTimeout(() => {
      launch().catch((error: Error) => stopped || comeBack(error.message));
    }, delayMs);
    delayMs = Math.min(delayMs * 2, RESTART_AFTER_MS_MAX);
  };
  return {
    name,
    port,
    adminPort,
    httpPort,
    logFile,
    get pid() {
      return serving;
    },
    start: launch,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const overrun = setTimeout(() => child?.kill('SIGKILL'), STOP_TIMEOUT_MS);
      child.kill('SIGTERM');
      await once(child, 'exit');
      clearTimeout(overrun);
    },
  };
}

function spawnService({ entry, env, logFile, pidFile }: ServiceProcessOptions): ChildProcess {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a');
  // A session of its own: Ctrl-C reaches this process alone, which stops the services in order. The channel tells the
  // service when this process is gone.
  const started = spawn(process.execPath, [entry], { env, stdio: ['ignore', log, log, 'ipc'], detached: true });
  closeSync(log);
  if (started.pid !== undefined) writeFileSync(pidFile, `${started.pid}\n`);
  return started;
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void) => {
      clearTimeout(timer);
      child.off('message', onMessage).off('exit', onExit).off('error', onError);
      settle();
    };
    const onMessage = (message: unknown) => {
      if (message === 'ready') done(resolve);
    };
    const onExit = (code: number | null, signal: string | null) =>
      done(() => reject(new Error(`it ended with ${signal ?? code}.`)));
    const onError = (error: Error) => done(() => reject(error));
    const timer = setTimeout(() => done(() => reject(new Error('it took too long.'))), START_TIMEOUT_MS);
    child.on('message', onMessage).on('exit', onExit).on('error', onError);
  });
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
}
