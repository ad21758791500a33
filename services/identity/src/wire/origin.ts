import type { Origin } from '@gatehouse/proto/gatehouse/origin/v1/origin.ts';

/** Where the end user is; where that is not said, the peer's address, which no other service could tell. */
export function toOrigin(origin: Origin | undefined, peerAddress: string): Origin {
  const unknown = { ipAddress: '', userAgent: '', deviceFingerprint: '', countryCode: '', city: '' };
  return { ...unknown, ...origin, ipAddress: origin?.ipAddress || peerAddress };
}
