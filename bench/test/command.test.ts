import { describe, expect, it } from 'vitest';
import { describeLayers, readLayerHits } from '../src/cache-layers.ts';
import { parseCores } from '../src/machine.ts';
import { readOptions } from '../src/options.ts';

describe('the command line', () => {
  it('runs 10 s a row, or 3 s when it is to be quick', () => {
    expect(readOptions([])).toMatchObject({ runMs: 10_000, json: false, only: '' });
    expect(readOptions(['--quick', '--json', '--only', 'L1'])).toMatchObject({ runMs: 3_000, json: true, only: 'L1' });
  });

  it('is refused when it says something else', () => {
    expect(() => readOptions(['--slow'])).toThrow(/--slow/);
  });
});

describe('processors', () => {
  it.each([
    ['0-1', [0, 1]],
    ['0-2,5,7-8', [0, 1, 2, 5, 7, 8]],
    ['3', [3]],
    ['', []],
  ])('%s', (list, cores) => {
    expect(parseCores(list)).toEqual(cores);
  });
});

describe('the layers that answered', () => {
  const metrics = (l1: number, l2: number) => `# TYPE cache_hits_total counter
cache_hits_total{topic="session",layer="l1",service="session"} ${l1}
cache_hits_total{topic="session",layer="l2",service="session"} ${l2}
cache_hits_total{topic="session",layer="l3",service="session"} 7
cache_hits_total{topic="other",layer="l1",service="session"} 99
cache_misses_total{topic="session",layer="l1",service="session"} 5
`;

  it('are told by their share of what was answered between two readings', () => {
    const before = readLayerHits(metrics(1_000, 10), 'session');
    const after = readLayerHits(metrics(1_997, 13), 'session');
    expect(describeLayers(before, after)).toBe('l1 99.7 %, l2 0.3 %');
  });

  it('are none of another topic', () => {
    expect(readLayerHits(metrics(1, 1), 'grants').size).toBe(0);
    expect(describeLayers(new Map(), new Map())).toBe('');
  });
});
