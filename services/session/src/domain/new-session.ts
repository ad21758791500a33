import type { Session, SessionOrigin } from './session.ts';
import { sessionIdFor } from './session-id.ts';
import { formatToken, hashToken } from './session-token.ts';

/** What is decided about a session that begins. */
export interface Beginning {
  readonly userId: string;
  readonly authenticationMethods: readonly string[];
  readonly authenticationLevel: number;
  readonly origin: SessionOrigin;
  readonly at: Date;
  readonly expiresAt: Date;
  readonly idleTimeoutSeconds: number;
}

/** A session that begins, and the one token that proves it. `id` is a UUIDv7, `secret` SECRET_BYTES of randomness. */
export function newSession(
  { userId, authenticationMethods, authenticationLevel, origin, at, expiresAt, idleTimeoutSeconds }: Beginning,
  { id: uuidv7, secret }: { readonly id: string; readonly secret: Buffer },
): { readonly session: Session; readonly sessionToken: string } {
  const id = sessionIdFor(userId, uuidv7);
  const sessionToken = formatToken(id, secret);
  const session: Session = {
    id,
    userId,
    tokenHash: hashToken(sessionToken),
    authenticationMethods,
    authenticationLevel,
    origin,
    createdAt: at,
    expiresAt,
    idleTimeoutSeconds,
    lastActivityAt: at,
    lastIpAddress: origin.ipAddress,
    revokedAt: undefined,
    revokedReason: undefined,
    authzToken: '',
    version: 1n,
  };
  return { session, sessionToken };
}
