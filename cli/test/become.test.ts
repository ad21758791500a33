import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { waitFor } from '@gatehouse/testing';
import { afterEach, describe, expect, it } from 'vitest';

const bootstrap = join(import.meta.dirname, 'fixtures', 'become.mjs');
/** Says its pid and each signal, and ends when it is asked to on its input. */
const LISTENER = `
  for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => console.log(name));
  process.on('disconnect', () => console.log('parent died') || process.exit());
  process.stdin.once('data', () => process.exit(7));
  console.log('pid ' + process.pid);
`;

describe('the bootstrap', () => {
  const children: ChildProcess[] = [];
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      child.stdout?.destroy();
      child.stdin?.destroy();
    }
  });
  const start = (script: string) => {
    // In a group of its own, which is not the one in the foreground of the terminal that the tests may run in.
    const child = spawn(process.execPath, [bootstrap, script], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
    children.push(child);
    const heard: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => heard.push(...text.trim().split('\n')));
    return { child, heard };
  };

  it.each([
    ['its exit code', 'process.exit(3)', 3],
    ['success', '0', 0],
    ['the signal that killed it, as shells do', 'process.kill(process.pid, "SIGKILL")', 137],
  ])('ends as the command did: %s', async (_title, script, expected) => {
    const { child } = start(script);
    expect(await once(child, 'exit')).toEqual([expected, null]);
  });

  it('passes a signal on once, however often it comes at once, and waits for the command to end', async () => {
    const { child, heard } = start(LISTENER);
    const exited = once(child, 'exit');
    await waitFor(() => heard.some((line) => line.startsWith('pid')));
    child.kill('SIGTERM');
    await waitFor(() => heard.includes('SIGTERM'));
    child.kill('SIGTERM');
    child.kill('SIGINT');
    await waitFor(() => heard.includes('SIGINT'));
    child.stdin.write('end\n');
    expect(await exited).toEqual([7, null]);
    expect(heard.slice(1)).toEqual(['SIGTERM', 'SIGINT']);
  });

  it('lets the command know when it is killed itself', async () => {
    const { child, heard } = start(LISTENER);
    await waitFor(() => heard.some((line) => line.startsWith('pid')));
    child.kill('SIGKILL');
    await waitFor(() => heard.includes('parent died'));
  });
});
