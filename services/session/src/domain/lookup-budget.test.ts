import { describe, expect, it } from 'vitest';
import { lookupBudget } from './lookup-budget.ts';

const [PEER, OTHER] = ['app/shop', 'edge/envoy'];
let now = 0;
const budgetOf = (max: number) => lookupBudget({ max, perSecond: 10, peersMax: 3, nowMs: () => now });
const taken = (budget: ReturnType<typeof budgetOf>, peer: string) => {
  let count = 0;
  while (budget.take(peer)) count += 1;
  return count;
};

describe('a budget of lookups', () => {
  it('is used up by one peer without another one losing any', () => {
    const budget = budgetOf(50);
    expect(taken(budget, PEER)).toBe(50);
    expect(budget.take(PEER)).toBe(false);
    expect(taken(budget, OTHER)).toBe(50);
  });

  it('comes back with time, and never to more than there was', () => {
    const budget = budgetOf(50);
    taken(budget, PEER);
    now += 99;
    expect(budget.take(PEER)).toBe(false);
    now += 1;
    expect(taken(budget, PEER)).toBe(1);
    now += 3_600_000;
    expect(taken(budget, PEER)).toBe(50);
  });

  it('costs nothing where the lookup was not in vain', () => {
    const budget = budgetOf(2);
    for (let i = 0; i < 100; i++) {
      expect(budget.take(PEER)).toBe(true);
      budget.giveBack(PEER);
    }
    expect(taken(budget, PEER)).toBe(2);
    for (let i = 0; i < 9; i++) budget.giveBack(PEER);
    expect(taken(budget, PEER)).toBe(2);
  });

  it('tells only so many peers apart', () => {
    const budget = budgetOf(1);
    for (const peer of ['a', 'b', 'c', 'd']) expect(budget.take(peer)).toBe(true);
    for (const peer of ['b', 'c', 'd']) expect(budget.take(peer)).toBe(false);
    expect(budget.take('a')).toBe(true);
  });
});
