import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@gatehouse/testing';
import { rounds } from '@gatehouse/testing/chance';
import { afterAll, describe, expect, it } from 'vitest';
import { liveHolder } from '../bootstrap/holder.mjs';
import { takeLock, withCheckoutLock } from '../bootstrap/lock.mjs';

/** Long enough for all contenders to be up and waiting for the same moment. */
const HEAD_START_MS = 700;
const CONTENDERS = 4;

const home = mkdtempSync(join(tmpdir(), 'gatehouse-lock-'));
afterAll(() => rmSync(home, { recursive: true }));

describe('a lock', () => {
  it('is one process at a time, and free again once that has died', async () => {
    const file = join(home, 'contended.lock');
    expect(await contend(file)).toEqual(['refused', 'refused', 'refused', 'taken']);
    for (let again = 0; again < rounds(20, 2); again++) {
      // All of them have been killed, and none has given anything back.
      expect(existsSync(file)).toBe(true);
      expect(await contend(file)).toEqual(['refused', 'refused', 'refused', 'taken']);
    }
  });

  it('of the dead is taken over even when another has died while doing so', () => {
    const file = join(home, 'turn.lock');
    for (const dead of [file, `${file}.turn`]) writeFileSync(dead, '4194305\n');
    expect(takeLock(file)).toBe(true);
    expect(liveHolder(file)).toBe(process.pid);
    expect(existsSync(`${file}.turn`)).toBe(false);
  });

  it('is not held by a later process that has merely been given the same number', () => {
    const file = join(home, 'reused.lock');
    writeFileSync(file, `${process.pid}\n`);
    expect(liveHolder(file)).toBe(process.pid);
    const beforeThisProcess = Date.now() / 1000 - process.uptime() - 60;
    utimesSync(file, beforeThisProcess, beforeThisProcess);
    expect(liveHolder(file)).toBeUndefined();
    expect(takeLock(file)).toBe(true);
    expect(liveHolder(file)).toBe(process.pid);
  });

  it.each(['', 'words\n', '-1\n'])('is not held by what is no process: %j', (text) => {
    const file = join(home, 'odd.lock');
    writeFileSync(file, text);
    expect(liveHolder(file)).toBeUndefined();
  });

  it('keeps what needs the checkout apart, and is given back after a failure', async () => {
    const order: string[] = [];
    const told: string[] = [];
    const first = withCheckoutLock(home, async () => {
      order.push('first begins');
      await waitFor(() => told.length > 0);
      order.push('first ends');
      throw new Error('it failed');
    }).catch((error: Error) => order.push(error.message));
    await withCheckoutLock(
      home,
      async () => order.push('second'),
      (line) => told.push(line),
    );
    await first;
    expect(told).toEqual(['Waiting for another npm script, which is setting up this checkout …']);
    expect(order.filter((word) => word !== 'it failed')).toEqual(['first begins', 'first ends', 'second']);
    expect(existsSync(join(home, '.gatehouse', 'bootstrap.lock'))).toBe(false);
  });
});

/** Lets several processes try at the same moment, answers what each got, and kills them all. */
async function contend(file: string): Promise<string[]> {
  const script = join(import.meta.dirname, 'fixtures', 'take-lock.mjs');
  const atMs = String(Date.now() + HEAD_START_MS);
  const children = Array.from({ length: CONTENDERS }, () => spawn(process.execPath, [script, file, atMs]));
  const answers = await Promise.all(children.map(firstLine));
  await Promise.all(
    children.map((child) => {
      child.kill('SIGKILL');
      return once(child, 'close');
    }),
  );
  return answers.toSorted();
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('The child has no output.');
  const [text] = await once(child.stdout.setEncoding('utf8'), 'data');
  return String(text).trim();
}
