import { Histogram, type Registry } from '@gatehouse/process';

const NAME = 'cache_lookup_seconds';
/** Layers whose lookups are timed. A hit in memory takes less time than it takes to note a time. */
const LAYERS = ['l2', 'l3'] as const;
/** Upper bounds in seconds: from a Redis beside the process to a database in trouble. */
const SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

type TimedLayer = (typeof LAYERS)[number];

/** How long the layers below memory take, with whatever waits in front of them. Failed lookups count as well. */
export interface LookupTimes {
  /** Notes a lookup that began at `startedAtMs` by performance.now() and ends now. */
  note(layer: TimedLayer, startedAtMs: number): void;
  hide(): void;
}

/** Opens the times of a topic and shows them in the registry, which caches of several topics may share. */
export function showLookupTimes(registry: Registry | undefined, topic: string): LookupTimes {
  if (!registry) return { note: () => {}, hide: () => {} };
  const seconds = histogramOf(registry);
  const of = { l2: seconds.labels(topic, 'l2'), l3: seconds.labels(topic, 'l3') };
  return {
    note: (layer, startedAtMs) => of[layer].observe((performance.now() - startedAtMs) / 1000),
    hide() {
      for (const layer of LAYERS) seconds.remove(topic, layer);
    },
  };
}

const histograms = new WeakMap<Registry, Histogram<'topic' | 'layer'>>();

function histogramOf(registry: Registry): Histogram<'topic' | 'layer'> {
  const known = histograms.get(registry);
  if (known) return known;
  const made = new Histogram({
    name: NAME,
    help: 'Seconds that a lookup took in a layer: l2 Redis, l3 the truth.',
    labelNames: ['topic', 'layer'],
    buckets: SECONDS,
    registers: [registry],
  });
  histograms.set(registry, made);
  return made;
}
