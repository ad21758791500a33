import type { Measured } from './load/drive.ts';

/** What one row of the table tells. */
export interface Row {
  readonly name: string;
  /** The ratio that is aimed at; undefined where none is stated. */
  readonly aim: number | undefined;
  readonly service: Measured;
  /** Right before and right after the service, under the same load. */
  readonly ceilings: readonly [before: Measured, after: Measured];
  /** The load is the generator's, and goes without TLS. */
  readonly isPlain: boolean;
  /** Share of the answers that each layer of the cache gave, such as `l1 100 %`. Empty where there is none. */
  readonly answeredFrom: string;
}

/** A figure that is no rate of answers. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: 'bytes' | 'ms' | 'µs' | 'ratio' | 'per second';
  /** Undefined: it is a fact, and none is stated. */
  readonly aim?: number;
  readonly aimIs?: 'at most' | 'at least';
}

/** Everything that was measured. */
export interface Results {
  readonly rows: readonly Row[];
  readonly figures: readonly Figure[];
}

/** Answers of the ceiling in a second, under the load of the row. */
export function ceilingOf({ ceilings }: Row): number {
  return mean(ceilings.map(({ perSecond }) => perSecond));
}

/** Answers of the service for each answer of the ceiling. */
export function ratioOf(row: Row): number {
  return row.service.perSecond / ceilingOf(row);
}

/** The one in the middle by what `of` says of each; of an even number, the lower one of the two. Throws of none. */
export function median<Item>(items: readonly Item[], of: (item: Item) => number): Item {
  const middle = items.toSorted((a, b) => of(a) - of(b))[Math.floor((items.length - 1) / 2)];
  if (middle === undefined) throw new Error('Nothing was measured.');
  return middle;
}

/** The ratio by processor time, which other processes on the machine disturb less; undefined where that is not known. */
export function processorRatioOf({ service, ceilings: [before, after] }: Row): number | undefined {
  if (!service.cpuUs || !before.cpuUs || !after.cpuUs) return undefined;
  return mean([before.cpuUs, after.cpuUs]) / service.cpuUs;
}

/** Share of a processor that a server used while it was measured; undefined where that is not known. */
export function busyShare({ perSecond, cpuUs }: Measured): number | undefined {
  return cpuUs === undefined ? undefined : (perSecond * cpuUs) / 1e6;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
