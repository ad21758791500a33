import { type CliConfig, homeOf } from '../config.ts';
import { runFlow, STEPS, type StepReport } from '../flow/run-flow.ts';
import { connectWorld } from '../flow/world.ts';
import { type Mesh, startMesh } from '../mesh/start-mesh.ts';
import { writeEnvironmentFile } from './environment-file.ts';
import { lockHome } from './lock.ts';
import { type Places, placesOf } from './places-of-mesh.ts';
import { claimPortBlock } from './port-block.ts';
import { openStores } from './stores.ts';

export interface UpOptions {
  readonly root: string;
  readonly config: CliConfig;
  /** Drives the whole flow, then stops. */
  readonly verify: boolean;
  /** Aborted when the user wants it to end. */
  readonly signal: AbortSignal;
  /** For people: what is being done. */
  readonly say: (line: string) => void;
  /** What came of a step of the flow. */
  readonly tell: (report: StepReport) => void;
  /** All of it runs, and goes on. */
  readonly ready: (places: Places) => void;
}

/** Starts everything, and runs until it is told to stop or, to verify, until the flow is over. True when all went well. */
export async function up({ root, config, verify, signal, say, tell, ready }: UpOptions): Promise<boolean> {
  const home = homeOf(root, config);
  const stops: (() => unknown)[] = [lockHome(home)];
  try {
    const ports = claimPortBlock();
    stops.push(ports.release);
    const stores = await openStores(home, config, ports, say);
    stops.push(stores.stop);
    signal.throwIfAborted();
    const mesh = await startMesh({
      root,
      home,
      postgresAdminUrl: stores.postgresAdminUrl,
      redisUrl: stores.redisUrl,
      firstPort: ports.services,
      // In development every decision is worth seeing, and nobody minds the rows.
      env: { GATEHOUSE_AUDIT_DECISIONS: 'all', ...stores.opsEnvironment },
      instances: verify ? { session: 2 } : {},
      say,
    });
    stops.push(mesh.stop);
    signal.throwIfAborted();
    const envFile = writeEnvironmentFile(root, home, mesh);
    const well = await drive(mesh, verify, signal, tell);
    if (verify || !well) return well;
    ready(placesOf(home, envFile, mesh, stores));
    await aborted(signal);
    say('Stopping.');
    return true;
  } catch (error) {
    if (signal.aborted) return !verify;
    throw error;
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

/** Without `verify` the backup is left out: it is the one step that takes seconds. */
async function drive(mesh: Mesh, verify: boolean, signal: AbortSignal, tell: UpOptions['tell']): Promise<boolean> {
  const world = connectWorld(mesh);
  const steps = verify ? STEPS : STEPS.filter(([name]) => name !== 'backup');
  try {
    const run = runFlow(world, tell, steps);
    return await Promise.race([run, aborted(signal).then(() => !verify)]);
  } finally {
    world.close();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
