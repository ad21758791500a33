import { networkOf } from './network-of.ts';

/** Where a decision was asked for: by a service, or by a proxy for an HTTP request. */
export type DecisionPoint = 'service' | 'edge';

/** Refusals that concern nobody: no session was proved, and whoever asked is not known. */
export interface AnonymousRefusals {
  count(at: DecisionPoint, reason: string, address: string): void;
}

/** Some of them, counted: how many by reason, and who asked most. */
export interface RefusalTally {
  count(reason: string, address: string): void;
  readonly total: number;
  /** By reason, most first. */
  reasons(): readonly Counted[];
  /** The addresses that asked most, most first; IPv6 by /64. */
  addresses(): readonly Counted[];
}

export type Counted = readonly [what: string, times: number];

/** Most addresses that are named. */
export const ADDRESSES_NAMED_MAX = 20;
/**
 * Most addresses that are told apart at once. When there are more, the half that asked least is forgotten, so that whoever
 * asks more than one in a thousand is found, in whichever order they come.
 */
export const ADDRESSES_COUNTED_MAX = 2_000;

export function refusalTally(): RefusalTally {
  const byReason = new Map<string, number>();
  let byAddress = new Map<string, number>();
  let total = 0;
  return {
    count(reason, address) {
      total += 1;
      byReason.set(reason, (byReason.get(reason) ?? 0) + 1);
      const network = networkOf(address);
      byAddress.set(network, (byAddress.get(network) ?? 0) + 1);
      if (byAddress.size > ADDRESSES_COUNTED_MAX) byAddress = new Map(mostOf(byAddress, ADDRESSES_COUNTED_MAX / 2));
    },
    get total() {
      return total;
    },
    reasons: () => mostOf(byReason, byReason.size),
    addresses: () => mostOf(byAddress, ADDRESSES_NAMED_MAX),
  };
}

function mostOf(counts: ReadonlyMap<string, number>, howMany: number): Counted[] {
  return [...counts].sort(([, a], [, b]) => b - a).slice(0, howMany);
}
