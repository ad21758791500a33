import { describe, expect, it } from 'vitest';
import { lookupGate } from './lookup-gate.ts';

describe('a gate for lookups', () => {
  it('lets no more in than it may, in their order, and all of them in the end', async () => {
    const gate = lookupGate(3);
    const entered: number[] = [];
    const gates = Array.from({ length: 10 }, () => Promise.withResolvers<number>());
    const results = gates.map(({ promise }, index) =>
      gate.run(() => {
        entered.push(index);
        return promise;
      }),
    );
    const turn = () => new Promise(setImmediate);
    await turn();
    expect(entered).toEqual([0, 1, 2]);
    gates[1]?.resolve(1);
    await turn();
    expect(entered).toEqual([0, 1, 2, 3]);
    gates[0]?.reject(new Error('down'));
    await expect(results[0]).rejects.toThrow('down');
    await turn();
    expect(entered).toEqual([0, 1, 2, 3, 4]);
    for (const [index, { resolve }] of gates.entries()) resolve(index);
    expect(await Promise.all(results.slice(1))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await gate.run(async () => 'free again')).toBe('free again');
  });
});
