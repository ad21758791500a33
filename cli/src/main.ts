import { join } from 'node:path';
import { Command } from 'commander';
import { APPLY_EXIT, IMPORT_EXIT, TEST_EXIT } from './authz/exit-codes.ts';
import type { StepReport } from './flow/run-flow.ts';
import type { Places } from './up/places-of-mesh.ts';

// What a command needs is loaded by it: some are over before that of another would be, and help before any.
const root = join(import.meta.dirname, '../..');
const STATUS_WIDTH = 8;
const STEP_WIDTH = 10;

const program = new Command('npx gatehouse')
  .description('Sessions, permissions and an audit trail for your own services.')
  .showHelpAfterError('(--help behind the command tells what it takes)');

program
  .command('up')
  .description('start Postgres, Redis and the five services, and run one real flow through them')
  .option('--verify', 'drive the whole flow, backup and restore included, then stop')
  .option(
    '--json',
    'print what came of each step as a line of JSON, and one with "ready" that says where all of it runs',
  )
  .action(async ({ verify = false, json = false }: { verify?: boolean; json?: boolean }) => {
    const interrupted = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM', 'disconnect'] as const) process.on(signal, () => interrupted.abort());
    const say = json ? () => {} : (line: string) => console.log(line);
    const tell = (report: StepReport) => console.log(json ? JSON.stringify(report) : line(report));
    const ready = (places: Places) => console.log(json ? JSON.stringify({ ready: true, ...places }) : handbook(places));
    const [{ up }, { handbook }, { readConfig }] = await Promise.all([
      import('./up/up.ts'),
      import('./up/handbook.ts'),
      import('./config.ts'),
    ]);
    const well = await up({ root, config: readConfig(), verify, signal: interrupted.signal, say, tell, ready });
    process.exitCode = well ? 0 : 1;
    if (process.connected) process.disconnect();
  });

program
  .command('reset')
  .description('remove the data that up keeps')
  .action(async () => {
    const [{ reset }, { homeOf, readConfig }] = await Promise.all([import('./reset.ts'), import('./config.ts')]);
    await reset(homeOf(root, readConfig()));
  });

const authz = program.command('authz').description('work with roles and permissions');

authz
  .command('test')
  .description('run the tests of a policy file, without a server')
  .argument('<policy>', 'the file, as docs/policy.md describes it')
  .option('--json', 'print what came of it as one line of JSON')
  // A wrong command line must not look like a test that failed.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : TEST_EXIT.wrong))
  .addHelpText(
    'after',
    `\nExit codes: ${TEST_EXIT.passed} all passed, ${TEST_EXIT.failed} some failed, ${TEST_EXIT.wrong} the file is wrong.`,
  )
  .action(async (file: string, { json = false }: { json?: boolean }) => {
    const { testPolicy } = await import('./authz/test-policy.ts');
    process.exitCode = await testPolicy(file, json, (line) => console.log(line));
  });

authz
  .command('apply')
  .description('make the roles and permissions of a running service what a policy file says')
  .argument('<policy>', 'the file, as docs/policy.md describes it')
  .option('--dry-run', 'only tell what would be done')
  .option('--prune', 'delete what the file does not list')
  .option('--json', 'print what came of it as one line of JSON')
  .addHelpText(
    'after',
    `\nExit codes: ${APPLY_EXIT.same} all is as the file says, ${APPLY_EXIT.wrong} something is wrong, ` +
      `${APPLY_EXIT.different} a dry run has found a difference.`,
  )
  .action(async (file: string, { dryRun = false, prune = false, json = false }: ApplyFlags) => {
    const print = (line: string) => console.log(line);
    const [{ applyPolicy }, connect] = await Promise.all([import('./authz/apply-policy.ts'), connection()]);
    process.exitCode = await applyPolicy(file, { dryRun, prune, json, connect, print });
  });

authz
  .command('export')
  .description('write the roles and permissions of a running service as a policy file')
  .option('--output <file>', 'where to; by default it is printed')
  .option('--json', 'tell of conditions that the service can not read as lines of JSON')
  .action(async ({ output, json = false }: { output?: string; json?: boolean }) => {
    const [{ exportPolicy }, connect] = await Promise.all([import('./authz/export-policy.ts'), connection()]);
    const client = connect();
    const print = (text: string) => process.stdout.write(text);
    const warn = (line: string) => console.error(line);
    await exportPolicy({ output, client, print, warn, json }).finally(client.close);
  });

authz
  .command('import-grants')
  .description('give roles to users, as a file says')
  .argument('<grants>', 'the file, a grant on each line, as docs/policy.md describes it')
  .option('--json', 'print what came of it as lines of JSON')
  .addHelpText('after', `\nExit codes: ${IMPORT_EXIT.done} all are there, ${IMPORT_EXIT.wrong} some are not.`)
  .action(async (file: string, { json = false }: { json?: boolean }) => {
    const [{ importGrants }, connect] = await Promise.all([import('./authz/import-grants.ts'), connection()]);
    const client = connect();
    const print = (line: string) => console.log(line);
    process.exitCode = await importGrants(file, { json, client, print }).finally(client.close);
  });

authz
  .command('export-grants')
  .description('write who has which role as the file that import-grants takes')
  .option('--output <file>', 'where to; by default it is printed')
  .option('--from <cursor>', 'where to go on after it broke off')
  .option('--json', 'tell of conditions that the service can not read as lines of JSON')
  .action(async ({ output, from, json = false }: { output?: string; from?: string; json?: boolean }) => {
    const [{ exportGrants }, connect] = await Promise.all([import('./authz/export-grants.ts'), connection()]);
    const client = connect();
    const print = (text: string) => process.stdout.write(text);
    const warn = (line: string) => console.error(line);
    await exportGrants({ output, from, client, print, warn, json }).finally(client.close);
  });

try {
  await program.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  // Whose settings are wrong has the list of them in the message.
  const { CONFIG_EXIT, ConfigError } = await import('@gatehouse/process');
  process.exitCode = error instanceof ConfigError ? CONFIG_EXIT : 1;
  if (process.connected) process.disconnect();
}

interface ApplyFlags {
  readonly dryRun?: boolean;
  readonly prune?: boolean;
  readonly json?: boolean;
}

/** What connects to the authz service that the settings name. */
async function connection() {
  const [{ connectAuthz }, { readConfig }] = await Promise.all([
    import('./authz/connect-authz.ts'),
    import('./config.ts'),
  ]);
  return () => connectAuthz(root, readConfig());
}

function line({ step, status, result, ms }: StepReport): string {
  return `${status.padEnd(STATUS_WIDTH)}${step.padEnd(STEP_WIDTH)} ${result} (${ms} ms)`;
}
