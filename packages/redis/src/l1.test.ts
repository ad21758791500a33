import { describe, expect, it } from 'vitest';
import { createL1 } from './l1.ts';

const entry = (version: bigint) => ({ version, value: `v${version}`, expiresAtMs: 1 });

describe('the map in memory', () => {
  it('never holds more than its limit', () => {
    const l1 = createL1<string>(3);
    for (let index = 0; index < 100; index += 1) {
      l1.put(`id${index}`, entry(1n));
      for (let hit = 0; hit < 100; hit += 7) l1.get(`id${hit}`);
      expect(l1.size).toBeLessThanOrEqual(3);
    }
    expect(l1.size).toBe(3);
    expect(l1.get('id99')?.value).toBe('v1');
  });

  it('forgets what was not asked for before what was', () => {
    const l1 = createL1<string>(3);
    for (const id of ['a', 'b', 'c']) l1.put(id, entry(1n));
    l1.get('a');
    l1.put('d', entry(1n));
    expect(l1.get('b')).toBeUndefined();
    expect(l1.get('a')).toBeDefined();
  });

  it('makes room even when all were asked for', () => {
    const l1 = createL1<string>(2);
    for (const id of ['a', 'b']) l1.put(id, entry(1n));
    for (const id of ['a', 'b']) l1.get(id);
    l1.put('c', entry(1n));
    expect(l1.size).toBe(2);
    expect(l1.get('c')).toBeDefined();
  });

  it('holds nothing when its limit is zero', () => {
    const l1 = createL1<string>(0);
    l1.put('a', entry(1n));
    expect(l1.size).toBe(0);
  });

  it('keeps the newer of two versions', () => {
    const l1 = createL1<string>(2);
    l1.put('a', entry(2n));
    l1.put('a', entry(1n));
    expect(l1.get('a')?.version).toBe(2n);
    l1.put('a', entry(3n));
    expect(l1.get('a')?.version).toBe(3n);
  });

  it('drops a version that is not newer than the one named', () => {
    const l1 = createL1<string>(2);
    l1.put('a', entry(2n));
    l1.drop('a', 1n);
    expect(l1.get('a')).toBeDefined();
    l1.drop('a', 2n);
    expect(l1.get('a')).toBeUndefined();
  });
});
