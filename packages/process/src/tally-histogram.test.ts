import { Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { tallyHistogram } from './tally-histogram.ts';

const OPTIONS = { name: 'seconds', help: 'Seconds.', buckets: [0.1, 1, 10] };
const VALUES = [0.05, 0.1, 0.2, 1, 5, 10, 11];

describe('a tally histogram', () => {
  it('reads like one of prom-client that observed the same values', async () => {
    const registry = new Registry();
    const { series } = tallyHistogram({ ...OPTIONS, registry });
    const [fast, slow] = [series({ rpc: 'Fast' }), series({ rpc: 'Slow' })];
    const expected = new Registry();
    const histogram = new Histogram({ ...OPTIONS, labelNames: ['rpc'], registers: [expected] });
    for (const value of VALUES) {
      fast(value);
      histogram.observe({ rpc: 'Fast' }, value);
      slow(value * 2);
      histogram.observe({ rpc: 'Slow' }, value * 2);
    }
    expect(await lines(registry)).toEqual(await lines(expected));
  });

  it('carries the default labels of the registry and starts anew when it is reset', async () => {
    const registry = new Registry();
    registry.setDefaultLabels({ service: 'session' });
    const observe = tallyHistogram({ ...OPTIONS, registry }).series({ rpc: 'Fast' });
    observe(3);
    expect(await registry.metrics()).toContain('seconds_sum{rpc="Fast",service="session"} 3\n');
    registry.resetMetrics();
    expect(await registry.metrics()).toContain('seconds_count{rpc="Fast",service="session"} 0\n');
  });
});

/** What is exposed, whatever the order of series and labels. */
async function lines(registry: Registry): Promise<string[]> {
  const sorted = (line: string) => line.replace(/\{(.*)\}/, (_all, labels: string) => labels.split(',').sort().join());
  return (await registry.metrics()).trim().split('\n').map(sorted).sort();
}
