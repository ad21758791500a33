import type { Origin } from '@gatehouse/proto/gatehouse/origin/v1/origin.ts';
import type { SessionOrigin } from '../domain/session.ts';

/** Where a request came from; the peer's address stands in where the caller does not say. */
export function toOrigin(origin: Origin | undefined, peerAddress: string): SessionOrigin {
  return {
    ipAddress: origin?.ipAddress || peerAddress,
    userAgent: origin?.userAgent ?? '',
    deviceFingerprint: origin?.deviceFingerprint ?? '',
    countryCode: origin?.countryCode ?? '',
    city: origin?.city ?? '',
  };
}
