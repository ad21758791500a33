import { describe, expect, it } from 'vitest';
import { boundedMap } from './bounded-map.ts';

const of = (name: string) => ({ name });

describe('boundedMap', () => {
  it('never holds more than it may, and tells of what has to leave', () => {
    const gone: string[] = [];
    const map = boundedMap<{ name: string }>(3, ({ name }) => gone.push(name));
    for (const name of ['a', 'b', 'c', 'd', 'e']) map.set(name, of(name));
    expect(map.size).toBe(3);
    expect(gone).toEqual(['a', 'b']);
    expect(map.get('a')).toBeUndefined();
    expect(map.get('e')).toEqual(of('e'));
  });

  it('lets what was asked for stay longer', () => {
    const map = boundedMap<{ name: string }>(2);
    map.set('a', of('a'));
    map.set('b', of('b'));
    map.get('a');
    map.set('c', of('c'));
    expect(map.get('a')).toBeDefined();
    expect(map.get('b')).toBeUndefined();
  });

  it('makes room also when everything was asked for', () => {
    const map = boundedMap<{ name: string }>(2);
    for (const name of ['a', 'b']) map.set(name, of(name));
    for (const name of ['a', 'b']) map.get(name);
    map.set('c', of('c'));
    expect(map.size).toBe(2);
    expect(map.get('c')).toBeDefined();
  });

  it('replaces without making room, and holds nothing where nothing may be held', () => {
    const gone: string[] = [];
    const map = boundedMap<{ name: string }>(1, ({ name }) => gone.push(name));
    map.set('a', of('first'));
    map.set('a', of('second'));
    expect(gone).toEqual([]);
    expect(map.get('a')).toEqual(of('second'));
    const none = boundedMap(0);
    none.set('a', {});
    expect(none.size).toBe(0);
  });
});
