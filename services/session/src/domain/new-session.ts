import type { KeyRing } from './key-ring.ts';
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

/** What a session and its token are made of. */
export interface Ingredients {
  /** UUIDv7. */
  readonly id: string;
  /** SECRET_BYTES of randomness. */
  readonly secret: Buffer;
  /** Vouches for the token; undefined for a plain one. */
  readonly ring: KeyRing | undefined;
}

/** A session that begins, and the one token that proves it, with the id of the key that vouches for that. */
export function newSession(
  { userId, authenticationMethods, authenticationLevel, origin, at, expiresAt, idleTimeoutSeconds }: Beginning,
  { id: uuidv7, secret, ring }: Ingredients,
): { readonly session: Session; readonly sessionToken: string; readonly tokenKeyId: number | undefined } {
  const id = sessionIdFor(userId, uuidv7);
  const sessionToken = formatToken(id, secret, ring);
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
  return { session, sessionToken, tokenKeyId: ring?.currentId };
}
