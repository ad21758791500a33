import { CONFIG_EXIT, ConfigError } from './config-error.ts';
import { keyProblems } from './key-problems.ts';
import { listenProblems } from './listen-problems.ts';
import { type Running, runMain } from './run-main.ts';

/**
 * Runs a service with its settings, as `runMain` does. Where they are wrong, or a port that they name can't be had, one list of
 * it all is printed, and the process exits with CONFIG_EXIT before anything is opened.
 */
export async function runService<Config extends { readonly GATEHOUSE_DRAIN_BUDGET_MS: number }>(
  readConfig: () => Config,
  start: (config: Config) => Promise<Running>,
): Promise<void> {
  const read = settingsOf(readConfig);
  const { settings } = read;
  const problems = [...read.problems, ...keyProblems(settings), ...(await listenProblems(settings))];
  if (problems.length > 0 || !read.config) {
    process.stderr.write(`${new ConfigError(problems).message}\n`);
    process.exit(CONFIG_EXIT);
  }
  const { config } = read;
  await runMain(() => start(config), { budgetMs: config.GATEHOUSE_DRAIN_BUDGET_MS });
}

function settingsOf<Config extends object>(readConfig: () => Config) {
  try {
    const config = readConfig();
    return { config, settings: { ...config }, problems: [] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { config: undefined, settings: error.usable, problems: error.problems };
  }
}
