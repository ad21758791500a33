import { describe, expect, it } from 'vitest';
import { describeLayers, readLayerHits } from '../src/cache-layers.ts';
import { parseCores } from '../src/machine.ts';
import { longestMs, readOptions, USAGE } from '../src/options.ts';

describe('the command line', () => {
  it('runs 10 s a row, or 3 s when it is to be quick', () => {
    expect(readOptions([])).toMatchObject({ runMs: 10_000, json: false, only: '' });
    expect(readOptions(['--quick', '--json', '--only', 'L1'])).toMatchObject({ runMs: 3_000, json: true, only: 'L1' });
  });

  it('measures each row once and no peers, unless it is told to', () => {
    expect(readOptions([])).toMatchObject({ rounds: 1, withPeers: false, users: 1_000_000 });
    expect(readOptions(['--rounds', '5', '--peers'])).toMatchObject({ rounds: 5, withPeers: true });
  });

  it('may ask for a usage, which names every option', () => {
    expect(readOptions(['--help'])).toBe('help');
    const named = [...USAGE.matchAll(/^ {2}--(\w+)/gm)].map(([, name]) => name);
    expect(named).toEqual(['quick', 'rounds', 'only', 'peers', 'json', 'profile', 'help']);
  });

  it('gives a run more time when it is to measure more often', () => {
    expect(longestMs({ rounds: 3 })).toBeGreaterThan(longestMs({ rounds: 1 }));
  });

  it('is refused when it says something else', () => {
    expect(() => readOptions(['--slow'])).toThrow(/--slow/);
    for (const rounds of ['0', '1.5', 'many', '11'])
      expect(() => readOptions(['--rounds', rounds])).toThrow(/--rounds/);
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
