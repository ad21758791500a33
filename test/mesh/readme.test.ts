import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { waitFor } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { terminalEnvironment } from './config.ts';
import { processesOf, ROOT, spawnUp, type UpProcess } from './up-process.ts';

const run = promisify(execFile);
let home: string;
let up: UpProcess;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'gatehouse-readme-'));
  // So that the stores' account can reach it, and all of the data lies in it.
  chmodSync(home, 0o755);
  up = spawnUp(home);
  await up.ready();
});
afterAll(async () => {
  up.child.kill('SIGTERM');
  await up.ended();
  await waitFor(() => processesOf(home).length === 0, { timeoutMs: 20_000 });
  rmSync(home, { recursive: true, force: true });
});

/** The lines of the README that are to be pasted while `up` runs. */
function pasted(): string {
  const block = /```sh\n(\. \.gatehouse\/env\n[\s\S]*?)```/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))?.[1];
  if (!block) throw new Error('The README has no lines to paste.');
  return block.replaceAll('.gatehouse/', `${home}/`);
}

describe('the lines of the README', () => {
  it('work when pasted, from the registration to the audit trail', { timeout: 60_000 }, async () => {
    const env = { ...terminalEnvironment(), GATEHOUSE_HOME: home };
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', pasted()], { cwd: ROOT, env });
    expect(stdout).toContain('gatehouse.session.v1.SessionService');
    expect(stdout).toContain('"email": "ada@example.com"');
    expect(stdout).toContain('"x-auth-subject"');
    expect(stdout).toContain('DECISION_ALLOWED');
    expect(stdout).toContain('DECISION_DENIED');
    expect(stdout).toContain('revokedAt');
    expect(stdout).toMatch(/session\.revoked/);
  });
});
