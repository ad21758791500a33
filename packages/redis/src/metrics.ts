import { Counter, Gauge, type Registry } from '@gatehouse/process';

/** One time series: its labels, and where its number comes from when the registry is scraped. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly read: () => number;
}

interface Kind {
  readonly type: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

/**
 * Shows numbers that are kept in plain memory, so that counting one costs nothing on a hot path. Several callers may
 * show series of the same name in one registry. Returns what takes these series out again.
 */
export function showMetric(registry: Registry | undefined, kind: Kind, series: readonly Series[]): () => void {
  if (!registry) return () => {};
  const shown = seriesOf(registry, kind);
  for (const one of series) shown.add(one);
  return () => {
    for (const one of series) shown.delete(one);
  };
}

const registries = new WeakMap<Registry, Map<string, Set<Series>>>();

function seriesOf(registry: Registry, kind: Kind): Set<Series> {
  const metrics = registries.get(registry) ?? new Map<string, Set<Series>>();
  registries.set(registry, metrics);
  const known = metrics.get(kind.name);
  if (known) return known;
  const series = new Set<Series>();
  metrics.set(kind.name, series);
  register(registry, kind, series);
  return series;
}

function register(registry: Registry, { type, name, help, labelNames }: Kind, series: ReadonlySet<Series>): void {
  const common = { name, help, labelNames, registers: [registry] };
  if (type === 'gauge') {
    new Gauge({
      ...common,
      collect() {
        this.reset();
        for (const { labels, read } of series) this.set(labels, read());
      },
    });
    return;
  }
  new Counter({
    ...common,
    collect() {
      this.reset();
      for (const { labels, read } of series) this.inc(labels, read());
    },
  });
}
