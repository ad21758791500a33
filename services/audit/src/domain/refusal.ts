import { Failure, type FailureKind, type FieldViolation } from '@gatehouse/failure';
import type { AuditEvent } from './event.ts';
import { isIdOf } from './event-id.ts';
import { type Month, monthOf } from './month.ts';

/** Why a batch of events is not taken. */
export interface Refusal {
  readonly failure: Failure;
  /** How many of its events break the rule. */
  readonly count: number;
}

/** How far in the future an event may lie: clocks differ, and a wrong one must not hide its events. */
export const FUTURE_MAX_MS = 24 * 60 * 60 * 1000;
/** Most events that one refusal names: it travels in the trailer of the answer, which is small. */
export const NAMED_MAX = 20;

/** Judges what can be judged without knowing what is kept: a service speaks only for itself, and times must hold. */
export function refuseBatch(events: readonly AuditEvent[], sender: string, now: Date): Refusal | undefined {
  return (
    refuse(events, ({ service }) => service !== sender, mismatch) ??
    refuse(events, ({ id, occurredAt }) => !isIdOf(id, occurredAt), outOfRange('is not the time in event_id')) ??
    refuse(
      events,
      ({ occurredAt }) => occurredAt.getTime() > now.getTime() + FUTURE_MAX_MS,
      outOfRange('lies more than a day in the future'),
    )
  );
}

/** Judges whether events are too old, given the oldest month that is kept. */
export function refuseOld(events: readonly AuditEvent[], oldest: Month): Refusal | undefined {
  const isOld = ({ occurredAt }: AuditEvent) => monthOf(occurredAt) < oldest;
  return refuse(events, isOld, outOfRange(`lies before ${oldest}, the beginning of what is kept`));
}

interface Rule {
  readonly kind: FailureKind;
  readonly reason: string;
  readonly field: string;
  readonly description: string;
}

const mismatch: Rule = {
  kind: 'denied',
  reason: 'SERVICE_MISMATCH',
  field: 'service',
  description: 'is not the name of the peer that sends the event',
};

function outOfRange(description: string): Rule {
  return { kind: 'invalid', reason: 'EVENT_TIME_OUT_OF_RANGE', field: 'occurred_at', description };
}

function refuse(
  events: readonly AuditEvent[],
  breaks: (event: AuditEvent) => boolean,
  { kind, reason, field, description }: Rule,
): Refusal | undefined {
  const broken = events.flatMap((event, index) => (breaks(event) ? [index] : []));
  const [first] = broken;
  if (first === undefined) return undefined;
  const path = (index: number) => `events[${index}].${field}`;
  const fields = broken
    .slice(0, NAMED_MAX)
    .map((index): FieldViolation => ({ field: path(index), description, reason }));
  const message = `${broken.length} of ${events.length} events are refused: ${path(first)} ${description}.`;
  return { failure: new Failure(kind, reason, message, { fields }), count: broken.length };
}
