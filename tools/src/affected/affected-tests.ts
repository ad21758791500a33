import type { ModuleGraph } from './module-graph.ts';

/** A change of one of these can break any test: what is installed, and what starts and judges every test. */
const EVERYTHING =
  /^(?:package(?:-lock)?\.json|\.npmrc|\.nvmrc|vitest\.config\.ts|buf\..*yaml|packages\/testing\/src\/vitest\/.*)$/;
const TEST = /\.test\.ts$/;

/** The test files that a change of these files can have broken, sorted: those that need one of them, however indirectly. */
export function affectedTests(graph: ModuleGraph, changed: readonly string[]): string[] {
  const tests = [...graph.keys()].filter((file) => TEST.test(file)).sort();
  if (changed.some((file) => EVERYTHING.test(file))) return tests;
  const reached = new Set(changed);
  const neededBy = reverse(graph);
  // A set that grows while it is walked is walked to its end.
  for (const file of reached) for (const dependent of neededBy.get(file) ?? []) reached.add(dependent);
  return tests.filter((file) => reached.has(file));
}

function reverse(graph: ModuleGraph): ReadonlyMap<string, readonly string[]> {
  const neededBy = new Map<string, string[]>();
  for (const [file, needs] of graph) {
    for (const need of needs) neededBy.set(need, [...(neededBy.get(need) ?? []), file]);
  }
  return neededBy;
}
