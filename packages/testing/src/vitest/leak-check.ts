import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll } from 'vitest';
import { SETTLE_LIMIT_MS } from '../patience.ts';
import { type FileScope, runInWorker } from '../running-test.ts';
import { startedStores } from '../started-stores.ts';
import { type OpenResource, openResources } from './open-resources.ts';

const SETTLE_EVERY_MS = 20;
/** How often what is left is closed: what is closed may open something else, such as a connection that is made again. */
const CLOSE_ROUNDS = 20;
/** How many places that left something open are named. */
const ORIGINS_MAX = 20;

/**
 * Fails a test file that leaves a store, socket, server, timer, child process or other open handle behind, and closes that,
 * so that it is this file which fails and no other.
 */
export function checkLeaks(file: FileScope, settleMs: number = SETTLE_LIMIT_MS): void {
  // This hook is the first to be added, and so the last to run: after all that tidies up.
  afterAll(async () => {
    const problems = [...(await stopForgottenStores(file)), ...(await leftOpen(file, settleMs))];
    await closeAll(file);
    file.over = true;
    if (problems.length > 0) throw new Error(`This file left something open:\n${problems.join('\n')}`);
  });
}

async function stopForgottenStores(file: FileScope): Promise<string[]> {
  const forgotten = startedStores(file);
  await Promise.allSettled(forgotten.map((store) => store.stop()));
  return forgotten.map(({ name }) => `  ${name} was not stopped`);
}

async function leftOpen(file: FileScope, settleMs: number): Promise<string[]> {
  const giveUpAt = performance.now() + settleMs;
  let left = openResources(file);
  while (left.length > 0 && performance.now() < giveUpAt) {
    await runInWorker(() => sleep(SETTLE_EVERY_MS));
    left = openResources(file);
  }
  if (left.length === 0) return [];
  const kinds = countBy(left.map(({ kind }) => kind));
  return [
    ...[...kinds].map(([kind, count]) => `  ${count} × ${kind}`),
    '  Opened by code of ours and still open:',
    ...origins(left),
  ];
}

async function closeAll(file: FileScope): Promise<void> {
  for (let round = 0; round < CLOSE_ROUNDS; round++) {
    const left = openResources(file);
    if (left.length === 0) return;
    for (const resource of left) resource.close();
    await runInWorker(() => sleep(SETTLE_EVERY_MS));
  }
}

/** A client that is not closed opens one connection after the other, so each place is named once. */
function origins(open: readonly OpenResource[]): string[] {
  const places = open.flatMap(({ kind, origin }) => (origin === undefined ? [] : [`${kind} at ${origin}`]));
  const lines = [...countBy(places)].map(([where, count]) => `    ${count} × ${where}`);
  return lines.length > ORIGINS_MAX ? [...lines.slice(0, ORIGINS_MAX), '    and more'] : lines;
}

function countBy(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
