import type { StartedTestContainer } from 'testcontainers';
import { freePort } from '../free-port.ts';
import { rememberStore } from '../started-stores.ts';
import { waitFor } from '../wait-for.ts';

const START_TIMEOUT_MS = 120_000;
/** How long a started container may take until its server answers again. */
const ANSWER_TIMEOUT_MS = 60_000;
const ANSWER_EVERY_MS = 100;
const STOP_TIMEOUT_MS = 10_000;

export interface ContainerOptions {
  readonly name: string;
  readonly image: string;
  /** Port on which the server listens inside. */
  readonly innerPort: number;
  /** Wanted port on this machine. */
  readonly port?: number | undefined;
  readonly environment?: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  /** Folder on this machine to folder inside. */
  readonly folders?: Readonly<Record<string, string>>;
  /** Account inside, as uid:gid. */
  readonly user?: string | undefined;
  /** Succeeds inside the container once the server answers. */
  readonly answers: readonly string[];
}

/** A server in a container that keeps its port over restarts. */
export interface Container extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly running: boolean;
  /** Runs a program inside; throws with its output when it fails. */
  run(words: readonly string[]): Promise<string>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  restart(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
}

/** Starts a server in a container and answers once it does. testcontainers removes it when this process dies. */
export async function startContainer(options: ContainerOptions): Promise<Container> {
  const port = await freePort(options.port);
  const { started, engine } = await start(options, port);
  let state: 'running' | 'paused' | 'dead' = 'running';
  let stopped: Promise<void> | undefined;

  const run = async (words: readonly string[]) => {
    const { exitCode, output } = await started.exec([...words]);
    if (exitCode !== 0) throw new Error(`${words[0]} in ${options.image} ended with exit code ${exitCode}: ${output}`);
    return output;
  };
  const container: Container = {
    host: started.getHost(),
    port,
    get running() {
      return state === 'running';
    },
    run,
    stop: () => {
      stopped ??= (async () => {
        if (state === 'paused') await engine.unpause();
        state = 'dead';
        await started.stop({ timeout: STOP_TIMEOUT_MS });
      })().finally(() => forget());
      return stopped;
    },
    kill: async () => {
      if (state === 'paused') await engine.unpause();
      if (state !== 'dead') await engine.kill();
      state = 'dead';
    },
    restart: async () => {
      if (stopped !== undefined) throw new Error(`${options.name} has been stopped for good.`);
      if (state === 'paused') await engine.unpause();
      await engine.restart();
      await untilAnswers(() => run(options.answers));
      state = 'running';
    },
    pause: async () => {
      await engine.pause();
      state = 'paused';
    },
    resume: async () => {
      await engine.unpause();
      state = 'running';
    },
    [Symbol.asyncDispose]: () => container.stop(),
  };
  const forget = rememberStore({ name: `${options.name} on port ${port}`, stop: () => container.stop() });
  return container;
}

/** What is asked of the engine for one container; testcontainers itself can only start and stop one. */
interface Engine {
  kill(): Promise<unknown>;
  restart(): Promise<unknown>;
  pause(): Promise<unknown>;
  unpause(): Promise<unknown>;
}

async function start(
  options: ContainerOptions,
  port: number,
): Promise<{ started: StartedTestContainer; engine: Engine }> {
  // Imported late, because it is large and most machines have the binaries.
  const { GenericContainer, getContainerRuntimeClient, Wait } = await import('testcontainers');
  const client = await getContainerRuntimeClient().catch((cause: unknown) => {
    throw new Error(`${options.name} is not installed and no Docker engine answers. Install one or the other.`, {
      cause,
    });
  });
  const definition = new GenericContainer(options.image)
    .withExposedPorts({ container: options.innerPort, host: port })
    .withEnvironment({ ...options.environment })
    .withCommand([...options.command])
    .withBindMounts(Object.entries(options.folders ?? {}).map(([source, target]) => ({ source, target, mode: 'rw' })))
    .withStartupTimeout(START_TIMEOUT_MS)
    .withWaitStrategy(Wait.forListeningPorts());
  if (options.user !== undefined) definition.withUser(options.user);
  const started = await definition.start();
  try {
    await untilAnswers(async () => {
      const { exitCode, output } = await started.exec([...options.answers]);
      if (exitCode !== 0) throw new Error(output);
    });
  } catch (error) {
    await started.stop();
    throw error;
  }
  return { started, engine: client.container.getById(started.getId()) };
}

async function untilAnswers(ask: () => Promise<unknown>): Promise<void> {
  await waitFor(() => ask().then(() => true), { timeoutMs: ANSWER_TIMEOUT_MS, everyMs: ANSWER_EVERY_MS });
}
