import { isIP } from 'node:net';
import type { FieldViolation } from '@gatehouse/failure';
import type { SessionSearch as SearchMessage } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { fieldsInvalid } from '@gatehouse/rpc';
import type { SessionSearch } from '../domain/session-search.ts';

const PREFIX_MAX: Readonly<Record<number, number>> = { 4: 32, 6: 128 };
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
  const ipNetwork = message?.ipNetwork || undefined;
  if (ipNetwork !== undefined && !isNetwork(ipNetwork)) {
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

function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const max = PREFIX_MAX[isIP(address)];
  if (max === undefined || rest.length > 0 || address.includes('%')) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= max);
}
