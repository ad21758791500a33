import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { terminalEnvironment } from './config.ts';
import { ROOT } from './up-process.ts';

const run = promisify(execFile);

/** Pastes the lines of the README that are meant for it beside an `up` whose data lies in `home`, and answers what they print. */
export async function pasteReadmeLines(home: string): Promise<string> {
  const block = /```sh\n(\. \.gatehouse\/env\n[\s\S]*?)```/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))?.[1];
  if (!block) throw new Error('The README has no lines to paste.');
  const lines = block.replaceAll('.gatehouse/', `${home}/`);
  const env = { ...terminalEnvironment(), GATEHOUSE_HOME: home };
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', lines], { cwd: ROOT, env });
  return stdout;
}
