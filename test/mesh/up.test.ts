import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processesOf, spawnUp, type UpProcess } from './up-process.ts';

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

const nothingLeft = (of = home) => waitFor(() => processesOf(of).length === 0, { timeoutMs: 20_000 });

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

describe('up', { timeout: 120_000 }, () => {
  it('runs until Ctrl-C, which leaves no process behind, and starts again with its data', async () => {
    const first = up();
    await first.ready();
    expect(first.output()).toMatch(/^ok +audit/m);
    first.child.kill('SIGINT');
    expect(await first.ended()).toBe(0);
    await nothingLeft();
    const second = up();
    await second.ready();
    // The first run's user is still there, so the audit trail of both is longer than one run's.
    expect(second.output()).not.toMatch(/failed/);
    second.child.kill('SIGTERM');
    expect(await second.ended()).toBe(0);
    await nothingLeft();
  });

  it('refuses to run twice in one checkout, runs side by side with another, and leaves nothing when it is killed', async () => {
    const elsewhere = newHome();
    const [first, other] = [up(), up(elsewhere)];
    await Promise.all([first.ready(), other.ready()]);
    const again = up();
    expect(await again.ended()).toBe(1);
    expect(again.output()).toContain('running here already');
    first.child.kill('SIGTERM');
    other.child.kill('SIGKILL');
    expect(await Promise.all([first.ended(), other.ended()])).toEqual([0, 'SIGKILL']);
    await nothingLeft(elsewhere);
    rmSync(elsewhere, { recursive: true, force: true });
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
    await waitFor(() => early.output().includes('Starting Redis'), { timeoutMs: 30_000 });
    early.child.kill('SIGTERM');
    expect(await early.ended()).toBe(0);
    await nothingLeft();
  });
});

describe('up --verify --json', { timeout: 120_000 }, () => {
  it('prints each step for machines, and ends with 0', async () => {
    const verify = up(home, '--verify', '--json');
    expect(await verify.ended(), verify.output()).toBe(0);
    const steps = verify
      .output()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
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
  });
});
