import { CONFIG_EXIT, ConfigError } from './config-error.ts';

/** Something that runs until it is stopped. */
export interface Running {
  stop(): Promise<void>;
}

/** How long a process may take to end after it was stopped, before what holds it open is cut off. */
const EXIT_GRACE_MS = 500;

/**
 * Runs a process: starts it, waits for SIGTERM, SIGINT or the end of the parent that holds its IPC channel, and stops it
 * within the budget. A start that fails is printed and exits with 1, or CONFIG_EXIT for a ConfigError; a stop that overruns
 * exits with 1.
 */
export async function runMain(
  start: () => Promise<Running>,
  { budgetMs }: { readonly budgetMs: number },
): Promise<void> {
  let running: Running | undefined;
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), budgetMs).unref();
    (running ? running.stop() : Promise.resolve())
      .then(() => {
        process.exitCode ??= 0;
        if (process.connected) process.disconnect();
        setTimeout(() => process.exit(), EXIT_GRACE_MS).unref();
      })
      .catch(() => process.exit(1));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  process.once('disconnect', stop);
  try {
    running = await start();
    process.send?.('ready');
  } catch (error) {
    // What is wrong with the settings is for whoever wrote them; where it was found says nothing to them.
    const isOfSettings = error instanceof ConfigError;
    const text = error instanceof Error ? ((isOfSettings ? undefined : error.stack) ?? error.message) : String(error);
    process.stderr.write(`${text}\n`);
    process.exit(isOfSettings ? CONFIG_EXIT : 1);
  }
  if (stopping) await running.stop();
}
