import { Counter, type Registry } from '@gatehouse/process';
import type { Refusal } from './domain/refusal.ts';

/** What happens in the audit service. It is counted and not recorded: a trail of the trail would have no end. */
export interface Events {
  /** A service sent events; `duplicates` of them were there already. */
  eventsRecorded(service: string, recorded: number, duplicates: number): void;
  /** A service sent events that will never be recorded. */
  eventsRefused(service: string, refusal: Refusal): void;
}

export function openEvents(registry: Registry): Events {
  const registers = [registry];
  const recordedTotal = new Counter({
    name: 'audit_events_recorded_total',
    help: 'Events that are durable, by the service that sent them.',
    labelNames: ['sender'],
    registers,
  });
  const duplicatesTotal = new Counter({
    name: 'audit_events_duplicates_total',
    help: 'Events that were there already, by the service that sent them again.',
    labelNames: ['sender'],
    registers,
  });
  const refusedTotal = new Counter({
    name: 'audit_events_refused_total',
    help: 'Events that broke a rule, by the service that sent them and the reason; their batches were refused.',
    labelNames: ['sender', 'reason'],
    registers,
  });
  return {
    eventsRecorded(sender, recorded, duplicates) {
      recordedTotal.inc({ sender }, recorded);
      duplicatesTotal.inc({ sender }, duplicates);
    },
    eventsRefused(sender, { failure: { reason }, count }) {
      refusedTotal.inc({ sender, reason }, count);
    },
  };
}
