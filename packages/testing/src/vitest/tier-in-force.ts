import type { Tier } from './tiers.ts';

let inForce: Tier | undefined;

/** Called before each test file: which tier it is of; undefined outside of `npm test`. */
export function enforceTier(tier: Tier | undefined): void {
  inForce = tier;
}

/** Whether the test file that runs is of that tier. */
export function isOfTier(tier: Tier): boolean {
  return inForce === tier;
}
