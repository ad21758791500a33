import { join } from 'node:path';
import { Command } from 'commander';
import { APPLY_EXIT, applyPolicy } from './authz/apply-policy.ts';
import { connectAuthz } from './authz/connect-authz.ts';
import { exportGrants } from './authz/export-grants.ts';
import { exportPolicy } from './authz/export-policy.ts';
import { IMPORT_EXIT, importGrants } from './authz/import-grants.ts';
import { EXIT, testPolicy } from './authz/test-policy.ts';
import { homeOf, readConfig } from './config.ts';
import type { StepReport } from './flow/run-flow.ts';

// What only `up` and `reset` need is loaded by them: most commands are over before it would be.
const root = join(import.meta.dirname, '../..');
const STATUS_WIDTH = 8;
const STEP_WIDTH = 10;

const program = new Command('gatehouse').description('Sessions, permissions and an audit trail for your own services.');

program
  .command('up')
  .description('start Postgres, Redis and the five services, and run one real flow through them')
  .option('--verify', 'drive the whole flow, backup and restore included, then stop')
  .option('--json', 'print what came of each step as a line of JSON')
  .action(async ({ verify = false, json = false }: { verify?: boolean; json?: boolean }) => {
    const interrupted = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM', 'disconnect'] as const) process.on(signal, () => interrupted.abort());
    const say = json ? () => {} : (line: string) => console.log(line);
    const tell = (report: StepReport) => console.log(json ? JSON.stringify(report) : line(report));
    const { up } = await import('./up/up.ts');
    const well = await up({ root, config: readConfig(), verify, signal: interrupted.signal, say, tell });
    process.exitCode = well ? 0 : 1;
    if (process.connected) process.disconnect();
  });

program
  .command('reset')
  .description('remove the data that up keeps')
  .action(async () => {
    const { reset } = await import('./reset.ts');
    await reset(homeOf(root, readConfig()));
  });

const authz = program.command('authz').description('work with roles and permissions');

authz
  .command('test')
  .description('run the tests of a policy file, without a server')
  .argument('<policy>', 'the file, as docs/policy.md describes it')
  .option('--json', 'print what came of it as one line of JSON')
  // A wrong command line must not look like a test that failed.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT.wrong))
  .addHelpText(
    'after',
    `\nExit codes: ${EXIT.passed} all passed, ${EXIT.failed} some failed, ${EXIT.wrong} the file is wrong.`,
  )
  .action(async (file: string, { json = false }: { json?: boolean }) => {
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
    process.exitCode = await applyPolicy(file, { dryRun, prune, json, connect: connected, print });
  });

authz
  .command('export')
  .description('write the roles and permissions of a running service as a policy file')
  .option('--output <file>', 'where to; by default it is printed')
  .action(async ({ output }: { output?: string }) => {
    const client = connected();
    const print = (text: string) => process.stdout.write(text);
    await exportPolicy({ output, client, print, warn: (line) => console.error(line) }).finally(client.close);
  });

authz
  .command('import-grants')
  .description('give roles to users, as a file says')
  .argument('<grants>', 'the file, a grant on each line, as docs/policy.md describes it')
  .option('--json', 'print what came of it as lines of JSON')
  .addHelpText('after', `\nExit codes: ${IMPORT_EXIT.done} all are there, ${IMPORT_EXIT.wrong} some are not.`)
  .action(async (file: string, { json = false }: { json?: boolean }) => {
    const client = connected();
    const print = (line: string) => console.log(line);
    process.exitCode = await importGrants(file, { json, client, print }).finally(client.close);
  });

authz
  .command('export-grants')
  .description('write who has which role as the file that import-grants takes')
  .option('--output <file>', 'where to; by default it is printed')
  .option('--from <cursor>', 'where to go on after it broke off')
  .action(async ({ output, from }: { output?: string; from?: string }) => {
    const client = connected();
    const print = (text: string) => process.stdout.write(text);
    const warn = (line: string) => console.error(line);
    await exportGrants({ output, from, client, print, warn }).finally(client.close);
  });

try {
  await program.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
  if (process.connected) process.disconnect();
}

interface ApplyFlags {
  readonly dryRun?: boolean;
  readonly prune?: boolean;
  readonly json?: boolean;
}

function connected() {
  return connectAuthz(root, readConfig());
}

function line({ step, status, result, ms }: StepReport): string {
  return `${status.padEnd(STATUS_WIDTH)}${step.padEnd(STEP_WIDTH)} ${result} (${ms} ms)`;
}
