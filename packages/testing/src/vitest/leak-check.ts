import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import { startedStores } from '../started-stores.ts';
import { type OpenResource, type ResourceTracker, trackResources } from './open-resources.ts';

/** How long what a file has closed may take to vanish. */
const SETTLE_TIMEOUT_MS = 10_000;
const SETTLE_EVERY_MS = 20;
/** How many places that left something open are named. */
const ORIGINS_MAX = 20;

/** Fails a test file that leaves a store, socket, server, timer, child process or other open handle behind. */
export function checkLeaks(): void {
  const tracker = trackResources();
  let before = new Map<string, number>();
  beforeAll(() => {
    before = activeResources();
  });
  // This hook is the first to be added, and so the last to run: after all that tidies up.
  afterAll(async () => {
    const problems = [...(await stopForgottenStores()), ...(await leftOpen(before, tracker))];
    tracker.stop();
    if (problems.length > 0) throw new Error(`This file left something open:\n${problems.join('\n')}`);
  });
}

/** Stops them as well, so that the next file finds the machine as this one did. */
async function stopForgottenStores(): Promise<string[]> {
  const forgotten = startedStores();
  await Promise.allSettled(forgotten.map((store) => store.stop()));
  return forgotten.map(({ name }) => `  ${name} was not stopped`);
}

async function leftOpen(before: Map<string, number>, tracker: ResourceTracker): Promise<string[]> {
  const giveUpAt = performance.now() + SETTLE_TIMEOUT_MS;
  let left = moreThan(before, tracker.open());
  while (left.length > 0 && performance.now() < giveUpAt) {
    await sleep(SETTLE_EVERY_MS);
    left = moreThan(before, tracker.open());
  }
  if (left.length === 0) return [];
  return [...left, '  Opened by code of ours and still open:', ...origins(tracker.open())];
}

/** A client that is not closed opens one connection after the other, so each place is named once. */
function origins(open: readonly OpenResource[]): string[] {
  const counts = new Map<string, number>();
  for (const { kind, origin } of open) {
    if (origin === undefined) continue;
    const where = `${kind} at ${origin}`;
    counts.set(where, (counts.get(where) ?? 0) + 1);
  }
  const lines = [...counts].map(([where, count]) => `    ${count} × ${where}`);
  return lines.length > ORIGINS_MAX ? [...lines.slice(0, ORIGINS_MAX), '    and more'] : lines;
}

/**
 * Names the kinds of which more are active than before. Timers are told by their origin instead, because the test runner
 * has some of its own, and not always as many.
 */
function moreThan(before: Map<string, number>, open: readonly OpenResource[]): string[] {
  const timers = open.filter(({ kind, origin }) => kind === 'Timeout' && origin !== undefined).length;
  const handles = [...activeResources()]
    .map(([kind, count]): [string, number] => [kind, count - (before.get(kind) ?? 0)])
    .filter(([kind, more]) => more > 0 && kind !== 'Timeout');
  return [...handles, ...(timers > 0 ? [['Timeout', timers]] : [])].map(([kind, more]) => `  ${more} × ${kind}`);
}

/** How many of each kind keep the event loop alive. */
function activeResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}
