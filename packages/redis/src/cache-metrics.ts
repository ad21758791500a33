import type { Registry } from '@gatehouse/process';
import { showMetric } from './metrics.ts';

const LAYERS = ['l1', 'l2', 'l3'] as const;

/** What happened in one cache since it was opened. */
export interface CacheCounts {
  readonly hits: Record<(typeof LAYERS)[number], number>;
  readonly misses: Record<(typeof LAYERS)[number], number>;
  /** Reads of Redis that failed or could not be understood, and went on to the truth. */
  unreadable: number;
  /** Entries that should have been put into Redis and were not. */
  unwritten: number;
}

/** Opens the counts of a topic and shows them, with the number of entries in memory. */
export function showCacheMetrics(
  registry: Registry | undefined,
  topic: string,
  size: () => number,
): { readonly counts: CacheCounts; hide(): void } {
  const counts: CacheCounts = {
    hits: { l1: 0, l2: 0, l3: 0 },
    misses: { l1: 0, l2: 0, l3: 0 },
    unreadable: 0,
    unwritten: 0,
  };
  const byLayer = (name: string, help: string, numbers: CacheCounts['hits']) =>
    showMetric(
      registry,
      { type: 'counter', name, help, labelNames: ['topic', 'layer'] },
      LAYERS.map((layer) => ({ labels: { topic, layer }, read: () => numbers[layer] })),
    );
  const ofTopic = (type: 'counter' | 'gauge', name: string, help: string, read: () => number) =>
    showMetric(registry, { type, name, help, labelNames: ['topic'] }, [{ labels: { topic }, read }]);
  const hides = [
    byLayer('cache_hits_total', 'Lookups that a layer answered: l1 memory, l2 Redis, l3 the truth.', counts.hits),
    byLayer('cache_misses_total', 'Lookups that a layer was asked and could not answer.', counts.misses),
    ofTopic('counter', 'cache_unreadable_total', 'Failed reads of Redis.', () => counts.unreadable),
    ofTopic(
      'counter',
      'cache_unwritten_total',
      'Failed writes to Redis that nobody waited for.',
      () => counts.unwritten,
    ),
    ofTopic('gauge', 'cache_l1_entries', 'Entries in memory.', size),
  ];
  return {
    counts,
    hide() {
      for (const hide of hides) hide();
    },
  };
}
