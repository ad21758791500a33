import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pasteReadmeLines } from './readme-lines.ts';
import { processesOf, spawnGatehouse, spawnUp, type UpProcess } from './up-process.ts';

let home: string;
let started: UpProcess[] = [];

function up(at = home, ...args: string[]): UpProcess {
  const process = spawnUp(at, ...args);
  started.push(process);
  return process;
}

/** A folder that the stores' account can reach, so that all of the data lies in it. */
function newHome(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-up-'));
  chmodSync(folder, 0o755);
  return folder;
}

/** What `up --json` has printed. */
function linesOf(of: UpProcess) {
  return of
    .output()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

const nothingLeft = (of = home) => waitFor(() => processesOf(of).length === 0);

beforeEach(() => {
  home = newHome();
});
afterEach(async () => {
  for (const { child } of started) child.kill('SIGKILL');
  await Promise.all(started.map((each) => each.ended()));
  await nothingLeft();
  started = [];
  rmSync(home, { recursive: true, force: true });
});

describe('up', () => {
  // One story, because each start costs what the whole mesh costs.
  it('runs once in a checkout and beside another, until Ctrl-C or its death, and starts again with its data', async () => {
    const elsewhere = newHome();
    const [first, other] = [up(), up(elsewhere, '--json')];
    await Promise.all([first.ready(), other.ready()]);
    expect(first.output()).toMatch(/^ok +audit/m);
    expect(first.output()).not.toMatch(/instance/);
    const told = linesOf(other);
    expect(told.slice(0, -1).map(({ step, status }) => `${step} ${status}`)).toEqual([
      'register ok',
      'login ok',
      'validate ok',
      'authorize ok',
      'logout ok',
      'audit ok',
    ]);
    // Where it says that it runs, it does.
    const { ready, env, services } = told.at(-1);
    expect(ready).toBe(true);
    const variables = readFileSync(env, 'utf8');
    for (const [name, { grpc, http, metrics }] of Object.entries<Record<string, string>>(services)) {
      expect(variables).toContain(`export ${name.toUpperCase()}=${grpc}\n`);
      if (http !== undefined) expect(variables).toContain(`export ${name.toUpperCase()}_HTTP=${http}\n`);
      expect((await fetch(metrics ?? '')).status).toBe(200);
    }
    // The flow has left no role and no permission of its own.
    const exported = spawnGatehouse(elsewhere, 'authz', 'export');
    started.push(exported);
    expect(await exported.ended()).toBe(0);
    expect(exported.output()).toContain('version: 1');
    expect(exported.output()).not.toMatch(/orders-|reader-|editor-/);

    const again = up();
    expect(await again.ended()).toBe(1);
    expect(again.output()).toContain('running here already');

    other.child.kill('SIGKILL');
    expect(await other.ended()).toBe('SIGKILL');
    await nothingLeft(elsewhere);
    rmSync(elsewhere, { recursive: true, force: true });

    // The lines of the README, from the registration to the audit trail.
    const pasted = await pasteReadmeLines(home);
    expect(pasted).toContain('gatehouse.session.v1.SessionService');
    expect(pasted).toContain('"email": "ada@example.com"');
    expect(pasted).toContain('"x-auth-subject"');
    expect(pasted).toContain('DECISION_ALLOWED');
    expect(pasted).toContain('DECISION_DENIED');
    expect(pasted).toContain('revokedAt');
    expect(pasted).toMatch(/session\.revoked/);

    first.child.kill('SIGINT');
    expect(await first.ended()).toBe(0);
    await nothingLeft();

    // The first run's user is still there, so the audit trail of both is longer than one run's.
    const verify = up(home, '--verify', '--json');
    expect(await verify.ended(), verify.output()).toBe(0);
    const steps = linesOf(verify);
    expect(steps.map(({ step }) => step)).toEqual([
      'register',
      'login',
      'validate',
      'authorize',
      'logout',
      'audit',
      'backup',
    ]);
    expect(steps.every(({ status }) => status === 'ok' || status === 'skipped')).toBe(true);
    await nothingLeft();
  });

  it('stops what it has started when it can not go on', async () => {
    // Where the logs should go is a file: the stores are up by the time this shows.
    writeFileSync(join(home, 'logs'), '');
    const broken = up();
    expect(await broken.ended()).toBe(1);
    expect(broken.output()).toMatch(/Starting Postgres/);
    await nothingLeft();
  });

  it('can be stopped while it starts', async () => {
    const early = up();
    await waitFor(() => early.output().includes('Starting Redis'));
    early.child.kill('SIGTERM');
    expect(await early.ended()).toBe(0);
    await nothingLeft();
  });
});
