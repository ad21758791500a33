import type { Origin as OriginMessage } from '@gatehouse/proto/gatehouse/origin/v1/origin.ts';
import type { Session } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { withDefaults } from '../channel/with-defaults.ts';
import { type RevokedReason, toRevokedReason } from './revoked-reason.ts';
import { toValidatedSession, type ValidatedSession } from './validated-session.ts';

/** Where an end user's request came from. What is not known is left out. */
export interface Origin {
  /** IPv4 or IPv6. */
  readonly ipAddress?: string;
  /** The User-Agent header; at most 512 characters. */
  readonly userAgent?: string;
  /** An identifier of the device, made by the caller; at most 128 characters. */
  readonly deviceFingerprint?: string;
  /** ISO 3166-1 alpha-2, in upper case. */
  readonly countryCode?: string;
  /** At most 100 characters. */
  readonly city?: string;
}

/** A session as those see it who create, change or list it. */
export interface SessionInfo extends ValidatedSession {
  /** Where it was created from. */
  readonly origin: Origin;
  /** When it was last used, to within a minute or so; only in lists. Milliseconds since the epoch. */
  readonly lastActivityAtMs?: number;
  /** Where it was last used from; only in lists. */
  readonly lastIpAddress?: string;
  /** Only in lists, and there only of a session that was revoked. Milliseconds since the epoch. */
  readonly revokedAtMs?: number;
  readonly revokedReason?: RevokedReason;
}

export function toSessionInfo(message: Session | undefined): SessionInfo {
  const session = toValidatedSession(message);
  const { origin, lastActivityAt, lastIpAddress, revokedAt, revokedReason } = message ?? {};
  const reason = revokedReason === undefined ? undefined : toRevokedReason(revokedReason);
  return {
    ...session,
    origin: toOrigin(origin),
    ...(lastActivityAt ? { lastActivityAtMs: lastActivityAt.getTime() } : {}),
    ...(lastIpAddress ? { lastIpAddress } : {}),
    ...(revokedAt ? { revokedAtMs: revokedAt.getTime() } : {}),
    ...(reason ? { revokedReason: reason } : {}),
  };
}

export function toOriginMessage(origin: Origin): OriginMessage {
  return withDefaults({ ipAddress: '', userAgent: '', deviceFingerprint: '', countryCode: '', city: '' }, origin);
}

function toOrigin(message: OriginMessage | undefined): Origin {
  return Object.fromEntries(Object.entries(message ?? {}).filter(([, value]) => value !== ''));
}
