import { Counter, Gauge, type Registry } from '@gatehouse/process';
import type { BatchOutcome } from './outbox-batch.ts';

/** Registers the metrics of one outbox; returns what counts an outcome in them. */
export function relayMetrics(registry: Registry | undefined): (outcome: BatchOutcome) => void {
  if (!registry) return () => {};
  const registers = [registry];
  const delivered = new Counter({
    name: 'gatehouse_outbox_delivered_total',
    help: 'Messages that left the outbox.',
    registers,
  });
  const refused = new Counter({
    name: 'gatehouse_outbox_refused_total',
    help: 'Messages that the receiver will never take; they stay in the outbox, marked.',
    registers,
  });
  const failed = new Counter({
    name: 'gatehouse_outbox_failures_total',
    help: 'Deliveries that failed and will be tried again.',
    registers,
  });
  const oldest = new Gauge({
    name: 'gatehouse_outbox_oldest_seconds',
    help: 'Age of the oldest message when it was last tried; 0 when none waits.',
    registers,
  });
  return (outcome) => {
    if (outcome.kind === 'delivered') delivered.inc(outcome.ids.length);
    if (outcome.kind === 'refused') refused.inc();
    if (outcome.kind === 'failed' || outcome.kind === 'set-aside') failed.inc();
    if (outcome.kind === 'empty') oldest.set(0);
    if ('oldestAgeSeconds' in outcome && outcome.oldestAgeSeconds !== undefined) oldest.set(outcome.oldestAgeSeconds);
  };
}
