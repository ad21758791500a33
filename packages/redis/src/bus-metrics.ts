import type { Registry } from '@gatehouse/process';
import { showMetric } from './metrics.ts';
import type { ResetCause } from './sequence.ts';

const CAUSES = [
  'reconnect',
  'gap',
  'back',
  'behind',
  'failover',
  'lapse',
  'malformed',
] as const satisfies readonly ResetCause[];

/** Shows what an operator watches of a bus; `count` counts a reset. */
export function showBusMetrics(
  registry: Registry | undefined,
  channel: string,
  { current, stalenessMs }: { readonly current: () => boolean; readonly stalenessMs: () => number },
): { count(cause: ResetCause): void; hide(): void } {
  const resets = Object.fromEntries(CAUSES.map((cause) => [cause, 0])) as Record<ResetCause, number>;
  const labels = { channel };
  const hides = [
    showMetric(
      registry,
      {
        type: 'gauge',
        name: 'invalidation_bus_current',
        help: 'Whether cached entries may be used: 1 while every invalidation older than the bound has been heard.',
        labelNames: ['channel'],
      },
      [{ labels, read: () => Number(current()) }],
    ),
    showMetric(
      registry,
      {
        type: 'gauge',
        name: 'invalidation_bus_staleness_ms',
        help: 'Milliseconds since it was last proven that no invalidation was missed.',
        labelNames: ['channel'],
      },
      [{ labels, read: stalenessMs }],
    ),
    showMetric(
      registry,
      {
        type: 'counter',
        name: 'invalidation_bus_resets_total',
        help: 'How often all cached entries were dropped because an invalidation may have been missed.',
        labelNames: ['channel', 'cause'],
      },
      CAUSES.map((cause) => ({ labels: { channel, cause }, read: () => resets[cause] })),
    ),
  ];
  return {
    count(cause) {
      resets[cause] += 1;
    },
    hide() {
      for (const hide of hides) hide();
    },
  };
}
