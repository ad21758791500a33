import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { arch, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startDaemon, waitFor } from '@gatehouse/testing';
import { processorMs } from '../machine.ts';
import { onServerCore, type Placement, type StartedServer } from '../start-server.ts';
import { BATCH } from '../work/batches.ts';
import { cerbosConfig, cerbosPolicies } from './cerbos-policies.ts';
import type { InstalledPeer } from './install-peer.ts';

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 5_000;

/** Starts Cerbos with our model on the server's processor, and waits until it is healthy. */
export async function startCerbos(
  peer: InstalledPeer,
  placement: Placement,
  signal: AbortSignal,
): Promise<StartedServer> {
  signal.throwIfAborted();
  await using starting = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-bench-cerbos-'));
  starting.defer(() => rm(directory, { recursive: true, force: true }));
  const [grpcPort, httpPort] = [await freePort(), await freePort()];
  const config = await writeConfig(directory, grpcPort, httpPort);
  const binary = `cerbos-${platform()}-${arch()}`;
  const program = join(peer.folderOf(`@cerbos/${binary}`, 'cerbos'), binary);
  // By default it writes a line for each request, which our server does not.
  const command = [program, 'server', `--config=${config}`, '--log-level=warn'];
  const [file = '', ...args] = onServerCore(placement, command);
  const daemon = await startDaemon({
    file,
    args,
    directory,
    logFile: join(directory, 'log'),
    stopSignal: 'TERM',
    removeOnOrphan: directory,
  });
  starting.defer(async () => {
    if (!(await daemon.stop('SIGTERM', STOP_TIMEOUT_MS))) await daemon.kill();
    await daemon.release();
  });
  const isUp = async () => signal.aborted || !daemon.running() || (await isHealthy(httpPort, signal));
  await waitFor(isUp, { timeoutMs: START_TIMEOUT_MS }).catch(() => {});
  signal.throwIfAborted();
  if (!daemon.running() || !(await isHealthy(httpPort, signal))) {
    throw new Error(`Cerbos did not start. ${daemon.logTail()}`);
  }
  const started = starting.move();
  return {
    port: () => grpcPort,
    cpuMs: () => processorMs(daemon.pid),
    metrics: async () => '',
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** Writes the configuration, and the policies that it names, and answers its path. */
async function writeConfig(directory: string, grpcPort: number, httpPort: number): Promise<string> {
  const policies = join(directory, 'policies');
  const config = join(directory, 'config.yaml');
  await mkdir(policies);
  for (const [name, text] of cerbosPolicies()) await writeFile(join(policies, name), text);
  await writeFile(config, cerbosConfig({ grpcPort, httpPort, policies, batch: BATCH }));
  return config;
}

async function isHealthy(httpPort: number, signal: AbortSignal): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${httpPort}/_cerbos/health`, { signal })).ok;
  } catch {
    return false;
  }
}
