import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** A check that a program makes: its output is the report, its exit code the verdict. */
export interface Command {
  readonly name: string;
  /** A script in `node_modules`, run by the Node that runs this. */
  readonly script: string;
  readonly args: readonly string[];
}

const BIOME = 'node_modules/@biomejs/biome/bin/biome';
const BUF = 'node_modules/@bufbuild/buf/bin/buf';
const TSC = 'node_modules/typescript/bin/tsc';

/** The contract as it was last released: what may not break. */
export const BASELINE = 'proto/baseline.binpb';

/** What programs of others check, in the order in which the reports are wanted. */
export const COMMANDS: readonly Command[] = [
  { name: 'format and lint', script: BIOME, args: ['ci', '--colors=off', '--max-diagnostics=none', '.'] },
  { name: 'types', script: TSC, args: ['-p', 'tsconfig.json'] },
  { name: 'proto lint', script: BUF, args: ['lint', '--path', 'proto/gatehouse'] },
  { name: 'proto format', script: BUF, args: ['format', '--diff', '--exit-code', '--path', 'proto/gatehouse'] },
  // The module is given as the input, because --path would also look for proto/gatehouse inside the baseline.
  { name: 'proto breaking', script: BUF, args: ['breaking', 'proto', '--against', BASELINE] },
];

/** Writes the contract as it is to a file: our packages, and only as imports what they stand on; no comments. */
export function buildBaseline(file: string): Command {
  const args = ['build', '--path', 'proto/gatehouse', '--exclude-source-info', '-o', file];
  return { name: 'proto baseline', script: BUF, args };
}

/** How long a program may take before it is ended, so that a hanging one fails the check instead of the day. */
const COMMAND_TIMEOUT_MS = 120_000;

/** Runs a command in the root; answers with its output and whether it was content. */
export function runCommand(root: string, { script, args }: Command): Promise<{ passed: boolean; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, script), ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: COMMAND_TIMEOUT_MS,
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (signal !== null) chunks.push(Buffer.from(`\n${script} was ended by ${signal}\n`));
      resolve({ passed: code === 0, output: Buffer.concat(chunks).toString('utf8') });
    });
  });
}
