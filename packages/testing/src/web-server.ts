import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDaemon } from './daemon.ts';
import { partPath } from './part-path.ts';
import { CALL_LIMIT_MS } from './patience.ts';
import { rememberStore } from './started-stores.ts';
import { waitFor } from './wait-for.ts';

/** Web servers that tests put in front of Gatehouse where the machine has them. */
export type WebServerProgram = 'nginx' | 'caddy' | 'envoy';

export interface WebServerOptions {
  readonly program: WebServerProgram;
  /** The text of its configuration, in which it listens on 127.0.0.1. */
  readonly config: string;
  readonly port: number;
}

/** A web server that runs with a configuration of the test's own. */
export interface WebServer {
  /** The end of what it has logged. */
  logTail(): string;
  stop(): Promise<void>;
}

const CONFIG_FILES: Readonly<Record<WebServerProgram, string>> = {
  nginx: 'nginx.conf',
  caddy: 'Caddyfile',
  envoy: 'envoy.yaml',
};
const START_TIMEOUT_MS = CALL_LIMIT_MS;
const STOP_TIMEOUT_MS = 5_000;
const TOUCH_TIMEOUT_MS = 1_000;

/** Starts a web server and waits until it takes connections. Throws with its log when it ends before. */
export async function startWebServer({ program, config, port }: WebServerOptions): Promise<WebServer> {
  const file = partPath(program);
  if (file === undefined) throw new Error(`${program} is not installed.`);
  const directory = mkdtempSync(join(tmpdir(), `gatehouse-${program}-`));
  // The workers of nginx give up the rights of root, and write request bodies here.
  chmodSync(directory, 0o755);
  const configFile = join(directory, CONFIG_FILES[program]);
  writeFileSync(configFile, config);
  const daemon = await startDaemon({
    file,
    args: argumentsOf(program, directory, configFile),
    directory,
    logFile: join(directory, 'log'),
    stopSignal: 'TERM',
    removeOnOrphan: directory,
  });
  let stopped: Promise<void> | undefined;
  const end = async () => {
    if (!(await daemon.stop('SIGTERM', STOP_TIMEOUT_MS))) await daemon.kill();
    await daemon.release();
    rmSync(directory, { recursive: true, force: true });
    forget();
  };
  const stop = () => {
    stopped ??= end();
    return stopped;
  };
  const forget = rememberStore({ name: `${program} on port ${port}`, stop });
  try {
    await waitFor(() => !daemon.running() || answers(port), { timeoutMs: START_TIMEOUT_MS });
    if (!daemon.running()) throw new Error(`${program} did not start: ${daemon.logTail()}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { logTail: daemon.logTail, stop };
}

function argumentsOf(program: WebServerProgram, directory: string, configFile: string): string[] {
  if (program === 'caddy') return ['run', '--config', configFile, '--adapter', 'caddyfile'];
  if (program === 'envoy') return ['-c', configFile, '--concurrency', '1', '--use-dynamic-base-id', '-l', 'warning'];
  return ['-p', directory, '-e', 'stderr', '-c', configFile, '-g', `daemon off; pid ${join(directory, 'pid')};`];
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: TOUCH_TIMEOUT_MS });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}
