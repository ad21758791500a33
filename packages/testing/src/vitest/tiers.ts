/**
 * What a test needs, and so when it runs and beside how many others: `unit` no store and no socket but loopback, `service`
 * one part of the system on real stores, `mesh` several services or whole programs, `faults` stores that die, stall and
 * lie, `soak` what takes minutes and is not part of `npm test`.
 */
export const TIERS = ['unit', 'service', 'mesh', 'faults', 'soak'] as const;
export type Tier = (typeof TIERS)[number];

/** Where the files of each tier lie. The first pattern that fits a path decides; every test file fits one. */
const PLACES: readonly (readonly [pattern: RegExp, tier: Tier])[] = [
  [/\.soak\.test\.ts$/, 'soak'],
  [/\/test\/faults\//, 'faults'],
  [/^(test\/mesh|cli\/test|examples\/[^/]+)\//, 'mesh'],
  // What tests a store, or a program, among what needs none.
  [/^(bench\/test\/(large-population|start-cerbos)|tools\/test\/(golden|schema-rules))\.test\.ts$/, 'service'],
  // Packages that need no store to be tested whole.
  [/^(packages\/(rpc|http)|bench|tools)\/test\//, 'unit'],
  [/^packages\/client\/test\/conditions\//, 'unit'],
  [/\/src\//, 'unit'],
  [/\/test\//, 'service'],
];

/** The tier of a test file, by its path from the root of the repository; undefined where no test belongs. */
export function tierOf(path: string): Tier | undefined {
  return PLACES.find(([pattern]) => pattern.test(path))?.[1];
}
