import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { waitFor } from '../src/index.ts';
import { processesWith } from '../src/process-tree.ts';

const holder = join(import.meta.dirname, 'fixtures', 'holds-stores.ts');

describe('stores end when the process that started them is killed', () => {
  it.each(['running', 'paused'])('while they are %s', async (state) => {
    const child = spawn(process.execPath, [holder, state], { stdio: ['ignore', 'pipe', 'pipe'] });
    try {
      const { dataDirectory } = await report(child);
      expect(processesWith(dataDirectory)).not.toEqual([]);
      child.kill('SIGKILL');
      await waitFor(() => processesWith(dataDirectory).length === 0 && !existsSync(dataDirectory));
    } finally {
      child.kill('SIGKILL');
    }
  });
});

/** What the holder says once its stores run; rejects with what it printed if it ends instead. */
async function report({ stdout, stderr }: { stdout: NodeJS.ReadableStream; stderr: NodeJS.ReadableStream }) {
  const printed: string[] = [];
  stderr.setEncoding('utf8').on('data', (text: string) => printed.push(text));
  const ended = once(stdout, 'end').then(() => {
    throw new Error(`The holder of the stores ended: ${printed.join('')}`);
  });
  ended.catch(() => {});
  const [line] = await Promise.race([once(stdout.setEncoding('utf8'), 'data'), ended]);
  return JSON.parse(line) as { dataDirectory: string };
}
