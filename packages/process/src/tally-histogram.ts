import type { LabelValues, Metric, Registry } from 'prom-client';

export interface TallyHistogramOptions {
  readonly name: string;
  readonly help: string;
  /** Upper bounds, in rising order; the bound of infinity is added. */
  readonly buckets: readonly number[];
  readonly registry: Registry;
}

/** A histogram of the registry whose observations cost next to nothing: its labels are put together when it is read. */
export interface TallyHistogram {
  /** Begins a series, and answers the function that observes a value in it. */
  series(labels: LabelValues<string>): (value: number) => void;
}

interface Series {
  readonly labels: LabelValues<string>;
  /** How many values fell between a bound and the one before; the last place is for those beyond all bounds. */
  readonly counts: number[];
  sum: number;
}

/** Registers a histogram for hot paths, where prom-client's own would look its labels up with every value. */
export function tallyHistogram({ name, help, buckets, registry }: TallyHistogramOptions): TallyHistogram {
  const all: Series[] = [];
  const none = () => new Array<number>(buckets.length + 1).fill(0);
  const metric = {
    name,
    help,
    type: 'histogram',
    aggregator: 'sum',
    get: async () => ({
      name,
      help,
      type: 'histogram',
      aggregator: 'sum',
      values: all.flatMap(readOut(name, buckets)),
    }),
    reset: () => {
      for (const series of all) {
        series.counts.fill(0);
        series.sum = 0;
      }
    },
  };
  // The registry asks a metric for no more than this; its type names the classes of prom-client.
  registry.registerMetric(metric as unknown as Metric<string>);
  return {
    series(labels) {
      const series: Series = { labels, counts: none(), sum: 0 };
      const { counts } = series;
      all.push(series);
      return (value) => {
        let at = 0;
        while (at < buckets.length && value > (buckets[at] ?? 0)) at += 1;
        counts[at] = (counts[at] ?? 0) + 1;
        series.sum += value;
      };
    },
  };
}

/** The values of a series as the exposition format has them: buckets that include all lower ones, sum and count. */
function readOut(name: string, buckets: readonly number[]) {
  return ({ labels, counts, sum }: Series) => {
    let count = 0;
    const cumulated = counts.map((each, at) => {
      count += each;
      return { metricName: `${name}_bucket`, labels: { le: buckets[at] ?? '+Inf', ...labels }, value: count };
    });
    return [
      ...cumulated,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  };
}
