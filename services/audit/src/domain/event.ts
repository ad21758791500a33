/** How the thing that happened ended. */
export type EventStatus = 'success' | 'denied' | 'failure';

/** One thing that happened. Texts that are not known are empty. */
export interface AuditEvent {
  /** UUIDv7, made where it happened. */
  readonly id: string;
  /** To the millisecond. */
  readonly occurredAt: Date;
  /** The service where it happened. */
  readonly service: string;
  /** `noun.verb`. */
  readonly type: string;
  readonly status: EventStatus;
  readonly description: string;
  /** `user:<uuid>` or `peer:<name>`. */
  readonly actor: string;
  readonly peer: string;
  readonly ipAddress: string;
  readonly userAgent: string;
  readonly requestId: string;
  readonly traceId: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly attributes: Readonly<Record<string, string>>;
}
