import type { FieldViolation } from '@gatehouse/failure';
import type { SessionSearch as SearchMessage } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { fieldsInvalid } from '@gatehouse/rpc';
import { canonicalNetwork } from '@gatehouse/verify';
import type { SessionSearch } from '../domain/session-search.ts';

/** What google.protobuf.Timestamp may hold: the years 1 to 9999. */
const TIME_MIN_MS = Date.parse('0001-01-01T00:00:00Z');
const TIME_MAX_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** Reads the conditions of a search. Throws Failure `invalid` FIELD_INVALID with each field that is wrong. */
export function toSearch(message: SearchMessage | undefined): SessionSearch {
  const wrong: FieldViolation[] = [];
  const time = (field: string, value: Date | undefined): Date | undefined => {
    // Not a number is neither.
    const isTime = value === undefined || (value.getTime() >= TIME_MIN_MS && value.getTime() <= TIME_MAX_MS);
    if (!isTime) wrong.push({ field: `search.${field}`, description: 'must be a time in the years 1 to 9999' });
    return value;
  };
  const ipNetwork = canonicalNetwork(message?.ipNetwork ?? '');
  if (message?.ipNetwork && ipNetwork === undefined) {
    wrong.push({ field: 'search.ip_network', description: 'must be an IP address, with or without a prefix length' });
  }
  const search = {
    userId: message?.userId || undefined,
    ipNetwork,
    countryCode: message?.countryCode || undefined,
    deviceFingerprint: message?.deviceFingerprint || undefined,
    userAgentContains: message?.userAgentContains || undefined,
    createdFrom: time('created_from', message?.createdFrom),
    createdBefore: time('created_before', message?.createdBefore),
    inactiveSince: time('inactive_since', message?.inactiveSince),
  };
  if (wrong.length > 0) throw fieldsInvalid(wrong);
  return search;
}
