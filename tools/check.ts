import { join } from 'node:path';
import { checkBoundaries } from './src/boundaries.ts';
import { COMMANDS, runCommand } from './src/commands.ts';
import { checkGolden } from './src/golden.ts';
import { checkLayout } from './src/layout.ts';
import { checkLimits } from './src/limits.ts';
import { type MigratedSchemas, readMigratedSchemas } from './src/migrated-schemas.ts';
import { type Problem, toLine } from './src/problem.ts';
import { checkRetention } from './src/retention.ts';
import { type Check, runChecks } from './src/run-checks.ts';
import { checkSchemaRules } from './src/schema-rules.ts';
import { checkSecrets } from './src/secrets.ts';

// Everything that can be said about the repository without running the services: npm run check.
const root = join(import.meta.dirname, '..');

// Three checks read the same migrated schemas, and the first of them waits for the migrations.
let migrating: Promise<MigratedSchemas> | undefined;
const migrated = () => (migrating ??= readMigratedSchemas(root));

const ours: readonly (readonly [name: string, check: () => Promise<Problem[]>])[] = [
  ['boundaries', () => checkBoundaries(root)],
  ['layout', () => checkLayout(root)],
  ['field limits', () => checkLimits(root)],
  ['secret fields', () => checkSecrets(root)],
  ['schema rules', async () => checkSchemaRules(root, await migrated())],
  ['golden schemas', async () => checkGolden(root, await migrated())],
  ['retention', async () => checkRetention(root, await migrated())],
];

const checks: readonly Check[] = [
  ...COMMANDS.map((command) => ({ name: command.name, run: () => runCommand(root, command) })),
  ...ours.map(([name, check]) => ({
    name,
    run: async () => {
      const problems = await check();
      return { passed: problems.length === 0, output: problems.map(toLine).join('\n') };
    },
  })),
];

if (!(await runChecks(checks, (line) => console.log(line)))) process.exitCode = 1;
