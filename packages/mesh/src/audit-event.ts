import { derivedUuidv7, isUuid, uuidTimeMs, uuidv7 } from '@gatehouse/process';
import { Event, EventStatus } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import type { Call } from '@gatehouse/rpc';
import { canonicalAddress } from '@gatehouse/verify';

/** Where an end user's request came from, as far as it is worth recording. */
export interface EventOrigin {
  readonly ipAddress?: string | undefined;
  readonly userAgent?: string | undefined;
}

/** One thing that happened, as a service tells it. */
export interface AuditEvent {
  /** `noun.verb`, such as `session.revoked`. */
  readonly type: string;
  readonly status: 'success' | 'denied' | 'failure';
  /** A sentence for people; no secret. */
  readonly description?: string;
  /** The user whom it concerns. */
  readonly userId?: string | undefined;
  /** The session that it concerns. */
  readonly sessionId?: string | undefined;
  /** The end user who did it, where the call itself does not say so. */
  readonly actorUserId?: string | undefined;
  readonly origin?: EventOrigin | undefined;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** What an event takes from the call that made it happen. */
export interface EventSource extends Pick<Call, 'peer' | 'requestId' | 'trace' | 'actor'> {
  /** Set where a caller may ask one thing several times, of several instances, and the trail is to hear of it once. */
  readonly question?: Question | undefined;
}

/** One thing that a caller wants to know, however often it asks. */
export interface Question {
  /** When it arose, as the caller says. Unix milliseconds. */
  readonly atMs: number;
  /** What the caller knows it by; the end user must not be able to choose it. */
  readonly id: string;
}

/** An event in the form in which it waits in an outbox: its id, and gatehouse.audit.v1.Event as bytes. */
export interface EncodedEvent {
  readonly id: string;
  readonly payload: Buffer;
}

const STATUS = {
  success: EventStatus.EVENT_STATUS_SUCCESS,
  denied: EventStatus.EVENT_STATUS_DENIED,
  failure: EventStatus.EVENT_STATUS_FAILURE,
} as const;
/** How far from now a question may have arisen: the id of an event holds its time, and a caller's clock may be wrong. */
const QUESTION_AGE_MS_MAX = 60_000;
/** What gatehouse.audit.v1.Event takes, in characters. */
const DESCRIPTION_LENGTH_MAX = 1000;
const NAME_LENGTH_MAX = 128;
const USER_AGENT_LENGTH_MAX = 512;
const KEY_LENGTH_MAX = 64;
const VALUE_LENGTH_MAX = 512;
const ATTRIBUTES_MAX = 32;
const TRACE_ID = /^[0-9a-f]{32}$/;
const NAMELESS = 'unknown';

/**
 * Completes an event with who did it, from where, and in which request. Whatever a call or an origin holds, the audit
 * service takes what comes out: texts are cut, and what is no id or address, where one belongs, stands among the
 * attributes under the name of its field.
 */
export function encodeEvent(service: string, source: EventSource, event: AuditEvent): EncodedEvent {
  const id = eventId(service, source, event);
  const misfits: [field: string, value: string][] = [];
  const fitting = (field: string, value: string | undefined, fit: (value: string) => string | undefined): string => {
    const fitted = value ? fit(value) : '';
    if (value && fitted === undefined) misfits.push([field, value]);
    return fitted ?? '';
  };
  const { origin, attributes = {} } = event;
  const actorUserId = event.actorUserId ?? source.actor?.userId;
  const peer = source.peer.name || NAMELESS;
  const message: Event = {
    eventId: id,
    // One time and not two: the audit service finds an event again by its id and this, and holds one against the other.
    occurredAt: new Date(uuidTimeMs(id)),
    service,
    eventType: event.type,
    eventStatus: STATUS[event.status],
    eventDescription: text(event.description ?? '', DESCRIPTION_LENGTH_MAX),
    actor: text(actorUserId ? `user:${actorUserId}` : `peer:${peer}`, NAME_LENGTH_MAX),
    peer: text(peer, NAME_LENGTH_MAX),
    ipAddress: fitting('ip_address', origin?.ipAddress || source.peer.address, canonicalAddress),
    userAgent: text(origin?.userAgent ?? '', USER_AGENT_LENGTH_MAX),
    requestId: fitting('request_id', source.requestId, uuid) || uuidv7(),
    traceId: fitting('trace_id', source.trace.traceId, traceIdOf),
    userId: fitting('user_id', event.userId, uuid),
    sessionId: fitting('session_id', event.sessionId, uuid),
    // Read last: by now it is known what fits nowhere else.
    attributes: attributesOf([...misfits, ...Object.entries(attributes)]),
  };
  return { id, payload: Buffer.from(Event.encode(message).finish()) };
}

function attributesOf(entries: readonly (readonly [key: string, value: string])[]): Record<string, string> {
  const kept = entries.length > ATTRIBUTES_MAX ? entries.slice(0, ATTRIBUTES_MAX - 1) : entries;
  const leftOut = entries.length - kept.length;
  return Object.fromEntries([
    ...kept.map(([key, value]) => [text(key, KEY_LENGTH_MAX), text(value, VALUE_LENGTH_MAX)]),
    ...(leftOut > 0 ? [['attributes_left_out', String(leftOut)]] : []),
  ]);
}

/** So much of a text as fits, with U+FFFD for what neither UTF-8 nor Postgres can hold. */
function text(value: string, lengthMax: number): string {
  return value.slice(0, lengthMax).replaceAll('\0', '\u{fffd}').toWellFormed();
}

function uuid(value: string): string | undefined {
  return isUuid(value) ? value : undefined;
}

function traceIdOf(value: string): string | undefined {
  return TRACE_ID.test(value) ? value : undefined;
}

/** Audit takes an event once for each id, so that what is told of a question a second time is the same event. */
function eventId(service: string, { question, peer }: EventSource, event: AuditEvent): string {
  if (!question || !(Math.abs(Date.now() - question.atMs) < QUESTION_AGE_MS_MAX)) return uuidv7();
  const { type, status, sessionId = '', attributes = {} } = event;
  return derivedUuidv7(
    question.atMs,
    JSON.stringify([service, peer.name, question.id, type, status, sessionId, Object.entries(attributes)]),
  );
}
