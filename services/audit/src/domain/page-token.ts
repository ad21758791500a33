import { Failure } from '@gatehouse/failure';
import { type EventFilter, FINGERPRINT_BYTES, fingerprint } from './event-filter.ts';
import { isIdOf } from './event-id.ts';

/** Where one event stands in the order of all. */
export interface Position {
  readonly occurredAt: Date;
  readonly id: string;
}

const FORMAT = 1;
const FINGERPRINT_AT = 1;
const TIME_AT = FINGERPRINT_AT + FINGERPRINT_BYTES;
const TIME_BYTES = 6;
const ID_AT = TIME_AT + TIME_BYTES;
const LENGTH = ID_AT + 16;

/** Makes the token with which the list goes on behind an event, for callers that give the same filter again. */
export function formatPageToken({ occurredAt, id }: Position, filter: EventFilter): string {
  const bytes = Buffer.alloc(LENGTH);
  bytes.writeUInt8(FORMAT);
  fingerprint(filter).copy(bytes, FINGERPRINT_AT);
  bytes.writeUIntBE(occurredAt.getTime(), TIME_AT, TIME_BYTES);
  bytes.write(id.replaceAll('-', ''), ID_AT, 'hex');
  return bytes.toString('base64url');
}

/**
 * Reads a token back. It proves nothing and hides nothing: who forges one sees only events that the filter admits.
 * Throws Failure `invalid` PAGE_TOKEN_INVALID for a token that was not made here, or for another filter.
 */
export function parsePageToken(token: string, filter: EventFilter): Position {
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length !== LENGTH || bytes.toString('base64url') !== token || bytes.readUInt8() !== FORMAT) {
    throw invalid('The page token was not made by this service.');
  }
  if (!bytes.subarray(FINGERPRINT_AT, TIME_AT).equals(fingerprint(filter))) {
    throw invalid('The page token belongs to a list with other filters.');
  }
  const occurredAt = new Date(bytes.readUIntBE(TIME_AT, TIME_BYTES));
  const id = toUuid(bytes.toString('hex', ID_AT));
  if (!isIdOf(id, occurredAt) || occurredAt < filter.from || occurredAt >= filter.before) {
    throw invalid('The page token was not made by this service.');
  }
  return { occurredAt, id };
}

function toUuid(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function invalid(message: string): Failure {
  return new Failure('invalid', 'PAGE_TOKEN_INVALID', message);
}
